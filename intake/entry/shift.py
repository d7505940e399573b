"""When this process works: while it leads, until told to stop. Where several share a database the others stand by.

The lead is watched from a thread of its own: the supervisor asks no database.
"""

from __future__ import annotations

import random
import signal
import threading
from contextlib import ExitStack
from functools import wraps

from intake import journal
from intake.adapters.pulse import PULSE
from intake.entry.app import App
from intake.entry.clockwork import Job
from intake.entry.notify import ALIVE, READY, notify
from intake.entry.ownership import Ownership
from intake.ports import Deferred

STANDBY_SECONDS = 5.0
"""From one attempt to lead to the next, on average: so long nobody works when the leader has died."""
LOOK_SECONDS = 2.0
"""From one look to the next whether we still lead."""


class Shift:
    """`ends`: finish what is in hand, because this process leads no more or is told to stop (SIGTERM, SIGINT)."""

    def __init__(self) -> None:
        self.ends = threading.Event()
        self._over = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())

    def _stop(self) -> None:
        self._over.set()
        self.ends.set()

    def is_over(self) -> bool:
        """Whether it ends for good."""
        return self._over.is_set()

    def begin(self, app: App, held: ExitStack) -> Ownership | None:
        """Wait for the lead, and keep it until `held` closes; None when told to stop before.

        Of two that want the same file the second is refused: it raises Elsewhere.
        """
        told = False
        while not self.is_over():
            PULSE.beat()
            try:
                lead = self._lead(app, held)
            except Deferred as error:
                if not app.database.shared:
                    raise
                if not told:
                    journal.standing_by(error)
                    notify(READY)
                told = True
                notify(ALIVE)
                self._over.wait(random.uniform(0.5, 1.5) * STANDBY_SECONDS)  # noqa: S311 - so that not all ask at once
            else:
                self._watch(lead, held)
                return lead
        return None

    @staticmethod
    def _lead(app: App, held: ExitStack) -> Ownership:
        with ExitStack() as trying:
            lead = trying.enter_context(app.owned())
            app.stationery  # noqa: B018 - database and message key are needed: fail now, not at the first letter
            held.push(trying.pop_all())
        return lead

    def _watch(self, lead: Ownership, held: ExitStack) -> None:
        """End the shift when the lead is lost; watch no longer than it is held."""
        self.ends.clear()
        if self.is_over():
            self.ends.set()

        def look() -> None:
            while not self.ends.wait(LOOK_SECONDS):
                if lead.lost():
                    journal.lead_lost()
                    self.ends.set()

        watching = threading.Thread(target=look, name="lead", daemon=True)
        watching.start()
        held.callback(watching.join)
        held.callback(self.ends.set)


def led(job: Job, lead: Ownership) -> Job:
    """The job, which is not begun by a process that does not lead any more."""

    @wraps(job)
    def run() -> object:
        return None if lead.lost() else job()

    return run
