"""One process does the service's work: who may, and how the others learn that they may not.

SQLite: a lock file, which the kernel lets go of when the process dies, however it dies. PostgreSQL: the leadership
of adapters/records/leading.py, for processes on several machines.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from intake.adapters.records.database import Database
from intake.adapters.records.leading import leadership
from intake.ports import Deferred


class Elsewhere(Deferred):
    """Another process does this service's work."""

    def __init__(self, who: str) -> None:
        super().__init__(f"another intake process ({who}) already works on this database")


class Ownership(Protocol):
    """The right to do the service's work."""

    def lost(self) -> bool:
        """Whether another process may have it by now."""


def ownership(database: Database) -> AbstractContextManager[Ownership]:
    """Hold it for the length of the block. Raises Elsewhere when another process has it."""
    return _leading(database) if database.shared else _file(Path(f"{database.url.database}.lock"))


@contextmanager
def _leading(database: Database) -> Iterator[Ownership]:
    with leadership(database) as held:
        if isinstance(held, str):
            raise Elsewhere(held)
        yield held


class _FileLock:
    """Only the end of the process takes it away."""

    def lost(self) -> bool:
        return False


@contextmanager
def _file(path: Path) -> Iterator[Ownership]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise Elsewhere(f"pid {owner}, lock file {path}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield _FileLock()
    finally:
        os.close(descriptor)
