"""The chain of events: what is on record cannot be changed, taken out or added to without its showing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from intake.adapters.records.audit import head, verify
from intake.adapters.records.database import Database
from intake.adapters.records.migrations import configuration
from intake.adapters.records.tables import EventRow
from tests.unit.builders import MONDAY

UNGUARDED = ("DROP TRIGGER event_keeps_what_it_says", "DROP TRIGGER event_stays")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'intake.db'}")
    database.migrate()
    yield database
    database.close()


def happen(database: Database, *whats: str) -> None:
    with database.writing() as session:
        session.add_all(EventRow(at=MONDAY, what=what, detail={"词": what, "n": 1.5}) for what in whats)


def walked(database: Database, known: str | None = None) -> tuple[int, str | None]:
    with database.reading() as session:
        walk = verify(session, known)
    return walk.count, walk.broken


def tamper(database: Database, statement: str) -> None:
    """What somebody with the database in hand can do."""
    with database.engine.begin() as connection:
        for guard in UNGUARDED:
            connection.execute(text(guard))
        connection.execute(text(statement))


def test_events_are_chained_in_the_order_of_their_commits(database: Database) -> None:
    happen(database, "taken", "decided")
    happen(database, "letter owed")
    assert walked(database) == (3, None)
    with database.reading() as session:
        assert [row.seq for row in session.scalars(select(EventRow).order_by(EventRow.id))] == [1, 2, 3]
        assert head(session).count == 3


def test_an_empty_record_holds(database: Database) -> None:
    assert walked(database) == (0, None)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE event SET what = 'released' WHERE seq = 2", "number 2 was changed"),
        ("UPDATE event SET at = '2024-06-04 00:00:00.000000' WHERE seq = 3", "number 3 was changed"),
        ("UPDATE event SET detail = '{}' WHERE seq = 1", "number 1 was changed"),
        ("DELETE FROM event WHERE seq = 2", "number 2 is missing"),
        ("INSERT INTO event (at, what, detail) VALUES ('2024-06-04 00:00:00', 'released', '{}')", "not on the chain"),
    ],
)
def test_what_was_tampered_with_shows(database: Database, statement: str, says: str) -> None:
    happen(database, "taken", "decided", "letter owed")
    tamper(database, statement)
    assert says in (walked(database)[1] or "")


def test_a_chain_that_was_cut_shows_against_a_digest(database: Database) -> None:
    happen(database, "taken", "decided")
    with database.reading() as session:
        told = head(session).short
    happen(database, "letter owed")
    assert walked(database, told) == (3, None)
    tamper(database, "DELETE FROM event WHERE seq >= 2")
    assert walked(database) == (1, None), "by itself it looks whole"
    assert "cut" in (walked(database, told)[1] or "")


@pytest.mark.parametrize("statement", ["UPDATE event SET what = 'x'", "DELETE FROM event"])
def test_the_database_itself_refuses(database: Database, statement: str) -> None:
    happen(database, "taken")
    with pytest.raises(DBAPIError, match="only added"), database.engine.begin() as connection:
        connection.execute(text(statement))
    assert walked(database) == (1, None)


def test_what_a_transaction_takes_back_is_not_chained(database: Database) -> None:
    happen(database, "taken")
    with pytest.raises(RuntimeError):
        fail_in(database)
    with database.writing() as session:
        session.add(EventRow(at=MONDAY, what="kept", detail={}))
        savepoint = session.begin_nested()
        session.add(EventRow(at=MONDAY, what="taken back", detail={}))
        session.flush()
        savepoint.rollback()
    assert walked(database) == (2, None)


def fail_in(database: Database) -> None:
    with database.writing() as session:
        session.add(EventRow(at=MONDAY, what="lost", detail={}))
        session.flush()
        raise RuntimeError


def test_writers_at_the_same_time_make_one_chain(database: Database) -> None:
    def write(name: str) -> None:
        for number in range(20):
            happen(database, f"{name}{number}", "and another")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert walked(database) == (160, None)


def test_events_from_before_the_chain_are_chained(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with database.engine.begin() as connection:
        command.upgrade(configuration(connection), "0003")
        for number in range(3):
            at = (MONDAY + timedelta(minutes=number)).replace(tzinfo=None)
            statement = text("INSERT INTO event (at, what, detail) VALUES (:at, 'taken', :detail)")
            connection.execute(statement, {"at": str(at), "detail": '{"locator": "INBOX/7/1"}'})
    database.migrate()
    happen(database, "decided")
    assert walked(database) == (4, None)
    database.close()
