"""Where a process of ours writes its standard error: in memory, so that nothing stays on the disk."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Final

_READ_AT_MOST: Final = 64 << 10
_SHOWN: Final = 120


class Complaints:
    """A file without a name; a child's own limits bound it."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("complaints", os.MFD_CLOEXEC)

    def __enter__(self) -> Complaints:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def last(self) -> str:
        """The last line that says something: of a traceback, what was raised."""
        if self.descriptor < 0:
            return ""
        lines = os.pread(self.descriptor, _READ_AT_MOST, 0).decode("utf-8", "replace").split("\n")
        return next((line.strip()[:_SHOWN] for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        os.close(self.descriptor)
        self.descriptor = -1
