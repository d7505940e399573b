"""Delimiter lines of multiparts in a spooled mail (RFC 2046 section 5.1.1), and boundaries that nobody declared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from intake.adapters.mail.headers import Head
from intake.adapters.mail.parameters import parameter, parameters
from intake.adapters.mail.spool import Spool

LONGEST_BOUNDARY = 300
"""RFC 2046 allows 70."""
_REACH = LONGEST_BOUNDARY + 300
_GUESSED_IN = 64 << 10
"""Octets at the beginning of a body in which an undeclared boundary is looked for."""

_LINE_END = rb"(?:\r\n|\n|\r)"
_GUESS = rb"--(?P<mark>[^\r\n]{1,200}?)[ \t]*" + _LINE_END + rb"Content-[A-Za-z-]+[ \t]*:"
_DELIMITER_LIKE = re.compile(rb"(?<![^\r\n])" + _GUESS, re.IGNORECASE)
_MULTIPART_LIKE = re.compile(rb"\s*(?:This is a multi-?part [^\r\n]*\s+)?" + _GUESS, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delimiter:
    """A delimiter line: what stands before it ends at `cut`, what follows begins at `after`; `index` tells whose."""

    cut: int
    after: int
    index: int
    closing: bool


def declared_boundary(head: Head) -> bytes:
    """The boundary that a multipart declares, or nothing. A second Content-Type counts where the first has none.

    Of one that is longer than LONGEST_BOUNDARY the beginning, which is longer, too.
    """
    for octets in head.values("content-type"):
        plain = [value for name, value in parameters(octets) if name == "boundary"]
        mark = plain[0] if plain else parameter(octets, "boundary").encode()
        if mark.strip():
            return mark[: LONGEST_BOUNDARY + 1].rstrip()
    return b""


def guessed_boundary(spool: Spool, start: int, end: int) -> bytes:
    """The boundary that a body plainly uses, whatever its header says; or nothing."""
    match = _DELIMITER_LIKE.search(spool.read(start, min(end, start + _GUESSED_IN)))
    return match["mark"] if match else b""


def looks_multipart(spool: Spool, start: int) -> bool:
    """Whether a body without any Content-Type begins like a multipart."""
    return bool(_MULTIPART_LIKE.match(spool.read(start, start + _GUESSED_IN)))


def next_delimiter(spool: Spool, start: int, boundaries: Sequence[bytes]) -> Delimiter | None:
    """The next delimiter line of any of the boundaries at or after `start`; of equal ones the first counts."""
    if not boundaries:
        return None
    pattern = _pattern(tuple(boundaries))
    for offset, window, new in spool.windows(start, _REACH):
        if not any(b"--" + each in window for each in boundaries):
            continue
        match = pattern.search(window, 0 if offset == start else 1)
        if match and match.start() < new:
            hit = offset + match.start()
            cut = hit - _line_break_before(spool, start, hit)
            index = next(index for index, mark in enumerate(match.groups()) if mark is not None)
            return Delimiter(cut, offset + match.end(), index, bool(match["closing"]))
    return None


@lru_cache(maxsize=256)
def _pattern(boundaries: tuple[bytes, ...]) -> re.Pattern[bytes]:
    marks = b"|".join(b"(%s)" % re.escape(each) for each in boundaries)
    return re.compile(rb"(?<![^\r\n])--(?:%s)(?P<closing>--)?[ \t]{0,200}(?:\r\n|\n|\r|\Z)" % marks)


def _line_break_before(spool: Spool, start: int, hit: int) -> int:
    """The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    before = spool.read(max(start, hit - 2), hit)
    return 2 if before.endswith(b"\r\n") else 1 if before.endswith((b"\r", b"\n")) else 0
