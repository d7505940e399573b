"""Looks at pages, calendars, scripts and other texts that are not told, only for markings of classified papers."""

from __future__ import annotations

from typing import BinaryIO, Final

from intake.adapters.inspection.plain import decoded
from intake.domain.material import Condition, Facts
from intake.domain.secrecy import marked_up

_MOST: Final = 4 << 20


def measure(file: BinaryIO, _: str) -> Facts:
    """Facts of a text of which nothing else is asked."""
    return Facts(Condition.SOUND, marked=marked_up(decoded(file.read(_MOST))) is not None)
