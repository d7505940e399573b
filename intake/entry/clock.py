"""What time it is: the machine's clock, or the one that --now asks for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from intake.ports import Clock


def clock_from(now: datetime | None, *, running: bool = False) -> Clock:
    """The real clock, or one that stands at `now`, or (running) one that starts there and goes on."""
    if now is None:
        return lambda: datetime.now(UTC)
    if not running:
        return lambda: now
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)
