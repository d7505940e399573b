"""Faults at the octets of a session, one after the other, and what came of all of them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.network.trial import Line, Result, Trials
from tests.servers.proxy import GARBLING, Fault, Kind, Way

BREAKING = tuple(kind for kind in Kind if kind not in GARBLING)
PROGRESS = 250


def faults(lengths: dict[Way, int], kinds: Iterable[Kind], step: int, *, in_turn: bool) -> Iterator[Fault]:
    """Every kind at every `step`-th octet of both directions; `in_turn`, each octet has the next kind only."""
    kinds = tuple(kinds)
    number = 0
    for way, length in lengths.items():
        for offset in range(0, length, step):
            for kind in (kinds[number % len(kinds)],) if in_turn else kinds:
                yield Fault(kind, way, offset)
            number += 1


def makes_sense(line: Line, fault: Fault, *, tls: bool) -> bool:
    """Whether anybody but TLS could notice: a letter that is altered on its way out arrives as another letter."""
    return tls or fault.kind not in GARBLING or line is Line.IMAP or fault.way is Way.DOWN


@dataclass
class Tally:
    """What a sweep came to. `polls` counts how many clean polls it took, `doubled` letters that arrived twice."""

    tried: Counter[Kind] = field(default_factory=Counter)
    struck: int = 0
    polls: Counter[int] = field(default_factory=Counter)
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, result: Result, letters: int) -> None:
        assert result.fault
        self.tried[result.fault.kind] += 1
        self.struck += result.struck
        self.polls[result.polls] += 1
        self.doubled += max(0, result.copies - letters)
        if result.wrong:
            self.wrong.append(str(result))

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind.name} {count}" for kind, count in sorted(self.tried.items()))
        polls = ", ".join(f"{count} after {number}" for number, count in sorted(self.polls.items()))
        return (
            f"{self.tried.total()} faults ({kinds}), {self.struck} struck; all well with no clean poll more or after "
            f"some: {polls}; letters twice {self.doubled}; violations {len(self.wrong)}; {self.seconds:.0f} s"
        )


def sweep(trials: Trials, line: Line, which: Iterable[Fault], *, letters: int, tls: bool, told: bool = False) -> Tally:
    """Try them all."""
    tally, began = Tally(), time.monotonic()
    for fault in which:
        if not makes_sense(line, fault, tls=tls):
            continue
        tally.add(trials.strike(line, fault), letters)
        tally.seconds = time.monotonic() - began
        if told and tally.tried.total() % PROGRESS == 0:
            print(line, tally, file=sys.stderr, flush=True)
    return tally
