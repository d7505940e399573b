"""What a sweep came to, as figures and as a file."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.crash.points import Point
from tests.crash.sweep import Tried

EVERY = 25
"""Points between two lines of progress."""


@dataclass
class Report:
    """Hears of every point that was tried, tells how far it is, and sums up."""

    planned: int
    began: float = field(default_factory=time.monotonic)
    tried: list[Tried] = field(default_factory=list)

    def __call__(self, tried: Tried) -> None:
        self.tried.append(tried)
        if tried.wrong:
            print(f"VIOLATION {_named(tried)}", *tried.wrong, sep="\n  ", file=sys.stderr, flush=True)
        if len(self.tried) % EVERY == 0 or len(self.tried) == self.planned:
            told = f"{len(self.tried)} of {self.planned} points, {len(self.hit)} hit, {len(self.violations)} violations"
            print(f"{self.seconds:6.0f} s  {told}", file=sys.stderr, flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def hit(self) -> set[tuple[Point, Point | None]]:
        """Different points at which something was really killed; a pair counts where both were."""
        return {(each.point, each.again) for each in self.tried if len(each.hits) > (each.again is not None)}

    @property
    def violations(self) -> list[str]:
        return [f"{_named(each)}: {told}" for each in self.tried for told in each.wrong]

    def lines(self) -> Iterator[str]:
        """The figures, in Markdown."""
        single = [point for point, again in self.hit if again is None]
        names: defaultdict[str, list[str]] = defaultdict(list)
        for point in single:
            names[point.role].append(point.name)
        yield "| role | points killed at | names of calls |"
        yield "|---|---|---|"
        for role, found in sorted(names.items()):
            yield f"| {role} | {len(found)} | {len(set(found))} |"
        yield ""
        yield f"Killed once: {len(single)} different points. Killed twice: {len(self.hit) - len(single)} pairs."
        doubted, doubled = (sum(numbers) for numbers in zip(*((t.doubted, t.doubled) for t in self.tried), strict=True))
        yield f"Violations: {len(self.violations)}. Letters sent once more: {doubted}, which had arrived: {doubled}."
        busy = sum(each.seconds for each in self.tried) / max(1, len(self.tried))
        yield f"{busy:.2f} s per point on its lane, {self.seconds / 60:.1f} min in all."
        yield from (f"- {told}" for told in self.violations)
        yield from _by_name(single)


def _by_name(points: list[Point]) -> Iterator[str]:
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for point in points:
        counts[point.role, point.name] += 1
    yield ""
    yield "| role | call | points |"
    yield "|---|---|---|"
    yield from (f"| {role} | {name} | {number} |" for (role, name), number in sorted(counts.items()))


def _named(tried: Tried) -> str:
    where = " ".join(call.words[:100] for call in tried.hits)
    return f"{tried.point}{f' then {tried.again}' if tried.again else ''} at {where}"
