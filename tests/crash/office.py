"""One office whose folders can be looked into from outside: what runs there, what is left there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

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

    @property
    def url(self) -> str:
        """Where the records are."""
        return self.world.database or f"sqlite:///{self.data / 'intake.db'}"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the records hold, asked with SQL of our own and not with the code under test; JSON stays text."""
        file = f"sqlite:///file:{self.data / 'intake.db'}?mode=ro&uri=true"
        engine = create_engine(self.world.database or file, poolclass=NullPool)
        with engine.connect() as connection:
            found = connection.exec_driver_sql(query).all()
        return [tuple(json.dumps(each) if isinstance(each, dict | list) else each for each in row) for row in found]

    def blobs(self) -> list[Path]:
        return [path for path in (self.data / "blobs").glob("??/*") if path.is_file()]
