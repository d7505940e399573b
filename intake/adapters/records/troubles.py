"""What a database's errors mean: the world's troubles are Deferred, conflicts are tried again, the rest is ours.

Codes: SQLite's result codes; PostgreSQL's SQLSTATE, appendix A of its manual.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from intake.ports import Deferred

T = TypeVar("T")

TRIES: Final = 5
"""Times that a block is run whose transaction loses to another one."""

_CONFLICTS: Final = ("40001", "40P01")
"""Serialization failure, deadlock."""
_UNIQUE: Final = "23505"
_HELD: Final = "55P03"
_UNIQUE_IN_SQLITE: Final = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
_WORLD: Final = ("08", "25006", "25P03", "28", "3D", "40", "42501", "53", _HELD, "57", "58", "XX")
"""No connection, read only, idle for too long, no login, no such database, conflicts, no right, no disk or memory,
locked, cancelled or shut down, disk errors, internal errors."""

_WORLD_OF_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


@contextmanager
def world() -> Iterator[None]:
    """The database's own troubles are Deferred; whether a commit that failed so has happened, the next look tells."""
    try:
        yield
    except DBAPIError as error:
        if not _is_worlds(error):
            raise
        held = "held by another process for too long; " if _state(error) == _HELD else ""
        raise Deferred(f"database not available: {held}{_first_line(error)}") from error


def repeated(block: Callable[[], T]) -> T:
    """What `block` answers, which undoes what it did when it fails; run again when it lost to another transaction."""
    for _try in range(TRIES - 1):
        try:
            return block()
        except DBAPIError as error:
            if _state(error) not in _CONFLICTS:
                raise
    return block()


def added(session: Session, row: object) -> bool:
    """Add a row whose key may be there already; False when it is, be it that another process was faster just now."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        if _state(error) != _UNIQUE and getattr(error.orig, "sqlite_errorcode", None) not in _UNIQUE_IN_SQLITE:
            raise
        return False
    return True


def _is_worlds(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _WORLD_OF_SQLITE
    state = _state(error)
    if state is not None:
        return state.startswith(_WORLD)
    return error.connection_invalidated or isinstance(error, OperationalError)


def _state(error: DBAPIError) -> str | None:
    """The SQLSTATE, when a PostgreSQL server gave one."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _first_line(error: DBAPIError) -> str:
    """What happened, without the details, which may quote what is in a row."""
    return next(iter(str(error.orig).splitlines()), type(error.orig).__name__)
