"""Stage 1c, rescan: mails that came while the scanner was away are examined again when it answers.

One that answers and yet fails at a file is asked about it later each time, and after some tries no more.
"""

from __future__ import annotations

from collections.abc import Callable

from intake import journal
from intake.ports import Clock, Records


def rescan(records: Records, answers: Callable[[], bool], clock: Clock) -> int:
    """Put such mails back to be examined; how many. `answers` asks the scanner, only when a mail is due."""
    now = clock()
    if not records.unscanned(now) or not answers():
        return 0
    count = records.scan_again(now)
    journal.scanning_again(count)
    return count
