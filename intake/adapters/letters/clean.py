"""Make a sender's words fit to be shown: one line, no control, no direction or zero-width trick, not endless."""

from __future__ import annotations

from intake.domain.unseen import is_unseen

_AMPLE = 20
"""So many times the characters that are shown are looked at, at either end: a subject may have a million."""


def clean(text: str, limit: int = 80) -> str:
    """`text` as one line of at most `limit` characters, the middle cut out; an empty result stays empty."""
    if len(text) > 2 * _AMPLE * limit:
        text = text[: _AMPLE * limit] + text[-_AMPLE * limit :]
    line = "".join(" " if char.isspace() else char for char in text)
    shown = "".join(char for char in line if not is_unseen(char) and not _is_noncharacter(char))
    return _cut(" ".join(shown.split()), limit)


def _is_noncharacter(char: str) -> bool:
    """Code points that no XML file may hold (XML 1.0 section 2.2)."""
    return ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF


def _cut(line: str, limit: int) -> str:
    if len(line) <= limit:
        return line
    tail = (limit - 1) // 2
    return f"{line[: limit - 1 - tail]}…{line[-tail:]}"
