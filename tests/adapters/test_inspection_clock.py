"""The clock of a stream: what counts as time, what is folded, what nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from intake.adapters.inspection.clock import Clock, Span


def span(times: Iterable[float], lasts: float = 0.2) -> Span:
    clock = Clock()
    for time in times:
        clock.add(time, time, lasts)
    told = clock.span()
    assert told is not None
    return told


def steady(start: float, seconds: float) -> list[float]:
    return [start + step / 5 for step in range(int(seconds * 5))]


def test_no_timestamps_no_span() -> None:
    clock = Clock()
    clock.add(None, None, 0.2)
    assert clock.span() is None


def test_the_last_packet_counts_with_its_own_duration() -> None:
    assert span([0.0, 5.0, 10.0], lasts=5.0) == Span(15.0, steady=True)


def test_presentation_order_does_not_matter() -> None:
    clock = Clock()
    for shown, stored in [(0.0, -0.4), (0.6, -0.2), (0.2, 0.0), (0.4, 0.2)]:
        clock.add(shown, stored, 0.2)
    told = clock.span()
    assert told is not None
    assert told.seconds == pytest.approx(0.8)
    assert told.steady


@pytest.mark.parametrize("leap", [700.0, 71_449.0, 2_800_000.0])
def test_a_leap_of_more_than_ten_minutes_is_folded(leap: float) -> None:
    told = span(steady(0, 150) + steady(150 + leap, 150))
    assert told.seconds == pytest.approx(300, abs=0.5)
    assert told.steady


def test_a_lone_timestamp_far_off_changes_nothing() -> None:
    told = span([*steady(0, 100), 71_000.0, *steady(100, 200)])
    assert told.seconds == pytest.approx(300, abs=0.5)
    assert told.steady


@pytest.mark.parametrize("wrong", [5.0, 150.0, 400.0])
def test_a_lone_timestamp_near_by_is_doubtful(wrong: float) -> None:
    assert not span([*steady(0, 100), wrong, *steady(100, 200)]).steady


def test_a_pause_that_no_packet_declares_is_doubtful() -> None:
    assert not span(steady(0, 100) + steady(200, 100)).steady


def test_a_slide_on_show_for_two_minutes_is_time() -> None:
    assert span([0.0, 120.0], lasts=120.0) == Span(240.0, steady=True)


def test_a_clock_that_starts_anew_is_doubtful() -> None:
    assert not span(steady(0, 100) + steady(0, 100)).steady


def test_slow_slides_are_not_taken_for_leaps() -> None:
    assert span([number * 30.0 for number in range(10)], lasts=0.0) == Span(300.0, steady=True)
