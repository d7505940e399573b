"""The stateful proof at length: `make stateful`. Seeds are told, so that a run can be had once more."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.servers.postgres import binaries
from tests.stateful.mutants import MUTANTS
from tests.stateful.proof import MOST, Run, apart

SHARE = 250
"""Examples of one seed: what hypothesis learns in a run is forgotten with it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stateful", description=__doc__)
    parser.add_argument("--examples", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--on-postgres", type=int, default=500, metavar="EXAMPLES")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next ones count up")
    parser.add_argument("--report", type=Path, default=Path("build/stateful.md"))
    options = parser.parse_args()
    began = time.monotonic()
    seeds = iter(range(options.seed, options.seed + 10_000))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        mutants = {name: pool.submit(apart, MOST, options.steps, next(seeds), False, name) for name in MUTANTS}
        sizes = [*_shares(options.examples, False), *(_shares(options.on_postgres, True) if binaries() else [])]
        runs = [(postgres, pool.submit(apart, size, options.steps, next(seeds), postgres)) for size, postgres in sizes]
        found = {name: each.result() for name, each in mutants.items()}
        done = [(postgres, each.result()) for postgres, each in runs]
    told = "\n".join(_lines(options, found, done, (time.monotonic() - began) / 60))
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(told + "\n", encoding="utf-8")
    print(told)
    failed = any(run.failure for _, run in done) or not all(run.found for run in found.values())
    return 1 if failed else 0


def _shares(examples: int, postgres: bool) -> Iterator[tuple[int, bool]]:
    for start in range(0, examples, SHARE):
        yield min(SHARE, examples - start), postgres


def _lines(
    options: argparse.Namespace, mutants: dict[str, Run], runs: list[tuple[bool, Run]], minutes: float
) -> Iterator[str]:
    """The figures, in Markdown."""
    names = ("examples", "steps", "mails", "polls", "deaths", "letters", "twice")
    yield f"| records in | {' | '.join(names)} | violations |"
    yield "|---" * (len(names) + 2) + "|"
    for postgres, where in ((False, "SQLite"), (True, "PostgreSQL")):
        figures: Counter[str] = sum((run.figures for on, run in runs if on is postgres), Counter())
        failures = sum(run.failure is not None for on, run in runs if on is postgres)
        yield f"| {where} | {' | '.join(str(figures[name]) for name in names)} | {failures} |"
    yield ""
    yield "| seeded mistake | examples until it was found |"
    yield "|---|---|"
    for name, run in mutants.items():
        yield f"| {name} | {run.figures['begun'] if run.found else 'not found'} |"
    yield ""
    yield f"Seeds from {options.seed}, {options.steps} steps, {minutes:.0f} minutes in all."
    yield from (f"\n```\n{run.failure}\n```" for _, run in runs if run.failure)


if __name__ == "__main__":
    sys.exit(main())
