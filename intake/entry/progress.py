"""Says on standard error how far long work is, every few seconds."""

from __future__ import annotations

import sys
import time


class Progress:
    """`what` is done with files: "checked", "copied"."""

    def __init__(self, what: str, seconds: float = 5.0) -> None:
        self._what = what
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def tell(self, files: int, octets: int, known: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._seconds
            print(f"{self._what} {files} of about {known} files, {octets / (1 << 30):.1f} GiB", file=sys.stderr)
