"""When a digest is owed, and how many working days are left: time is an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

IsWorkday: TypeAlias = Callable[[date], bool]


def digest_owed(local_now: datetime, is_made: bool, at: time, is_digest_day: IsWorkday) -> date | None:
    """The local day whose digest is owed now, or None. Late when the machine was off, once a day, never for the past.

    `local_now` is in the office's time zone; `is_made` says whether that very day has a digest. What other days have
    is no matter: one that was made while the clock stood ahead must not silence the days until then.
    """
    today = local_now.date()
    if is_made or local_now.time() < at or not is_digest_day(today):
        return None
    return today


def workdays_left(today: date, deadline: date, is_workday: IsWorkday) -> int:
    """Working days from today to the deadline, both included; negative days since once it has passed."""
    if today > deadline:
        return -workdays_between(deadline + timedelta(days=1), today, is_workday)
    return workdays_between(today, deadline, is_workday)


def workdays_between(first: date, last: date, is_workday: IsWorkday) -> int:
    """Working days from first to last, both included."""
    return sum(is_workday(first + timedelta(days=n)) for n in range((last - first).days + 1))
