"""When the service does what: APScheduler plans, one thread runs all jobs, and none overlaps another.

A job asks the records what is owed: run twice it does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from intake import journal
from intake.adapters.pulse import PULSE
from intake.entry.config import ConfigError
from intake.ports import Deferred

Job: TypeAlias = Callable[[], object]
Ended: TypeAlias = Callable[[str, Exception | None], None]


class Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """So many seconds from now, whatever was missed.

    APScheduler's own interval lists every tick between the last and now before it folds them into one: after a jump
    of the clock by 400 days those of a job that runs each second take gigabytes.
    """

    def __init__(self, seconds: float) -> None:
        self._pause = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._pause


def clockwork(jobs: Iterable[tuple[Job, float]], ended: Ended = lambda _job, _error: None) -> BackgroundScheduler:
    """A scheduler that runs each job now and then every so many seconds, once it is started.

    `ended` is told of every run: the job's name, and the error when it was ours.
    """
    planned = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for job, seconds in jobs:
        planned.add_job(_guarded(job, ended), Every(seconds), id=job.__name__, next_run_time=datetime.now(UTC))
    return planned


def replan(planned: BackgroundScheduler) -> None:
    """Run every job now: what was planned by a clock that was turned since may lie days ahead."""
    for job in planned.get_jobs():
        job.modify(next_run_time=datetime.now(UTC))


def _guarded(job: Job, ended: Ended) -> Callable[[], None]:
    """The scheduler would swallow what a job raises: it must leave a trace, and the next tick comes anyway."""

    def run() -> None:
        PULSE.beat()
        ours: Exception | None = None
        try:
            job()
        except Deferred as error:
            journal.deferred(job.__name__, error)
        except ConfigError as error:  # what was in order at the start: a password file that went away
            journal.misconfigured(job.__name__, error)
            ours = error
        except Exception as error:  # noqa: BLE001 - ours: a bug in one tick must not stop the service
            journal.job_crashed(job.__name__, error)
            ours = error
        ended(job.__name__, ours)

    return run
