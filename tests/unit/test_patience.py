"""How long a server that refused us is left alone: a pure function of failures and jitter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from intake.domain.patience import PACES, SPREAD, UNREACHABLE, Refusal, Wait, failures_in_row

NOW = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)


def wait(until: datetime, failures: int = 1, refusal: Refusal = Refusal.CREDENTIALS) -> Wait:
    return Wait("imap", refusal, failures, until, "c1", "no")


def minutes(refusal: Refusal, count: int) -> list[float]:
    return [PACES[refusal].pause(failures, 0) / timedelta(minutes=1) for failures in range(1, count + 1)]


def test_pauses_double_up_to_the_longest() -> None:
    assert minutes(Refusal.CREDENTIALS, 6) == [5, 10, 20, 40, 60, 60]
    assert minutes(Refusal.CLIENT, 6) == minutes(Refusal.CREDENTIALS, 6)
    assert minutes(Refusal.TEMPORARY, 6) == [1, 2, 4, 8, 15, 15]
    assert [UNREACHABLE.pause(n, 0).seconds for n in (1, 2, 3, 7, 8, 9, 10_000)] == [5, 10, 20, 320, 640, 900, 900]


@pytest.mark.parametrize("failures", [1, 2, 5, 1_000_000])
def test_jitter_only_makes_a_pause_longer(failures: int) -> None:
    pace = PACES[Refusal.CREDENTIALS]
    assert pace.pause(failures, 0) < pace.pause(failures, 0.5) < pace.pause(failures, 0.999)
    assert pace.pause(failures, 0.999) < pace.pause(failures, 0) * (1 + SPREAD)


def test_a_wait_ends_at_its_time() -> None:
    assert wait(NOW + timedelta(seconds=1)).holds(NOW)
    assert not wait(NOW).holds(NOW)
    assert not wait(NOW - timedelta(days=400)).holds(NOW)


def test_a_clock_that_went_back_keeps_nobody_waiting() -> None:
    assert wait(NOW + timedelta(minutes=72)).holds(NOW), "an hour and its jitter"
    assert not wait(NOW + timedelta(minutes=73)).holds(NOW)
    assert not wait(NOW + timedelta(days=3)).holds(NOW)


def test_another_reason_or_other_credentials_count_anew() -> None:
    known = wait(NOW, failures=4)
    assert failures_in_row(None, Refusal.CREDENTIALS, "c1") == 1
    assert failures_in_row(known, Refusal.CREDENTIALS, "c1") == 5
    assert failures_in_row(known, Refusal.CLIENT, "c1") == 1
    assert failures_in_row(known, Refusal.CREDENTIALS, "c2") == 1
