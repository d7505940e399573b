"""Records to test with: a SQLite file for each test, and a database on the run's PostgreSQL, emptied for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from intake.adapters.records.columns import Base
from intake.adapters.records.database import Database
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
