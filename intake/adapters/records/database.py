"""Opening the database: SQLite as it must be set for our promises, any SQLAlchemy URL otherwise; migrations.

SQLite: WAL, synchronous=FULL (a commit survives a power cut), foreign keys on, and BEGIN IMMEDIATE for
writers: with the driver's own transactions an upgrade from reading to writing fails with "database is
locked" in spite of the busy timeout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from intake.adapters.records.audit import ChainedSession
from intake.ports import Deferred

BUSY_SECONDS = 30
NEWEST = max(path.stem.partition("_")[0] for path in (Path(__file__).parent / "migrations/versions").glob("[0-9]*.py"))
"""The revision that this code works with: migrations are numbered."""


DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")


def url_fault(text: str) -> str | None:
    """What is wrong with a database URL, in words that hold no password; None when it can be opened."""
    if re.search(r"://[^/]*:[^/]*@", text) or re.search(r"[?&]password=", text, re.IGNORECASE):
        return "holds a password; leave it out and use the database's own password file"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return f'{text!r} is no URL; allowed is one like "sqlite:///data/intake.db"'
    if url.drivername not in DRIVERS:
        return (
            f'{url.drivername!r} is not supported; allowed is "sqlite:///PATH" or "postgresql+psycopg://USER@HOST/NAME"'
        )
    return _sqlite_fault(url) if url.drivername == "sqlite" else _driver_fault(url)


def _sqlite_fault(url: URL) -> str | None:
    """Records that are not a file end with the process, and the same mails would be answered again."""
    if not url.database or url.host or url.query or url.database.startswith((":", "file:")):
        return f'{str(url)!r} names no file; allowed is "sqlite:///PATH" without options'
    return None


def _driver_fault(url: URL) -> str | None:
    try:
        url.get_dialect().import_dbapi()
    except ImportError as error:
        return f"{url.drivername!r} needs a library that is not installed ({error}); allowed is one with its driver"
    return None


class Database:
    """An engine with its transactions. `writing` and `reading` raise Deferred when the database is not available."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.database and self.url.get_backend_name() == "sqlite":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(url)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that takes the write lock at once; leaving the block is the commit."""
        with _world(), ChainedSession(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection()  # the transaction begins now, not at the first statement
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view that blocks nobody."""
        engine = self.engine.execution_options(intake_reading=True)
        with _world(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the schema up to date; a no-op when it is. Alembic is slow to import and rarely needed."""
        with _world(), self.engine.begin() as connection:
            if _revision(connection) != NEWEST:
                from intake.adapters.records.migrations import upgrade  # noqa: PLC0415

                upgrade(connection)

    def close(self) -> None:
        self.engine.dispose()


def _revision(connection: Connection) -> str | None:
    """The revision of the schema, as Alembic notes it; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@contextmanager
def _world() -> Iterator[None]:
    """The database's own troubles are the world's: nothing was committed, try again."""
    try:
        yield
    except OperationalError as error:
        raise Deferred(f"database not available: {error.orig}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Deferred(f"database connection lost: {error.orig}") from error
        raise


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("intake_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
