"""The whole sweep: `make crash`. Every call of a poll, shares of the other roles, and pairs by chance.

All points are mixed, so that a sweep that ends early (`--minutes`) has seen something of everything.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from pathlib import Path

from tests.crash.points import Point, every
from tests.crash.report import Report
from tests.crash.sweep import lanes, sweep
from tests.servers.dovecot import running_dovecot
from tests.servers.postgres import running_postgres

SHARES = {"poll": 1, "first": 8, "digest": 4, "served": 8, "zygote": 120, "worker": 4}
"""One in so many points: most of what a zygote does is import, most of a first poll is a poll."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("build/crash.md"))
    parser.add_argument("--pairs", type=int, default=100, help="second kills, during the recovery from a first")
    for role, share in SHARES.items():
        parser.add_argument(f"--{role}", type=int, default=share, metavar="N", help=f"one in N points of {role}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no other point after so many")
    options = parser.parse_args()
    with running_dovecot() as dovecot, running_postgres() as postgres, lanes(dovecot, postgres) as both:
        seen = {role: both[0].clean(role) for role in SHARES}
        plan = _plan({role: every(role, calls) for role, (_, calls) in seen.items()}, options)
        report = Report(len(plan))
        ends = time.monotonic() + options.minutes * 60
        sweep(both, plan, {role: clean for role, (clean, _) in seen.items()}, report, ends=ends)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text("\n".join(report.lines()) + "\n", encoding="utf-8")
    print(*report.lines(), sep="\n")
    return 1 if report.violations or len(report.hit) < 1000 else 0


def _plan(points: dict[str, list[Point]], options: argparse.Namespace) -> list[tuple[Point, Point | None]]:
    chance = random.Random(options.seed)
    single = [point for role in SHARES for point in points[role][:: getattr(options, role)]]
    pairs = [(chance.choice(points["poll"]), chance.choice(points["poll"])) for _ in range(options.pairs)]
    plan = [*((point, None) for point in single), *pairs]
    chance.shuffle(plan)
    return plan


if __name__ == "__main__":
    sys.exit(main())
