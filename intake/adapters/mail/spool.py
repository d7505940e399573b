"""Random access to a spooled mail in bounded memory: find, lines and ranges by offset, never the whole file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

STEP = 1 << 20


class Spool:
    """An open spooled mail of `size` octets."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size
        self._window = (0, b"")

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self, start: int, end: int) -> bytes:
        """The octets from start to end, as far as the file goes; keep the range small."""
        length = max(0, min(end, self.size) - start)
        at, window = self._window
        if at <= start and start + length <= at + len(window):
            return window[start - at : start - at + length]
        return os.pread(self._descriptor, length, start)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The octets from start to end, a chunk at a time."""
        for at in range(start, end, STEP):
            yield self.read(at, min(at + STEP, end))

    def find(self, needle: bytes, start: int) -> int:
        """The offset of the first `needle` at or after start, or -1."""
        overlap = len(needle) - 1
        while start < self.size:
            window = self._load(start)
            at, octets = window
            hit = octets.find(needle, start - at)
            if hit >= 0:
                return at + hit
            start = max(start + 1, at + len(octets) - overlap)
        return -1

    def line_end(self, start: int) -> int:
        """The offset just behind the line that begins at start."""
        end = self.find(b"\n", start)
        return self.size if end < 0 else end + 1

    def _load(self, start: int) -> tuple[int, bytes]:
        at, octets = self._window
        if not at <= start < at + len(octets) or (
            start + STEP // 64 > at + len(octets) and at + len(octets) < self.size
        ):
            self._window = (start, os.pread(self._descriptor, STEP, start))
        return self._window
