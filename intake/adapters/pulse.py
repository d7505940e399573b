"""A sign of life: what may take long says so piece by piece, so that a watchdog can tell long work from none."""

from __future__ import annotations

import time


class Pulse:
    """When this process last got on with something, on the clock that nobody turns."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    def silence(self) -> float:
        """Seconds since the last sign of life."""
        return time.monotonic() - self._last


PULSE = Pulse()
"""The one of this process."""
