"""When a digest is owed, and how many working days are left. Time is an argument."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from intake.domain.schedule import digest_owed, workdays_between, workdays_left
from tests.unit.builders import ZONE

AT = time(8, 30)
FRIDAY = date(2024, 6, 7)


def weekday(day: date) -> bool:
    return day.weekday() < 5


def owed(day: date, clock: str, last: date | None) -> date | None:
    return digest_owed(datetime.combine(day, time.fromisoformat(clock), ZONE), last, AT, weekday)


@pytest.mark.parametrize(
    ("clock", "last", "expected"),
    [
        ("08:29:59", None, None),
        ("08:30", None, FRIDAY),
        ("08:30", FRIDAY - timedelta(days=1), FRIDAY),
        ("23:59", FRIDAY - timedelta(days=30), FRIDAY),
        ("08:30", FRIDAY, None),
        ("23:59", FRIDAY, None),
        ("08:30", FRIDAY + timedelta(days=1), None),
    ],
    ids=[
        "too early",
        "the first ever",
        "the next",
        "late, once, not for the past",
        "made",
        "made long ago",
        "clock back",
    ],
)
def test_a_digest_is_owed_once_a_day_from_its_hour_on(clock: str, last: date | None, expected: date | None) -> None:
    assert owed(FRIDAY, clock, last) == expected


def test_no_digest_is_owed_on_other_days() -> None:
    assert owed(FRIDAY + timedelta(days=1), "09:00", None) is None


@pytest.mark.parametrize(
    ("today", "left"),
    [
        (date(2024, 6, 3), 7),
        (date(2024, 6, 7), 3),
        (date(2024, 6, 8), 2),
        (date(2024, 6, 11), 1),
        (date(2024, 6, 12), -1),
        (date(2024, 6, 17), -4),
    ],
)
def test_working_days_count_both_ends_and_go_negative_afterwards(today: date, left: int) -> None:
    assert workdays_left(today, date(2024, 6, 11), weekday) == left


def test_an_empty_span_has_no_working_days() -> None:
    assert workdays_between(FRIDAY, FRIDAY - timedelta(days=1), weekday) == 0
