"""What only a file meets: locked, full, read only, damaged. All of it is the world's, and loses nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from intake.adapters.records import database as database_module
from intake.adapters.records.database import Database
from intake.adapters.records.tables import ExaminationRow, LetterRow, MailRow
from intake.ports import Deferred, Desk
from tests.adapters.box import NOW, Box
from tests.adapters.test_claims import draft, letter


def set_up(database: Database, pragma: str) -> None:
    """Every connection from now on has it."""
    database.engine.dispose()
    event.listen(database.engine, "connect", lambda connection, _record: connection.execute(f"PRAGMA {pragma}").close())


def size(path: str | None) -> int:
    """Pages."""
    with sqlite3.connect(str(path)) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


def test_a_database_that_is_not_available_is_the_worlds_failure(tmp_path: Path) -> None:
    (tmp_path / "intake.db").mkdir()

    with pytest.raises(Deferred, match="database not available"):
        Database(f"sqlite:///{tmp_path}/intake.db").migrate()


def test_a_locked_database_is_the_worlds_failure(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.1)
    other = Database(str(file.url))
    with file.writing() as _session, pytest.raises(Deferred, match="locked"), other.writing():
        pass
    other.close()


def test_a_result_that_waits_for_too_long_for_another_writer_is_written_later(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.1)
    hasty = Box(Database(str(file.url)))
    hasty.take(1)
    with pytest.raises(Deferred, match="locked"):
        settled(hasty, letter, while_another_writes=file)
    assert (hasty.count(LetterRow), hasty.count(ExaminationRow)) == (0, 0)
    with hasty.records.claim(NOW) as claim:
        assert claim is not None
        assert claim.pending.attempts == 0
        claim.settle(letter)
    hasty.database.close()

    assert hasty.count(LetterRow) == 1


def settled(box: Box, result: Callable[[Desk], object], while_another_writes: Database) -> None:
    with box.records.claim(NOW) as claim, while_another_writes.writing():
        assert claim is not None
        claim.settle(result)


def test_a_full_disk_is_the_worlds_failure_and_what_was_there_stays(file: Database) -> None:
    box = Box(file)
    taken = 0
    set_up(file, f"max_page_count={size(file.url.database) + 8}")
    with pytest.raises(Deferred, match="full"):  # noqa: PT012 - until it is full
        while taken < 10_000:
            box.take(taken + 1)
            taken += 1
    assert taken > 0
    assert box.count(MailRow) == taken
    assert box.opened() == taken, "the watermark stands where the last mail that was recorded put it"
    with pytest.raises(Deferred, match="full"), box.records.desk() as desk:
        desk.post(draft("x" * 100_000), 1, NOW)
    assert box.count(LetterRow) == 0


def test_a_file_that_cannot_be_written_is_the_worlds_failure(file: Database) -> None:
    box = Box(file)
    box.take(1)
    set_up(file, "query_only=ON")
    with pytest.raises(Deferred, match="readonly"):
        box.take(2)
    with pytest.raises(Deferred, match="readonly"), box.records.claim(NOW):
        pass

    assert box.count(MailRow) == 1


def test_a_damaged_file_is_the_worlds_failure(file: Database, tmp_path: Path) -> None:
    path = Path(str(file.url.database))
    path.write_bytes(b"this is no database, whatever its name says " * 500)
    damaged = Database(str(file.url))
    with pytest.raises(Deferred, match="not a database"):
        damaged.migrate()
    damaged.close()


def test_a_mistake_of_ours_is_not_called_the_worlds(file: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"), file.writing() as session:
        session.execute(text("SELECT * FROM nowhere"))
