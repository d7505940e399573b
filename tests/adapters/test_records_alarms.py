"""The vital signs and the alarms in the records, on either database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from intake.adapters.records.alerts import AlarmRow
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import EventRow, MailRow, PostponedRow
from intake.domain.alarm import Standing, Trouble
from intake.domain.letter import LetterKind
from intake.domain.outcome import Failed, Later, Outcome, Sent, Untried
from intake.domain.patience import Refusal, Wait
from intake.domain.vitals import POSTPONED_ATTEMPTS, Streak, Stuck, Vitals
from intake.ports import Draft
from tests.adapters.box import Box
from tests.unit.builders import MONDAY, ROSTER

NOW = MONDAY


@pytest.fixture
def records(database: Database) -> SqlRecords:
    return SqlRecords(database, ROSTER)


def vitals(records: SqlRecords, now: datetime = NOW) -> Vitals:
    with records.chronicle() as chronicle:
        return chronicle.vitals(now)


def poll(records: SqlRecords, at: datetime, error: str | None = None, *, ends: bool = True) -> None:
    number = records.poll_began(at)
    if ends:
        records.poll_ended(number, at + timedelta(seconds=2), 0, error)


def test_polls_that_failed_since_the_last_good_one_are_a_streak_whatever_the_clock_says(records: SqlRecords) -> None:
    assert vitals(records).polls == Streak()
    poll(records, NOW, "old trouble")
    poll(records, NOW + timedelta(days=400))
    assert vitals(records).polls == Streak(), "by the clock, the good one is the last"
    poll(records, NOW, "no route")
    poll(records, NOW - timedelta(days=3), "no such host")
    found = vitals(records)
    assert found.polls == Streak(2, NOW, "no such host")
    assert (found.last_poll_at, found.under_way) == (NOW - timedelta(days=3) + timedelta(seconds=2), False)
    assert found.last_success_at == NOW + timedelta(days=400, seconds=2)


def test_a_poll_that_never_ended_failed_and_the_one_under_way_did_not(records: SqlRecords) -> None:
    poll(records, NOW, ends=False)
    assert (vitals(records).polls, vitals(records).under_way) == (Streak(), True)
    poll(records, NOW + timedelta(minutes=1), ends=False)
    assert vitals(records).polls == Streak(1, NOW)
    poll(records, NOW + timedelta(minutes=2))
    assert (vitals(records).polls, vitals(records).under_way) == (Streak(), False)


def test_polls_after_which_mails_could_not_be_examined_are_a_streak(records: SqlRecords) -> None:
    for minute, error in enumerate(("old", None, "no child", "no child can be started")):
        number = records.poll_began(NOW + timedelta(minutes=minute))
        records.poll_ended(number, NOW, 0, None, error)
    assert vitals(records).polls == Streak(), "mail comes in"
    assert vitals(records).examinations == Streak(2, NOW + timedelta(minutes=2), "no child can be started")
    poll(records, NOW)
    assert vitals(records).examinations == Streak()


def post(records: SqlRecords, key: str, to: str = "a@example.cn", kind: LetterKind = LetterKind.RECEIPT) -> None:
    with records.desk() as desk:
        desk.post(Draft(key, kind, "主题", f"<{key}@x>", b"octets", "", (to,), to), None, NOW)


def settle(records: SqlRecords, number: int, outcome: Outcome) -> None:
    with records.outbox() as outbox:
        letter = outbox.letter(number, NOW + timedelta(hours=1))
        assert letter is not None
        outbox.settle(letter, outcome, NOW)


def later(why: str = "450 later") -> Later:
    return Later(NOW + timedelta(minutes=1), why)


def test_letters_put_off_since_one_was_sent_are_stuck(records: SqlRecords) -> None:
    post(records, "a")
    assert vitals(records).stuck == Stuck(), "not tried yet"
    for _ in range(3):
        settle(records, 1, later())
    assert vitals(records).stuck == Stuck(1, 1, untried=False, streak=Streak(3, NOW, "450 later"))
    post(records, "b", "b@example.cn")
    settle(records, 2, Untried(NOW + timedelta(minutes=1), "no connection"))
    found = vitals(records).stuck
    assert (found.letters, found.recipients, found.untried, found.general) == (2, 2, True, True)
    post(records, "c")
    settle(records, 3, Sent())
    assert vitals(records).stuck == Stuck(), "letters get out again"


def test_while_the_server_is_left_alone_every_letter_is_stuck(records: SqlRecords) -> None:
    post(records, "a")
    with records.patience() as patience:
        patience.keep(Wait("smtp", Refusal.RATE, 3, NOW + timedelta(hours=1), "", "450 MI:SFQ"))
    assert vitals(records).stuck == Stuck(1, 1, untried=True, streak=Streak(3, NOW, "450 MI:SFQ"))


def test_letters_refused_with_none_sent_in_between_are_counted(records: SqlRecords) -> None:
    for number, outcome in enumerate((Failed("550"), Sent(), Failed("554"), Failed("554")), start=1):
        post(records, str(number))
        settle(records, number, outcome)
    assert vitals(records).stuck == Stuck(refused=2)


def test_a_digest_is_undelivered_until_its_reader_was_sent_another_one(records: SqlRecords) -> None:
    """Of two readers each is asked for; one who is not written to any more is nobody's trouble."""
    for day in range(4):
        for reader in ("a@example.cn", "b@example.cn") if day < 3 else ("b@example.cn",):
            with records.desk() as desk:
                draft = Draft(
                    f"digest:{day}:{reader}", LetterKind.DIGEST, "日报", f"<{day}{reader}>", b"", "", (reader,), reader
                )
                desk.post(draft, None, NOW + timedelta(days=day))
    settle(records, 1, Failed("550 full"))
    settle(records, 2, Sent())
    settle(records, 4, Sent())
    assert vitals(records).digests == (), "the newest one is not for its reader"


def test_a_digest_that_was_refused_is_told_with_why(records: SqlRecords) -> None:
    for number, outcome in enumerate((Failed("550 full"), Sent(), Failed("550 full"), Sent()), start=1):
        post(records, f"digest:{number}:a", kind=LetterKind.DIGEST)
        settle(records, number, outcome)
        refs = (f"L{number:06}",) if isinstance(outcome, Failed) else ()
        assert vitals(records).digests == refs
        assert vitals(records).digest_error == ("550 full" if refs else "")


def test_letters_about_alarms_are_no_reason_for_another(records: SqlRecords) -> None:
    post(records, "alarm:disk:1:a@x", kind=LetterKind.ALARM)
    settle(records, 1, later())
    assert vitals(records).stuck == Stuck()


def test_parked_and_postponed_mails_are_told(box: Box) -> None:
    box.take(1)
    box.take(2)
    with box.database.writing() as session:
        session.get_one(MailRow, 2).state = "parked"
        for uid, attempts in ((8, POSTPONED_ATTEMPTS - 1), (9, POSTPONED_ATTEMPTS)):
            session.add(
                PostponedRow(
                    folder="INBOX", uidvalidity=7, uid=uid, size=1, internal_date=NOW, attempts=attempts,
                    next_attempt_at=NOW, error=f"trouble {uid}", first_failed_at=NOW,
                )
            )  # fmt: skip
    found = vitals(box.records)
    assert found.parked == ("M000002",)
    assert found.postponed == Streak(1, NOW, "trouble 9")


def test_an_alarm_is_kept_as_it_stands_and_its_story_is_in_the_events(records: SqlRecords, database: Database) -> None:
    raised = Standing(Trouble.DISK, NOW, 1, {"free_bytes": 7, "error": "a\x00b"})
    again = replace(raised, times=2)
    calm = replace(again, calm=timedelta(minutes=3), seen_at=NOW + timedelta(minutes=9), facts={"free_bytes": 7})
    over = Standing(Trouble.DISK, None, 2)
    for standing in (raised, again, calm, over):
        with records.alarms() as alarms:
            alarms.keep(standing, NOW)
        with records.chronicle() as chronicle:
            (kept,) = chronicle.alarms()
        assert replace(kept, facts={}) == replace(standing, facts={})
    with database.reading() as session:
        events = list(session.scalars(select(EventRow).order_by(EventRow.id)))
    assert [event.what for event in events] == ["alarm raised", "alarm raised", "alarm over"]
    assert events[0].detail["facts"] == {"free_bytes": 7, "error": "a\ufffdb"}


def test_an_alarm_that_this_release_does_not_know_is_left_alone(records: SqlRecords, database: Database) -> None:
    with database.writing() as session:
        session.add(AlarmRow(name="flood", raised_at=NOW, times=1, detail={}))
    with records.chronicle() as chronicle:
        assert chronicle.alarms() == ()


def test_a_letter_to_one_of_several_readers_is_found_by_its_key(records: SqlRecords) -> None:
    post(records, "alarm:disk:1:a@x")
    with records.chronicle() as chronicle:
        assert [chronicle.has_letter(key) for key in ("alarm:disk:1", "alarm:disk", "alarm:disk:1:over")] == [
            True,
            True,
            False,
        ]
