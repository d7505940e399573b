"""Stage 1c, rescan: mails that came while the scanner was away are examined again when it answers."""

from __future__ import annotations

from collections.abc import Callable

from intake import journal
from intake.ports import Clock, Records


def rescan(records: Records, answers: Callable[[], bool], clock: Clock) -> int:
    """Put such mails back to be examined; how many. `answers` asks the scanner, only when a mail waits for it."""
    if not records.unscanned() or not answers():
        return 0
    count = records.scan_again(clock())
    journal.scanning_again(count)
    return count
