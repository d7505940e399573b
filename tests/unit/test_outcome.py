"""What follows an attempt that failed: growing delays, and an end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake.domain.outcome import (
    DELAYS,
    EXAMINATIONS,
    GIVE_UP_AFTER,
    LONGEST_WAIT,
    Failed,
    Later,
    after_deaths,
    after_trouble,
    next_examination,
)
from tests.unit.builders import MONDAY


def test_delays_grow_and_the_last_repeats() -> None:
    waits = []
    for attempt in range(1, 9):
        outcome = after_trouble(attempt, MONDAY, "450")
        assert isinstance(outcome, Later)
        waits.append(outcome.at - MONDAY)

    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == waits[-2] == DELAYS[-1]


def test_after_days_of_trouble_a_person_is_told() -> None:
    assert isinstance(after_trouble(GIVE_UP_AFTER - 1, MONDAY, "450"), Later)
    assert after_trouble(GIVE_UP_AFTER, MONDAY, "450 busy") == Failed("450 busy")


def test_letters_are_tried_as_long_as_mail_servers_try() -> None:
    total = sum((DELAYS[min(n, len(DELAYS)) - 1] for n in range(1, GIVE_UP_AFTER)), timedelta())

    assert timedelta(days=4) <= total <= timedelta(days=5)


@pytest.mark.parametrize(("attempts", "wait"), [(1, 1), (2, 10), (3, None), (4, None)])
def test_a_mail_is_examined_three_times_and_then_parked(attempts: int, wait: int | None) -> None:
    expected = MONDAY + timedelta(minutes=wait) if wait else None

    assert next_examination(attempts, MONDAY) == expected
    assert EXAMINATIONS == 3


@pytest.mark.parametrize(("deaths", "seconds"), [(0, None), (1, None), (2, 60)])
def test_after_a_death_a_mail_is_due_at_once_and_after_the_second_in_a_minute(deaths: int, seconds: int | None) -> None:
    until = after_deaths(deaths, MONDAY, MONDAY)

    assert until == (MONDAY + timedelta(seconds=seconds) if seconds else None)
    assert after_deaths(deaths, MONDAY, MONDAY + timedelta(minutes=1)) is None


def test_a_death_noted_by_a_clock_that_was_set_back_since_keeps_no_mail_waiting() -> None:
    assert after_deaths(2, MONDAY + LONGEST_WAIT, MONDAY) is None
    assert after_deaths(2, MONDAY + timedelta(days=400), MONDAY) is None
