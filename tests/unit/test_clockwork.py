"""When jobs run: never by a list of all that was missed, and again at once when the clock was turned."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from intake.entry.clockwork import Every, clockwork, replan
from intake.entry.config import ConfigError
from intake.ports import Deferred


def poll() -> None: ...


def test_a_clock_that_jumps_ahead_makes_one_run_and_no_list_of_missed_ones() -> None:
    planned = BackgroundScheduler(timezone=UTC)
    job = planned.add_job(poll, Every(1), next_run_time=datetime.now(UTC))
    planned.start(paused=True)
    ahead = datetime.now(UTC) + timedelta(days=400)

    assert len(job._get_run_times(ahead)) == 1
    assert Every(1).get_next_fire_time(None, ahead) == ahead + timedelta(seconds=1)
    planned.shutdown()


@pytest.fixture
def ran() -> threading.Semaphore:
    return threading.Semaphore(0)


def test_what_was_planned_days_ahead_runs_at_once_when_it_is_planned_anew(ran: threading.Semaphore) -> None:
    def tick() -> None:
        ran.release()

    planned = clockwork([(tick, 60)])
    planned.start()
    assert ran.acquire(timeout=10), "the first run is now"
    (job,) = planned.get_jobs()
    job.modify(next_run_time=datetime.now(UTC) + timedelta(days=3))
    assert not ran.acquire(timeout=0.3)

    replan(planned)

    assert ran.acquire(timeout=10)
    planned.shutdown()


@pytest.mark.parametrize(
    ("trouble", "ours", "shown"),
    [
        (Deferred("no network"), False, "no network"),
        (RuntimeError("our bug"), True, "RuntimeError"),
        (ConfigError(["no password"]), True, "no password"),
    ],
)
def test_what_a_job_raises_is_logged_and_it_runs_again(
    ran: threading.Semaphore, trouble: Exception, ours: bool, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, Exception | None]] = []

    def tick() -> None:
        ran.release()
        raise trouble

    planned = clockwork([(tick, 0.05)], lambda job, error: told.append((job, error)))
    planned.start()
    assert all(ran.acquire(timeout=10) for _ in range(3))
    planned.shutdown()

    assert shown in caplog.text
    assert "tick" in caplog.text
    assert told[:2] == [("tick", trouble if ours else None)] * 2
