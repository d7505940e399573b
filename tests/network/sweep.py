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
    """What a sweep came to, by kind of fault. `polls` counts how many polls it took after the one that was struck."""

    letters: int
    tried: Counter[Kind] = field(default_factory=Counter)
    struck: int = 0
    polls: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    doubled: Counter[Kind] = field(default_factory=Counter)
    failed: Counter[Kind] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, result: Result) -> None:
        assert result.fault
        kind = result.fault.kind
        self.tried[kind] += 1
        self.struck += result.struck
        self.polls[kind, result.polls] += 1
        self.doubled[kind] += max(0, result.copies - self.letters)
        if result.wrong:
            self.failed[kind] += 1
            self.wrong.append(str(result))

    def row(self, kind: Kind) -> str:
        """Cells of a table: places, polls, letters that arrived twice, violations."""
        polls = ", ".join(f"{count}: {self.polls[kind, count]}" for count in range(4) if self.polls[kind, count])
        return f"{self.tried[kind]} | {polls} | {self.doubled[kind]} | {self.failed[kind]}"


def sweep(trials: Trials, line: Line, which: Iterable[Fault], *, letters: int, tls: bool, told: bool = False) -> Tally:
    """Try them all."""
    tally, began = Tally(letters), time.monotonic()
    for fault in which:
        if not makes_sense(line, fault, tls=tls):
            continue
        tally.add(trials.strike(line, fault))
        tally.seconds = time.monotonic() - began
        if told and tally.tried.total() % PROGRESS == 0:
            told_so_far = f"{tally.tried.total()} faults, {len(tally.wrong)} violations, {tally.seconds:.0f} s"
            print(f"{line}{' over TLS' if tls else ''}: {told_so_far}", file=sys.stderr, flush=True)
    return tally
