"""Opening the database, SQLite or PostgreSQL, as it must be set for our promises; its transactions; migrations.

SQLite: WAL, synchronous=FULL (a commit survives a power cut), foreign keys on, what is deleted is overwritten
(secure_delete), and BEGIN IMMEDIATE for writers: with the driver's own transactions an upgrade from reading to writing
fails with "database is locked" in spite of the busy timeout.

PostgreSQL: READ COMMITTED for writers, one snapshot for readers, a commit that waits for the disk, and a limit to
how long a lock is waited for and a transaction may be left alone.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from intake.adapters.disk import RealDisk, make_folders
from intake.adapters.records.audit import ChainedSession
from intake.adapters.records.troubles import world

BUSY_SECONDS = 30
"""How long a writer waits for another one."""
COMPACT_SECONDS = 1
"""How long the write-ahead log waits for readers: no writer gets on meanwhile, and there is another time."""
IDLE_SECONDS = 600
"""How long PostgreSQL leaves an idle transaction its locks: who was away for longer has lost the connection, too."""
ADVISORY = 0x696E7461
"""PostgreSQL's advisory locks of this service have this number, and one of these beside it:"""
MIGRATING, LEADING = 1, 2

NEWEST = max(path.stem.partition("_")[0] for path in (Path(__file__).parent / "migrations/versions").glob("[0-9]*.py"))
"""The revision that this code works with: migrations are numbered."""

DRIVERS = ("sqlite", "postgresql+psycopg")


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
    """An engine with its transactions, which raise Deferred when the database is not available.

    `shared`: several processes, on several machines, may work on it.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.shared = self.url.get_backend_name() == "postgresql"
        if self.url.database and not self.shared:
            make_folders(RealDisk(), Path(self.url.database).absolute().parent)
        self.engine = _postgres(self.url) if self.shared else _sqlite(self.url)
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = self.engine.execution_options(**(snapshot if self.shared else {"intake_reading": True}))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits when it is told to; what was not committed is undone at the end."""
        with world(), ChainedSession(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that takes the write lock at once; leaving the block is the commit."""
        with self.session() as session, session.begin():
            session.connection()  # the transaction begins now, not at the first statement
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view that blocks nobody."""
        with world(), Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the schema up to date, one process at a time; a no-op when it is. Alembic is slow to import."""
        with world(), self._rebuilding() as connection, connection.begin():
            if self.shared:
                connection.execute(select(func.pg_advisory_xact_lock(ADVISORY, MIGRATING)))
            if _revision(connection) != NEWEST:
                from intake.adapters.records.migrations import upgrade  # noqa: PLC0415

                upgrade(connection)
                if not self.shared and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise RuntimeError("a migration left rows that point at nothing; the records are as they were")

    @contextmanager
    def _rebuilding(self) -> Iterator[Connection]:
        """A connection for changing tables that others point at.

        SQLite changes a table by making it anew and dropping the old one, which its foreign keys forbid; they can be
        switched off only outside a transaction (sqlite.org/lang_altertable.html section 7). The caller checks them.
        """
        with self.engine.connect() as connection:
            if not self.shared:
                _foreign_keys(connection, on=False)
            try:
                yield connection
            finally:
                if not self.shared:
                    _foreign_keys(connection, on=True)

    def compact(self, *, anew: bool = False) -> bool:
        """Write what was deleted out of SQLite's write-ahead log, too, and `anew` the whole database; False when that
        must wait for who reads an older state. PostgreSQL's autovacuum sees to its own.
        """
        if self.shared:
            return True
        with world(), self.engine.connect() as connection:
            cursor = connection.connection.cursor()  # past SQLAlchemy's connection, which would begin a transaction
            try:
                if anew:
                    cursor.execute("VACUUM")
                _wait_for(cursor, COMPACT_SECONDS)
                busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                _wait_for(cursor, BUSY_SECONDS)
                cursor.close()
        return not busy

    def close(self) -> None:
        self.engine.dispose()


def _revision(connection: Connection) -> str | None:
    """The revision of the schema, as Alembic notes it; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _postgres(url: URL) -> Engine:
    settings = {
        "lock_timeout": f"{BUSY_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        "synchronous_commit": "on",
        "timezone": "UTC",
        # a machine that went away without a word is noticed after two minutes, and its locks are let go
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "6",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    options = f"{ours} {url.query.get('options', '')}"
    known_as = f"intake {socket.gethostname()[:40]} {os.getpid()}"  # 63 octets at most
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,  # an error tells no subject
        connect_args={"options": options, "application_name": known_as, "connect_timeout": 10, **_KEEPALIVES},
    )
    event.listen(engine, "handle_error", _cut_details)
    return engine


def _cut_details(context: ExceptionContext) -> None:
    """The first line of an error says what happened; the others quote the row in which it did."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(str(told).partition("\n")[0] for told in error.args)


_KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6, "tcp_user_timeout": 120_000}


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _wait_for(cursor: Any, seconds: int) -> None:
    cursor.execute(f"PRAGMA busy_timeout={seconds * 1000}")


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    """Past SQLAlchemy's connection, which would begin a transaction."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("intake_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
