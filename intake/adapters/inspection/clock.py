"""How long a stream lasts, told from the timestamps of its packets, and whether these can be believed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

_WALK: Final = 1.0
_STEP: Final = 60.0
_PAUSE: Final = 600.0
_DISAGREEMENT: Final = 2.0
_DISAGREEMENT_SHARE: Final = 0.02

_Tick: TypeAlias = tuple[float, float]
"""When a packet begins, and how long it says it lasts (0: it does not say). Seconds."""


class Span(NamedTuple):
    """`seconds` from the first packet to the end of the last; `steady`: the clock raises no doubt."""

    seconds: float
    steady: bool


class Clock:
    """The timestamps of one stream, in the order of the file.

    Broken files and joined recordings make the clock leap. A leap of more than ten minutes is a fault and counts
    as one ordinary step; up to one minute it is time. In between it is time if the packet before says that it lasts
    so long (a slide on show), and else nobody can tell.
    """

    def __init__(self) -> None:
        self._shown: list[_Tick] = []
        self._stored: list[_Tick] = []

    def add(self, shown: float | None, stored: float | None, lasts: float) -> None:
        """A packet: presentation and decoding time in seconds, where it has them, and its own duration."""
        if shown is None and stored is None:
            return
        self._shown.append((_first(shown, stored), lasts))
        self._stored.append((_first(stored, shown), lasts))

    def span(self) -> Span | None:
        """None without any timestamp.

        Told from the presentation times in their order. Going through the file as it is stored takes as long, or
        less; longer only where a clock starts anew in the middle (joined recordings): then nobody can tell.
        """
        if not self._shown:
            return None
        shown = sorted(self._shown)
        step = _ordinary_step(shown)
        seconds, clear = _elapsed(shown, step)
        seconds += min(shown[-1][1] or step, _PAUSE)
        once = _traversed(self._stored, step) <= seconds + max(_DISAGREEMENT, _DISAGREEMENT_SHARE * seconds)
        return Span(seconds, clear and once)


def _first(*times: float | None) -> float:
    return next(time for time in times if time is not None)


def _ordinary_step(ticks: Sequence[_Tick]) -> float:
    gaps = [after - before for (before, _), (after, _) in pairwise(ticks)]
    return statistics.median(gaps) if gaps else 0.0


def _elapsed(ticks: Sequence[_Tick], step: float) -> tuple[float, bool]:
    """Seconds from the first to the last of sorted ticks, leaps folded; and whether every leap was beyond doubt."""
    total, clear = 0.0, True
    for (before, lasts), (after, _) in pairwise(ticks):
        gap = after - before
        declared = lasts * 2 >= gap > _STEP
        if gap <= _STEP or (declared and gap <= _PAUSE):
            total += gap
        else:
            total += step
            clear = clear and not declared and gap > _PAUSE
    return total, clear


def _traversed(ticks: Sequence[_Tick], step: float) -> float:
    """Seconds walked forward in the order of the file, in ordinary steps only: a lone wrong tick adds nothing."""
    longest = max(_WALK, 5 * step)
    gaps = (after - before for (before, _), (after, _) in pairwise(ticks))
    return sum(gap for gap in gaps if 0 < gap <= longest)
