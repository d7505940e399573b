"""Sudden death at a named step, in one process: from then on nothing that it was about to do happens.

A killed process runs no `finally`. So a fuse that has blown fails every further step, and whoever hangs it on a
database's engine keeps what cleans up after an exception from writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Engine, event

from intake.ports import Blob, Blobs, Claim, Desk

STEPS = (
    "imap open",
    "imap select",
    "imap arrivals",
    "imap download",
    "before blob commit",
    "after blob commit",
    "before ledger commit",
    "after ledger commit",
    "before claim",
    "after claim",
    "before desk commit",
    "after desk commit",
    "before outbox commit",
    "after outbox commit",
    "before retention commit",
    "after retention commit",
    "before blob removal",
    "after blob removal",
    "smtp connect",
    "smtp before dot",
    "smtp after dot",
)
"""Where the process can die. "smtp after dot": the server has the letter, or not, and its answer is not read."""


class Crash(BaseException):
    """The process is dead; nobody catches this but the test."""


class Fuse:
    """Called with every step that is about to be taken. `passed` counts them; `meanwhile` is done once at a step."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.renew()

    def renew(self) -> None:
        """A process that has just started."""
        self.blown = False
        self._step, self._left = "", 0
        self._meanwhile: dict[str, Callable[[], object]] = {}

    def arm(self, step: str, times: int = 1) -> None:
        """Die at this step when it is taken for the `times`-th time."""
        self._step, self._left = step, times

    def meanwhile(self, step: str, action: Callable[[], object]) -> None:
        """Let something else happen, once, when this step is taken."""
        self._meanwhile[step] = action

    def disarm(self) -> None:
        self._left = 0
        self._meanwhile.clear()

    def __call__(self, step: str) -> None:
        self.alive()
        self.passed[step] += 1
        if action := self._meanwhile.pop(step, None):
            action()
        if step == self._step and self._left:
            self._left -= 1
            self.blown = self._left == 0
        self.alive()

    def alive(self, *_anything: object) -> None:
        if self.blown:
            raise Crash

    def hang_on(self, engine: Engine) -> None:
        """Let the database take nothing more from the dead."""

        def execute(*_arguments: Any) -> None:
            self.alive()

        event.listen(engine, "before_cursor_execute", execute)
        event.listen(engine, "commit", execute)


class FusedRecords:
    """SqlRecords with a fuse around every transaction; everything else is theirs."""

    def __init__(self, records: Any, fuse: Fuse) -> None:
        self._records = records
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def ledger(self) -> AbstractContextManager[Any]:
        return self._transaction("ledger", self._records.ledger())

    def desk(self) -> AbstractContextManager[Any]:
        return self._transaction("desk", self._records.desk())

    def outbox(self) -> AbstractContextManager[Any]:
        return self._transaction("outbox", self._records.outbox())

    def retention(self) -> AbstractContextManager[Any]:
        return self._transaction("retention", self._records.retention())

    @contextmanager
    def claim(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        self._fuse("before claim")
        with self._records.claim(*arguments, **named) as claim:
            self._fuse("after claim")
            yield claim and FusedClaim(claim, self._fuse)

    @contextmanager
    def _transaction(self, name: str, context: AbstractContextManager[Any]) -> Iterator[Any]:
        with context as desk:
            yield desk
            self._fuse(f"before {name} commit")
        self._fuse(f"after {name} commit")


class FusedClaim:
    """Implements ports.Claim."""

    def __init__(self, claim: Claim, fuse: Fuse) -> None:
        self._claim = claim
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._claim, name)

    def settle(self, result: Callable[[Desk], Any]) -> Any:
        def fused(desk: Desk) -> Any:
            answer = result(desk)
            self._fuse("before desk commit")
            return answer

        settled = self._claim.settle(fused)
        self._fuse("after desk commit")
        return settled


class FusedBlobs:
    """A blob store with a fuse around every commit and every removal."""

    def __init__(self, blobs: Any, fuse: Fuse) -> None:
        self._blobs: Blobs = blobs
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    @contextmanager
    def writer(self) -> Iterator[Any]:
        with self._blobs.writer() as writer:
            yield FusedWriter(writer, self._fuse)

    def remove_unless(self, sha256: str, used: Callable[[], bool]) -> bool:
        self._fuse("before blob removal")
        removed = self._blobs.remove_unless(sha256, used)
        self._fuse("after blob removal")
        return removed


class FusedWriter:
    """Implements ports.BlobWriter."""

    def __init__(self, writer: Any, fuse: Fuse) -> None:
        self._writer = writer
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def commit(self, *arguments: Any, **named: Any) -> Blob:
        self._fuse("before blob commit")
        blob: Blob = self._writer.commit(*arguments, **named)
        self._fuse("after blob commit")
        return blob
