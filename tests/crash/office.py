"""One office whose folders can be looked into from outside: what runs there, what is left there."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.world import World


@dataclass(frozen=True)
class Office:
    """An office of the end-to-end tests, with temporary files in a folder of its own."""

    world: World

    @property
    def folder(self) -> Path:
        return self.world.folder

    @property
    def temporary(self) -> Path:
        """TMPDIR of every run: what is left here was left behind."""
        return self.folder / "tmp"

    @property
    def data(self) -> Path:
        return self.folder / "config/data"

    @property
    def environment(self) -> dict[str, str]:
        return {**self.world.environment, "TMPDIR": str(self.temporary), "PLACE": str(self.folder)}

    def prepare(self) -> None:
        """Make the folders and write the configuration."""
        self.temporary.mkdir(parents=True)
        self.world.configure()

    def records(self) -> sqlite3.Connection:
        """The database, read as it lies on the disk and not with the code under test."""
        return sqlite3.connect(f"file:{self.data / 'intake.db'}?mode=ro", uri=True)

    def blobs(self) -> list[Path]:
        return [path for path in (self.data / "blobs").glob("??/*") if path.is_file()]
