"""Foreign text for places that would obey it: terminals, logs. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with control, direction, format and line breaking characters escaped as in Python source."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
