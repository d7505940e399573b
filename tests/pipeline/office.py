"""An App in the test's own process, with real servers, files and database, and a clock that the test turns."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from intake.adapters.records.database import Database
from intake.entry.app import App
from intake.entry.config import load
from tests.e2e.world import World
from tests.servers.dovecot import PASSWORD

START = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)


@cache
def _migrated() -> bytes:
    """A database as the migrations leave it: they take longer than most of what is tested."""
    with tempfile.TemporaryDirectory() as folder:
        made = Database(f"sqlite:///{folder}/intake.db")
        made.migrate()
        made.close()
        return Path(folder, "intake.db").read_bytes()


def _with_tables(folder: Path) -> None:
    file = load(folder).database_file
    if file is not None and not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(_migrated())


class Office:
    """`now` is what its clock shows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = START
        _with_tables(world.folder / "config")
        self.app = App(load(world.folder / "config"), lambda: self.now)

    def poll(self) -> str | None:
        return self.app.poll()

    def states(self) -> dict[str, int]:
        with self.app.records.chronicle() as chronicle:
            return chronicle.mail_totals()

    def codes(self) -> list[set[str]]:
        """The finding codes of every decided mail, in the order in which they came."""
        with self.app.records.chronicle() as chronicle:
            return [{finding.code for finding in line.findings} for line in chronicle.decided_since(None)]


@contextmanager
def opened_office(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The office of a configured world until the block ends."""
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    office = Office(world)
    try:
        yield office
    finally:
        office.app.close()
