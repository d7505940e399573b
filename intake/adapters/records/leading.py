"""One of any number of processes leads: a session's advisory lock, which PostgreSQL lets go of with the connection.

Two that lead at once, for the moment in which one has not noticed yet that its connection is gone, do no harm: what
each of them does is held apart by keys and locks. That one leads spares the mail server the second one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from intake.adapters.records.database import ADVISORY, LEADING, Database
from intake.adapters.records.troubles import world

_LOCK = {"classid": ADVISORY, "objid": LEADING}
_TAKE = text("SELECT pg_try_advisory_lock(:classid, :objid)")
_HOLDER = text(
    "SELECT pid = pg_backend_pid() AS ours, application_name AS name"
    " FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND classid = :classid AND objid = :objid"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Leadership:
    """Held until `lost`, at the latest until the block ends. May be asked from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mutex = threading.Lock()
        self._lost = False

    def lost(self) -> bool:
        """Whether another process may lead by now: the connection went away, and the lock with it."""
        with self._mutex:
            try:
                holder = None if self._lost else self._connection.execute(_HOLDER, _LOCK).first()
            except DBAPIError:
                holder = None
            self._lost = holder is None or not holder.ours
            return self._lost


@contextmanager
def leadership(database: Database) -> Iterator[Leadership | str]:
    """Lead for the length of the block; or the name of the process that does. Deferred when the server is away."""
    with world():
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with world():
            connection.detach()  # never to be given to somebody else, its lock with it
            taken = connection.scalar(_TAKE, _LOCK)
            holder = None if taken else connection.execute(_HOLDER, _LOCK).first()
        yield Leadership(connection) if taken else (holder and holder.name) or "unknown"
    finally:
        connection.close()
