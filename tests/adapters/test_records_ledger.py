"""What receive keeps: mails to come back to, folders whose UIDs prove nothing, and sums that add up with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from intake.adapters.records.tables import MailRow, PostponedRow, SightingRow
from intake.domain.digest import Reconciliation, UnfetchedLine
from intake.domain.mail import Locator
from intake.domain.outcome import FETCH_DELAYS, next_fetch
from intake.ports import Arrival, Blob, FolderState
from tests.adapters.box import INBOX, NOW, Box
from tests.unit.builders import digest_of

UNNUMBERED = FolderState("INBOX", 0, 0, None)
MINUTE = timedelta(minutes=1)


def arrival(uid: int, uidvalidity: int = 7, size: int = 100, at: datetime = NOW) -> Arrival:
    return Arrival(Locator("INBOX", uidvalidity, uid), size, at)


def postpone(box: Box, *uids: int, uidvalidity: int = 7, now: datetime = NOW) -> None:
    with box.records.ledger() as ledger:
        for uid in uids:
            ledger.postpone(arrival(uid, uidvalidity), "no answer in time", now)


def due(box: Box, now: datetime) -> list[int]:
    with box.records.ledger() as ledger:
        return [each.locator.uid for each in ledger.postponed("INBOX", now)]


def unfetched(box: Box) -> tuple[UnfetchedLine, ...]:
    with box.records.chronicle() as chronicle:
        return chronicle.unfetched()


def test_the_delays_grow_and_never_end() -> None:
    minutes = [(next_fetch(attempts, NOW) - NOW) / MINUTE for attempts in (1, 2, 3, 4, 5, 6, 1000)]
    assert minutes == [1, 5, 15, 60, 240, 240, 240]


def test_a_postponed_mail_is_passed_and_comes_back_when_it_is_due(box: Box) -> None:
    box.take(4)
    postpone(box, 5)
    assert box.opened() == 5
    assert due(box, NOW) == []
    assert due(box, NOW + MINUTE) == [5]
    postpone(box, 5, now=NOW + MINUTE)
    assert due(box, NOW + 5 * MINUTE) == []
    assert due(box, NOW + 6 * MINUTE) == [5]
    assert box.events() == ["taken", "postponed"], "noted once, however often it is tried"


def test_what_is_taken_or_gone_is_not_come_back_to(box: Box) -> None:
    postpone(box, 1, 2, 3)
    box.take(1)
    with box.records.ledger() as ledger:
        ledger.step_over(arrival(2), "gone before it could be read", NOW)
        ledger.older([arrival(3)])
    assert box.count(PostponedRow) == 0


def test_a_clock_that_went_back_makes_a_postponed_mail_due(box: Box) -> None:
    postpone(box, 5, now=NOW + timedelta(days=400))
    assert due(box, NOW) == [5]


def test_a_postponed_mail_is_counted_and_told_after_the_third_time(box: Box) -> None:
    box.take(1)
    postpone(box, 2)
    box.reconcile(replace(INBOX, exists=2), 1, 2)
    assert box.sums() == Reconciliation(2, pending=1, postponed=1)
    assert unfetched(box) == ()
    postpone(box, 2, now=NOW + MINUTE)
    postpone(box, 2, now=NOW + 6 * MINUTE)
    (line,) = unfetched(box)
    assert line == UnfetchedLine(Locator("INBOX", 7, 2), NOW, 100, NOW, 3, "no answer in time")


def test_a_postponed_mail_that_is_not_listed_is_asked_for_at_once_and_not_forgotten(box: Box) -> None:
    postpone(box, 1, 2)
    box.reconcile(replace(INBOX, exists=1), 2)
    assert due(box, NOW) == [1]


def test_a_list_that_lacks_what_is_there_does_no_lasting_harm(box: Box) -> None:
    box.take(1)
    box.take(2)
    box.reconcile(replace(INBOX, exists=2))
    box.reconcile(replace(INBOX, exists=2), 1, 2)
    assert [row.gone_at for row in box.rows(SightingRow)] == [None, None]
    assert box.sums() == Reconciliation(2, pending=2)


def test_renumbering_forgets_what_was_postponed_because_it_is_listed_again(box: Box) -> None:
    postpone(box, 5)
    assert box.opened(FolderState("INBOX", 8, 1, None)) == 0
    assert due(box, NOW + FETCH_DELAYS[-1]) == []


def test_a_uidnext_that_went_back_is_a_new_numbering(box: Box) -> None:
    box.take(5, "five")
    assert box.opened(replace(INBOX, exists=1, uidnext=6)) == 5
    assert box.opened(replace(INBOX, exists=1, uidnext=3)) == 0
    assert box.take(2, "five") == "M000001"
    assert box.take(5, "another") == "M000002"
    box.reconcile(replace(INBOX, exists=2), 2, 5)
    assert box.sums() == Reconciliation(2, pending=2)
    assert [(row.uid, row.mail_id, row.gone_at) for row in box.rows(SightingRow)] == [(5, 2, None), (2, 1, None)]


def test_going_back_to_an_earlier_uidvalidity_loses_nothing(box: Box) -> None:
    box.take(5, "five")
    other = FolderState("INBOX", 8, 1, None)
    box.opened(other)
    box.take(1, "five", uidvalidity=8)
    assert box.opened(replace(INBOX, exists=2)) == 0
    assert box.take(5, "six") == "M000002", "the same place, another mail"
    box.take(6, "five")
    box.reconcile(replace(INBOX, exists=2), 5, 6)
    assert box.sums() == Reconciliation(2, pending=2)


def test_without_uidvalidity_nothing_is_above_a_watermark(box: Box) -> None:
    box.opened(UNNUMBERED)
    box.take(5, uidvalidity=0)
    with box.records.ledger() as ledger:
        ledger.older([arrival(6, 0)])
    postpone(box, 7, uidvalidity=0)
    assert box.opened(UNNUMBERED) == 0
    with box.records.ledger() as ledger:
        assert ledger.particulars(UNNUMBERED) == {(5, 100, NOW), (7, 100, NOW)}


def test_without_uidvalidity_a_place_may_come_to_hold_another_mail(box: Box) -> None:
    box.opened(UNNUMBERED)
    box.take(1, "first", uidvalidity=0)
    with box.records.ledger() as ledger:
        ledger.take(arrival(1, 0, size=200), Blob(digest_of("second"), 200), NOW)
    box.reconcile(replace(UNNUMBERED, exists=1), 1)
    assert box.count(MailRow) == 2
    assert box.sums() == Reconciliation(1, pending=1)
    with box.records.ledger() as ledger:
        assert ledger.particulars(UNNUMBERED) == {(1, 200, NOW)}


def test_a_mail_that_comes_back_to_its_place_is_there_again(box: Box) -> None:
    box.take(1)
    box.reconcile(replace(INBOX, exists=0))
    box.take(1)
    assert [row.gone_at for row in box.rows(SightingRow)] == [None]


def test_a_sighting_keeps_size_and_date(box: Box) -> None:
    box.take(1)
    (row,) = box.rows(SightingRow)
    assert (row.size, row.internal_date) == (100, NOW)
