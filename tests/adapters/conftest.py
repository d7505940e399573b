"""Records to test with: a SQLite file for each test, and a database on the run's PostgreSQL, emptied for each.
And children to test with, born from zygotes of the test's own."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from intake.adapters.records.columns import Base
from intake.adapters.records.database import Database
from intake.adapters.sandbox import child
from intake.adapters.sandbox.nursery import Nursery
from tests.adapters.box import Box
from tests.servers.postgres import Postgres


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database as the migrations leave it, made once and copied."""
    path = tmp_path_factory.mktemp("migrated") / "intake.db"
    made = Database(f"sqlite:///{path}")
    made.migrate()
    made.close()
    return path


@pytest.fixture
def file(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """Records in SQLite."""
    shutil.copy(migrated_file, tmp_path / "intake.db")
    made = Database(f"sqlite:///{tmp_path}/intake.db")
    yield made
    made.close()


@pytest.fixture(scope="session")
def migrated_server(postgres: Postgres) -> str:
    """The URL of a PostgreSQL database as the migrations leave it."""
    url = postgres.url(postgres.create())
    made = Database(url)
    made.migrate()
    made.close()
    return url


@pytest.fixture
def server(migrated_server: str) -> Iterator[Database]:
    """Records in PostgreSQL."""
    made = Database(migrated_server)
    tables = ", ".join(Base.metadata.tables)
    with made.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield made
    made.close()


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.server)])
def database(request: pytest.FixtureRequest) -> Database:
    """Records in either."""
    made: Database = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def box(database: Database) -> Box:
    return Box(database)


@pytest.fixture
def nurseries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Nursery]]:
    """Nurseries that no other test has: what a test changes around the children is there when they are born."""
    fresh: dict[str, Nursery] = {}

    def nursery(worker: str) -> Nursery:
        return fresh.setdefault(worker, Nursery(worker))

    monkeypatch.setattr(child, "nursery", nursery)
    yield nursery
    for each in fresh.values():
        each.close()


@pytest.fixture
def worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nurseries: Callable[[str], Nursery]
) -> Callable[[str], str]:
    """Makes a module for children to work with, from the body of its `main(errand)`; answers its name."""

    def make(body: str, before: str = "") -> str:
        source = f"import os, signal, time\n{before}\ndef main(errand):\n{textwrap.indent(body, '    ')}\n"
        (tmp_path / "stand_in.py").write_text(source)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        return "stand_in"

    return make
