"""`work`: examines, and nothing else, until SIGTERM; any number of processes, on several machines, beside one `serve`.

Needs a database that several processes share; the claim (adapters/records/claims.py) gives each mail to one of them.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from intake import __version__, journal
from intake.entry.app import App
from intake.entry.clockwork import clockwork
from intake.entry.commands import opened
from intake.entry.config import ConfigError
from intake.entry.proofs import letter_problems
from intake.entry.shift import Shift
from intake.entry.supervisor import Supervisor
from intake.pipeline.examine import examine
from intake.ports import Deferred

IDLE_SECONDS = 1.0
"""From one look for mail to the next when there is none: at least so long, twice as long on average."""
LONGEST_PAUSE = 60.0
"""How long is waited, at most, while the world keeps us from working."""

ALONE = (
    'intake.toml: storage.database: `work` needs "postgresql+psycopg://...", which several processes share; '
    "with a file one process does everything: `serve`"
)


class Worker:
    """Examines round by round; waits longer and longer while the world does not let it."""

    def __init__(self, app: App, shift: Shift) -> None:
        self._app = app
        self._shift = shift
        self._pause = IDLE_SECONDS

    def work(self) -> None:
        """All mails that are due."""
        try:
            examine(replace(self._app.bench, keeper=False))
        except Deferred as error:
            journal.deferred("work", error)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        else:
            self._pause = IDLE_SECONDS
        self._shift.ends.wait(random.uniform(0.5, 1.5) * self._pause)  # noqa: S311 - no secret


def work(folder: Path, now: datetime | None, verbose: bool) -> int:  # noqa: ARG001
    """Examine what is due until told to stop; 0 after a clean stop."""
    shift = Shift()
    with opened(folder, now, verbose=True, running=True, stopping=shift.ends.is_set) as app:
        wrong = [ALONE] if app.config.database_file else letter_problems(app)
        if wrong:
            raise ConfigError(wrong)
        app.stationery  # noqa: B018 - database and message key are needed: fail now, not at the first mail
        journal.started(__version__, app.database.url.render_as_string(hide_password=True))
        planned = clockwork([(Worker(app, shift).work, IDLE_SECONDS)], app.ended)
        Supervisor(planned, lambda: None, shift.ends).run()
    journal.stopped("signal")
    return 0
