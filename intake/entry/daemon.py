"""`serve`: the service itself. SIGTERM and SIGINT only set a flag; the mail in hand is finished first.

One process leads, and has a clockwork as long as it does (see shift.py).
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler

from intake import __version__, journal
from intake.adapters.sandbox.active import active
from intake.entry.app import App
from intake.entry.clockwork import Job, clockwork
from intake.entry.commands import opened
from intake.entry.config import ConfigError
from intake.entry.heartbeat import beat
from intake.entry.lull import Lull
from intake.entry.ownership import Ownership
from intake.entry.passwords import password_problems
from intake.entry.proofs import letter_problems
from intake.entry.shift import Shift, led
from intake.entry.supervisor import Supervisor
from intake.ports import Deferred

DELIVER_SECONDS = 30
DIGEST_SECONDS = 60
WATCH_SECONDS = 60


def serve(folder: Path, now: datetime | None, verbose: bool) -> int:  # noqa: ARG001
    """Work until told to stop; 0 after a clean stop."""
    shift = Shift()
    with opened(folder, now, verbose=True, running=True, stopping=shift.ends.is_set, lull=Lull().respected) as app:
        _refuse_what_cannot_work(app)
        while not shift.is_over():
            with ExitStack() as held:
                lead = shift.begin(app, held)
                if lead is not None:
                    _work(app, shift, lead)
    journal.stopped("signal")
    return 0


def _tell_of_children() -> None:
    try:
        journal.confined(active())
    except Deferred as error:
        journal.deferred("children", error)


def _work(app: App, shift: Shift, lead: Ownership) -> None:
    """What the leader does, on schedule, until its shift ends."""
    journal.started(__version__, app.database.url.render_as_string(hide_password=True))
    _tell_of_children()
    planned = clockwork(((led(job, lead), seconds) for job, seconds in _jobs(app)), app.ended)
    Supervisor(planned, partial(_beat, app, planned), shift.ends, shift.is_over).run()


def _refuse_what_cannot_work(app: App) -> None:
    """ConfigError with everything that would fail at the first tick or at the first letter."""
    wrong = [*password_problems(app.config), *letter_problems(app)]
    if wrong:
        raise ConfigError(wrong)


def _beat(app: App, planned: BackgroundScheduler) -> None:
    job = planned.get_job("poll")
    beat(app.data_folder, app.signs, app.clock().astimezone(app.config.zone), "serve", job and job.next_run_time)


def _jobs(app: App) -> tuple[tuple[Job, float], ...]:
    """What is done how often, in seconds."""
    return (
        (app.poll, app.config.site.schedule.poll_seconds),
        (app.deliver, DELIVER_SECONDS),
        (app.summarise, DIGEST_SECONDS),
        (app.tend, WATCH_SECONDS),
    )
