"""What the main thread of `serve` does while the jobs run: it watches them, the clock, and says that all is well.

It asks no server and no database: whatever hangs there does not hang here.
"""

from __future__ import annotations

import faulthandler
import os
import threading
import time
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from intake import journal
from intake.adapters.pulse import PULSE
from intake.entry.clockwork import replan
from intake.entry.notify import ALIVE, READY, STOPPING, notify

TICK = 5.0
"""Seconds from one look to the next."""
HEARTBEAT_SECONDS = 30.0
TURNED = 5.0
"""Seconds by which the clock must differ from what it was a tick ago to have been turned."""

WEDGED_AFTER = 3600.0
"""Seconds without a sign of life after which the process ends, and its supervisor starts another one.

The longest thing that is waited for in one piece is a mail of 128 MiB from a server that knows no ranges: 35 minutes
at the slowest pace that is let pass. A letter has 21 minutes, a child 6, the database half a minute.
"""


class Supervisor:
    """Watches over `planned`; `heartbeat` writes the file, `stop` is set when the work is to end, for good or not."""

    def __init__(
        self,
        planned: BackgroundScheduler,
        heartbeat: Callable[[], None],
        stop: threading.Event,
        for_good: Callable[[], bool] = lambda: True,
    ) -> None:
        self._planned = planned
        self._heartbeat = heartbeat
        self._stop = stop
        self._for_good = for_good
        self._offset = _offset()
        self._beaten: float | None = None

    def run(self) -> None:
        """Until told to stop, and then until the job in hand has ended."""
        self._planned.start()
        notify(READY)
        while not self._stop.wait(TICK):
            self._look()
        if self._for_good():
            notify(STOPPING)
        ending = threading.Thread(target=self._planned.shutdown, name="shutdown", daemon=True)
        ending.start()
        while ending.is_alive():
            ending.join(TICK)
            self._bark()

    def _look(self) -> None:
        self._bark()
        notify(ALIVE)
        turned = _offset() - self._offset
        self._offset += turned
        if abs(turned) >= TURNED:
            journal.clock_turned(turned)
            replan(self._planned)
        if self._beaten is None or time.monotonic() - self._beaten >= HEARTBEAT_SECONDS:
            self._beat()

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        try:
            self._heartbeat()
        except OSError as error:  # a full disk has its own alarm; no heartbeat is one, too
            journal.no_heartbeat(error)

    @staticmethod
    def _bark() -> None:
        """A job that is stuck cannot be ended from outside, and no other one runs beside it: end the process."""
        silence = PULSE.silence()
        if silence >= WEDGED_AFTER:
            journal.wedged(silence)
            faulthandler.dump_traceback(all_threads=True)
            os._exit(os.EX_TEMPFAIL)


def _offset() -> float:
    """How far the wall clock is ahead of the one that nobody turns."""
    return time.time() - time.monotonic()
