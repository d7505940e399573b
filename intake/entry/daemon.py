"""`serve`: APScheduler says when, and nothing else. A job asks the records what is owed: twice does no harm.

One thread runs all jobs: none overlaps another. SIGTERM and SIGINT only set a flag; the mail in hand is
finished first.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from intake import __version__, journal
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.config import ConfigError
from intake.entry.passwords import password_problems
from intake.entry.proofs import template_problems
from intake.ports import Deferred

DELIVER_SECONDS = 30
DIGEST_SECONDS = 60


def serve(folder: Path, now: datetime | None, verbose: bool) -> int:  # noqa: ARG001
    """Work until told to stop; 0 after a clean stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with opened(folder, now, verbose=True, running=True, stopping=stop.is_set) as app:
        _refuse_what_cannot_work(app)
        with app.owned():
            app.stationery  # noqa: B018 - database and message key are needed: fail now, not at the first letter
            journal.started(__version__, app.database.url.render_as_string(hide_password=True))
            clockwork = _clockwork(app)
            clockwork.start()
            stop.wait()
            clockwork.shutdown(wait=True)
    journal.stopped("signal")
    return 0


def _refuse_what_cannot_work(app: App) -> None:
    """ConfigError with everything that would fail at the first tick or at the first letter."""
    wrong = [*password_problems(app.config), *template_problems(app)]
    if wrong:
        raise ConfigError(wrong)


def _clockwork(app: App) -> BackgroundScheduler:
    clockwork = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    jobs: tuple[tuple[Callable[[], object], int], ...] = (
        (app.poll, app.config.site.schedule.poll_seconds),
        (app.deliver, DELIVER_SECONDS),
        (app.summarise, DIGEST_SECONDS),
    )
    for job, seconds in jobs:
        name = job.__name__
        clockwork.add_job(_guarded(job), "interval", seconds=seconds, id=name, next_run_time=datetime.now(UTC))
    return clockwork


def _guarded(job: Callable[[], object]) -> Callable[[], None]:
    """The scheduler would swallow what a job raises: it must leave a trace, and the next tick comes anyway."""

    def run() -> None:
        try:
            job()
        except Deferred as error:
            journal.deferred(job.__name__, error)
        except ConfigError as error:  # what was in order at the start: a password file that went away
            journal.misconfigured(job.__name__, error)
        except Exception as error:  # noqa: BLE001 - ours: a bug in one tick must not stop the service
            journal.job_crashed(job.__name__, error)

    return run
