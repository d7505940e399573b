"""Access to a spooled mail by offsets, in bounded memory: a range, a run of chunks, overlapping windows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from intake.ports import Deferred

STEP = 1 << 20
"""Octets that are in memory at a time."""
FIRST_STEP = 1 << 14
"""Octets of a first window: most of what is searched for is near."""


class Spool:
    """An open spooled mail of `size` octets: a file, or a descriptor that is ours now. A disk's refusal is Deferred."""

    def __init__(self, source: Path | int) -> None:
        try:
            self._descriptor = source if isinstance(source, int) else os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            self.size = os.fstat(self._descriptor).st_size
        except OSError as error:
            raise Deferred(f"spool {source}: {error.strerror or error}") from error

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self, start: int, end: int) -> bytes:
        """The octets from start to end, as far as the file goes; keep the range small."""
        try:
            return os.pread(self._descriptor, max(0, min(end, self.size) - start), start)
        except OSError as error:
            raise Deferred(f"spool: {error.strerror or error}") from error

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The octets from start to end, a chunk at a time."""
        for at in range(start, min(end, self.size), STEP):
            yield self.read(at, min(at + STEP, end))

    def windows(self, start: int, reach: int) -> Iterator[tuple[int, bytes, int]]:
        """Windows over the rest of the file: offset, octets, and how many of them are new.

        Each window goes on `reach` octets behind its new ones, and from the second on begins one octet
        before them: what begins in the new ones can be matched whole, and seen with what stands before it.
        """
        step, before = FIRST_STEP, 0
        while start < self.size:
            yield start - before, self.read(start - before, start + step + reach), before + step
            start += step
            step, before = min(STEP, step * 4), 1
