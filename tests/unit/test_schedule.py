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


def owed(day: date, clock: str, *, is_made: bool = False) -> date | None:
    return digest_owed(datetime.combine(day, time.fromisoformat(clock), ZONE), is_made, AT, weekday)


@pytest.mark.parametrize(
    ("clock", "is_made", "expected"),
    [
        ("08:29:59", False, None),
        ("08:30", False, FRIDAY),
        ("23:59", False, FRIDAY),
        ("08:30", True, None),
        ("23:59", True, None),
    ],
    ids=["too early", "in time", "late, once", "made", "made long ago"],
)
def test_a_digest_is_owed_once_a_day_from_its_hour_on(clock: str, is_made: bool, expected: date | None) -> None:
    assert owed(FRIDAY, clock, is_made=is_made) == expected


def test_no_digest_is_owed_on_other_days() -> None:
    assert owed(FRIDAY + timedelta(days=1), "09:00") is None


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
