"""Claims on both databases: each mail is decided once, a death is counted, and what was lost is not written."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import EventRow, ExaminationRow, LetterRow, MailRow
from intake.domain.letter import LetterKind
from intake.domain.outcome import LONGEST_WAIT
from intake.ports import Deferred, Desk, Draft
from tests.adapters.box import NOW, Box
from tests.unit.builders import ROSTER, message, report

MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """Ends an examination as SIGKILL does: nothing of ours runs afterwards."""


def draft(key: str) -> Draft:
    return Draft(key, LetterKind.RECEIPT, "s", f"<{key}@x>", b"octets", "", ("a@b.cn",), "a@b.cn")


def letter(desk: Desk) -> str:
    """A result: a letter, which everybody can count."""
    assert desk.post(draft("reply:1:0"), 1, NOW)
    return "decided"


def die(box: Box, monkeypatch: pytest.MonkeyPatch, now: object = NOW) -> bool:
    """Claim a mail and be killed while looking at it, in a process of its own; whether there was one."""
    records = SqlRecords(box.database, ROSTER)
    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr("intake.adapters.records.claims.Claims._take_back", lambda _self: None)
        with records.claim(now) as claim:  # type: ignore[arg-type]
            if claim is not None:
                raise Killed
            return False
    return True


def test_a_result_is_written_whole_and_ends_the_claim(box: Box) -> None:
    box.take(1)
    with box.records.claim(NOW) as claim:
        assert claim is not None
        claim.keep()
        assert claim.settle(letter) == "decided"

    assert (box.count(LetterRow), box.count(ExaminationRow)) == (1, 0)


def test_a_result_that_fails_half_way_leaves_nothing_and_the_claim_can_still_be_settled(box: Box) -> None:
    box.take(1)

    def fail(desk: Desk) -> None:
        letter(desk)
        raise ZeroDivisionError

    with box.records.claim(NOW) as claim:
        assert claim is not None
        with pytest.raises(ZeroDivisionError):
            claim.settle(fail)
        box.fail(claim, "boom", NOW + MINUTE)

    assert (box.count(LetterRow), box.count(ExaminationRow)) == (0, 0)
    (row,) = box.rows(MailRow)
    assert (row.state, row.attempts, row.error) == ("received", 1, "boom")


def test_so_does_one_that_the_database_refuses(box: Box) -> None:
    box.take(1)
    with box.records.claim(NOW) as claim:
        assert claim is not None
        with pytest.raises(IntegrityError):
            claim.settle(lambda desk: desk.post(draft("x"), 999, NOW))
        assert claim.settle(letter) == "decided"


@pytest.mark.parametrize(
    "end", [lambda: None, lambda: _raise(Deferred("no disk")), lambda: _raise(KeyboardInterrupt())]
)
def test_an_examination_that_the_world_broke_off_never_was(box: Box, end: Callable[[], None]) -> None:
    box.take(1)
    for _round in range(5):
        with suppress(Deferred, KeyboardInterrupt), box.records.claim(NOW) as claim:
            assert claim is not None
            assert claim.pending.attempts == 0
            assert box.count(ExaminationRow) == 1, "that it began is on record already"
            end()

    assert box.count(ExaminationRow) == 0


def _raise(error: BaseException) -> None:
    raise error


def test_what_could_not_be_taken_back_is_taken_back_later(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.take(1)
    with suppress(Deferred), box.records.claim(NOW):
        monkeypatch.setattr(Database, "writing", lambda _self: _raise(Deferred("database away")))
        raise Deferred("database away")
    monkeypatch.undo()

    assert box.count(ExaminationRow) == 1
    box.next_pending()
    assert box.count(ExaminationRow) == 0


def test_a_mail_that_kills_us_is_tried_three_times_and_parked(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once after the first death: a power cut is likelier than a bad mail. A minute after the second."""
    box.take(1)
    box.take(2)
    assert die(box, monkeypatch)
    assert die(box, monkeypatch)
    pending = box.next_pending()
    assert pending is not None
    assert pending.ref == "M000002", "the next mail goes on"
    assert die(box, monkeypatch, NOW + MINUTE)
    pending = box.next_pending(NOW + MINUTE)
    assert pending is not None
    assert pending.ref == "M000002"

    row = box.rows(MailRow)[0]
    assert (row.state, row.attempts, row.needs_person) == ("parked", 3, True)
    assert "3 examinations of this mail began and never ended" in row.error
    assert box.rows(EventRow)[-1].what == "parked"
    assert box.count(ExaminationRow) == 0
    with box.records.chronicle() as chronicle:
        (line,) = chronicle.needing_person()
    assert (line.ref, line.parked) == ("M000001", True)
    box.ruled(lambda rulings: rulings.retry(1, NOW))
    pending = box.next_pending()
    assert pending is not None
    assert (pending.ref, pending.attempts) == ("M000001", 0)


def test_deaths_and_exceptions_add_up(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.take(1)
    assert die(box, monkeypatch)
    with box.records.claim(NOW) as claim:
        assert claim is not None
        assert claim.pending.attempts == 1
        box.fail(claim, "boom", NOW + MINUTE)
    assert die(box, monkeypatch, NOW + MINUTE)

    assert box.next_pending(NOW + MINUTE) is None
    (row,) = box.rows(MailRow)
    assert row.state == "parked"
    assert row.error.startswith("boom\n1 examinations")


def test_a_result_forgets_the_deaths_before_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.take(1)
    assert die(box, monkeypatch)
    box.decide(message(), report(), again=box.next_pending())

    assert box.count(ExaminationRow) == 0


def test_mails_that_are_passed_over_are_left_to_a_later_round(box: Box) -> None:
    box.take(1)
    box.take(2)
    with box.records.claim(NOW, passing={1}) as claim:
        assert claim is not None
        assert claim.pending.id == 2
    with box.records.claim(NOW, passing={1, 2}) as claim:
        assert claim is None


def test_one_mail_can_be_asked_for_before_it_is_due(box: Box) -> None:
    box.take(1)
    with box.records.claim(NOW) as claim:
        assert claim is not None
        box.fail(claim, "boom", NOW + MINUTE)
    with box.records.claim(NOW, only=1) as claim:
        assert claim is not None
    with box.records.claim(NOW, only=2) as claim:
        assert claim is None


def test_a_clock_that_was_set_back_keeps_no_mail_waiting(box: Box) -> None:
    """A mail taken next year by a clock that was wrong is due now; one that waits its minutes is not."""
    for far, due in ((timedelta(days=400), True), (LONGEST_WAIT + MINUTE, True), (LONGEST_WAIT, False)):
        with box.database.writing() as session:
            session.merge(_mail(1, NOW + far))
        assert (box.next_pending() is not None) == due


def _mail(number: int, next_attempt_at: object) -> MailRow:
    return MailRow(
        id=number, sha256=f"{number:064}", size=1, folder="INBOX", received_at=NOW, taken_at=NOW,
        next_attempt_at=next_attempt_at,
    )  # fmt: skip


def test_on_a_file_a_ruling_made_meanwhile_wins(file: Database) -> None:
    box = Box(file)
    box.take(1)
    with box.records.claim(NOW) as claim:
        assert claim is not None
        box.ruled(lambda rulings: rulings.assign(1, "370826", None, NOW))
        assert claim.settle(letter) is None

    assert box.count(LetterRow) == 0
    pending = box.next_pending()
    assert pending is not None
    assert pending.ruling.assigned == "370826"


def test_on_a_file_what_is_decided_already_is_not_decided_again(file: Database) -> None:
    box = Box(file)
    box.take(1)
    with box.records.claim(NOW) as first, box.records.claim(NOW) as second:
        assert first is not None
        assert second is not None
        box.decide(message(), report(), again=first.pending)
        assert second.settle(letter) is None


def test_on_a_file_nobody_waits_while_a_mail_is_examined(file: Database) -> None:
    box = Box(file)
    box.take(1)
    began = time.monotonic()
    with box.records.claim(NOW):
        box.take(2)

    assert box.count(MailRow) == 2
    assert time.monotonic() - began < 5
