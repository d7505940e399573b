"""SIGKILL at a sample of all system calls of a poll; `make crash` takes all of them."""

from __future__ import annotations

import random

import pytest

from tests.crash.points import DURABLE, Point, sample
from tests.crash.report import Report
from tests.crash.sweep import Lane, sweep

pytestmark = pytest.mark.server
SHARE = {"poll": 136, "first": 10, "digest": 8, "served": 8, "zygote": 6, "worker": 10}
PAIRS = 6
SEED = 20240611


def test_killed_at_any_call_nothing_is_lost_and_nothing_is_sent_twice(
    both: list[Lane], capfd: pytest.CaptureFixture[str]
) -> None:
    seen = {role: both[0].clean(role) for role in SHARE}
    points = sample({role: calls for role, (_, calls) in seen.items()}, SHARE, SEED)
    chance = random.Random(SEED)
    pairs = [tuple(chance.sample([point for point in points if point.role == "poll"], 2)) for _ in range(PAIRS)]
    plan: list[tuple[Point, Point | None]] = [*((point, None) for point in points), *pairs]
    report = Report(len(plan))
    with capfd.disabled():
        sweep(both, plan, {role: clean for role, (clean, _) in seen.items()}, report)
    assert not report.violations
    assert sum(again is None for _, again in report.hit) >= 150
    assert {point.name for point, _ in report.hit} >= {*DURABLE[:3], "sendto", "recvfrom", "unlink", "mkdir", "connect"}
