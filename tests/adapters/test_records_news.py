"""What a digest tells as news goes by the order of events: a clock that is wrong hides nothing and repeats nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text

from intake.adapters.records import records as records_module
from intake.adapters.records.database import Database
from intake.adapters.records.migrations import configuration
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import EventRow, PollRow
from intake.domain.digest import Mark
from intake.domain.letter import LetterKind
from intake.domain.outcome import Failed, Sent
from intake.ports import Draft
from tests.unit.builders import MONDAY, ROSTER

NOW = MONDAY
AHEAD = NOW + timedelta(days=400)
TODAY, TOMORROW, FALSE_DAY = date(2024, 6, 3), date(2024, 6, 4), date(2025, 7, 8)


@pytest.fixture
def records(database: Database) -> SqlRecords:
    return SqlRecords(database, ROSTER)


def draft(key: str, kind: LetterKind = LetterKind.RECEIPT) -> Draft:
    return Draft(key, kind, "主题", f"<{key}@x>", b"octets", "", ("a@example.cn",), "a@example.cn")


def digested(records: SqlRecords, day: date, now: datetime, *addresses: str) -> None:
    """The digest of a day is made, as summarise makes it."""
    upto = mark(records)
    with records.desk() as desk:
        for address in addresses or ("a@example.cn",):
            desk.post(draft(f"digest:{day}:{address}", LetterKind.DIGEST), None, now)
        desk.digested(day, upto, now)


def settled(records: SqlRecords, key: str, outcome: Sent | Failed, now: datetime) -> None:
    with records.desk() as desk:
        desk.post(draft(key), None, NOW)
    with records.outbox() as outbox:
        letter = outbox.letter(outbox.due(NOW)[-1], NOW)
        assert letter is not None
        outbox.settle(letter, outcome, now)


def mark(records: SqlRecords) -> Mark:
    with records.chronicle() as chronicle:
        return chronicle.mark()


def failed_since(records: SqlRecords, since: Mark | None) -> int:
    with records.chronicle() as chronicle:
        assert len(chronicle.failed_letters(since)) == chronicle.letter_counts(since).failed
        return chronicle.letter_counts(since).failed


def test_a_letter_that_failed_while_the_clock_was_ahead_is_news_once(records: SqlRecords) -> None:
    digested(records, TODAY, NOW)
    settled(records, "a", Failed("550"), AHEAD)
    with records.chronicle() as chronicle:
        first = chronicle.digest_before(TOMORROW)
    assert first is not None
    assert failed_since(records, first.upto) == 1

    digested(records, TOMORROW, NOW + timedelta(days=1))
    with records.chronicle() as chronicle:
        second = chronicle.digest_before(date(2024, 6, 5))
    assert second is not None
    assert failed_since(records, second.upto) == 0


def test_what_happens_while_a_digest_is_put_together_is_news_of_the_next(records: SqlRecords) -> None:
    with records.chronicle() as chronicle:
        assert chronicle.letter_counts(None).failed == 0
        settled(records, "a", Failed("550"), NOW)
        assert chronicle.letter_counts(None).failed == 0, "one view"
        upto = chronicle.mark()

    assert failed_since(records, upto) == 1


def test_a_letter_that_failed_is_not_forgotten_until_one_gets_through(records: SqlRecords) -> None:
    settled(records, "a", Failed("550"), NOW)
    digested(records, TODAY, NOW)
    with records.chronicle() as chronicle:
        before = chronicle.digest_before(TOMORROW)
        assert before is not None
        assert chronicle.unreached(before.upto) == ("L000001",)
        assert chronicle.unreached(None) == (), "it is told as news"
    settled(records, "b", Sent(), NOW)
    with records.chronicle() as chronicle:
        assert chronicle.unreached(before.upto) == ()


def test_the_digest_before_is_the_one_made_before_and_not_the_one_of_an_earlier_date(records: SqlRecords) -> None:
    with records.chronicle() as chronicle:
        assert chronicle.digest_before(TODAY) is None
    digested(records, FALSE_DAY, AHEAD)
    digested(records, TODAY, NOW)

    with records.chronicle() as chronicle:
        told = {day: chronicle.digest_before(day) for day in (FALSE_DAY, TODAY, TOMORROW)}
        assert {day: made and made.day for day, made in told.items()} == {
            FALSE_DAY: None,
            TODAY: FALSE_DAY,
            TOMORROW: TODAY,
        }
        assert [chronicle.has_digest(day) for day in (FALSE_DAY, TODAY, TOMORROW)] == [True, True, False]
        assert told[TODAY] is not None
        assert told[TODAY].at == AHEAD


def test_a_letter_to_one_more_reader_makes_no_news_untold(records: SqlRecords) -> None:
    digested(records, TODAY, NOW, "a@example.cn")
    settled(records, "a", Failed("550"), NOW)
    digested(records, TODAY, NOW, "b@example.cn")

    with records.chronicle() as chronicle:
        before = chronicle.digest_before(TOMORROW)
    assert before is not None
    assert failed_since(records, before.upto) == 1


def test_polls_are_forgotten_by_number_and_not_by_date(
    records: SqlRecords, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment in (NOW, AHEAD, NOW + timedelta(minutes=1)):
        records.poll_ended(records.poll_began(moment), moment, 0, None)
    with records.chronicle() as chronicle:
        health = chronicle.health(Mark(0, 1), 0, ())
    assert health.polls == 2
    assert health.last_success_at == NOW + timedelta(minutes=1), "the last, not the latest"

    monkeypatch.setattr(records_module, "POLLS_KEPT", 2)
    records.poll_began(NOW)
    with database.reading() as session:
        assert list(session.scalars(select(PollRow.id).order_by(PollRow.id))) == [3, 4]


def test_the_last_digest_of_an_earlier_release_keeps_its_news(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    with database.engine.begin() as connection:
        command.upgrade(configuration(connection), "0002")
        for number, day in enumerate(("2024-06-03", "2024-06-04"), start=1):
            key = f"digest:{day}:a@example.cn"
            connection.execute(
                text(
                    "INSERT INTO letter (id, key, kind, identity, meant_for, envelope_from, envelope_to, subject,"
                    " message_id, octets, state, attempts, created_at, due_at)"
                    " VALUES (:id, :key, 'digest', 'unknown', '', '', '[]', '', :key, '', 'sent', 1, :at, :at)"
                ),
                {"id": number, "key": key, "at": f"{day} 00:30:00.000000"},
            )
            for event, what in ((number * 10, "letter owed"), (number * 10 + 1, "letter sent")):
                connection.execute(
                    text("INSERT INTO event (id, at, what, letter_id, detail) VALUES (:id, :at, :what, :letter, '{}')"),
                    {"id": event, "at": f"{day} 00:30:00.000000", "what": what, "letter": number},
                )
        connection.execute(
            text("INSERT INTO poll (id, started_at, ok, taken) VALUES (7, '2024-06-03 09:00:00.000000', 1, 0)")
        )
    database.migrate()

    with SqlRecords(database, ROSTER).chronicle() as chronicle:
        before = chronicle.digest_before(date(2024, 6, 5))
    with database.reading() as session:
        assert session.scalar(text("PRAGMA foreign_keys")) == 1, "off for the migration only"
    database.close()
    assert before is not None
    assert (before.day, before.at) == (TOMORROW, datetime(2024, 6, 4, 0, 30, tzinfo=UTC))
    assert before.upto == Mark(3, 7)


def test_the_number_of_a_digest_is_kept_in_the_log_of_events(records: SqlRecords, database: Database) -> None:
    digested(records, TODAY, NOW)
    with database.reading() as session:
        event = session.scalars(select(EventRow).where(EventRow.what == "digest made")).one()
        assert json.dumps(event.detail) == '{"day": "2024-06-03", "event": 0, "poll": 0}'
