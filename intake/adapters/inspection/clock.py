"""How long a stream lasts, told from the timestamps of its packets, and whether these can be believed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

_REORDERING: Final = 1.0
_STEP: Final = 60.0
_PAUSE: Final = 600.0

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
        """Told from the presentation times in their order; None without any timestamp."""
        if not self._shown:
            return None
        shown = sorted(self._shown)
        step = _ordinary_step(shown)
        seconds, clear = _elapsed(shown, step)
        last = min(shown[-1][1] or step, _PAUSE)
        return Span(seconds + last, clear and not _turns_back(self._stored, step))


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


def _turns_back(ticks: Sequence[_Tick], step: float) -> bool:
    """Whether the clock falls behind itself in the order of the file: joined recordings, or wrong timestamps.

    Pictures that are stored out of order fall back by a few steps. More than ten minutes is the way back from a
    leap that has been folded.
    """
    usual = max(_REORDERING, 5 * step)
    return any(usual < before - after <= _PAUSE for (before, _), (after, _) in pairwise(ticks))
