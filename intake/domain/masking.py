"""Numbers of people in what senders wrote, so far hidden that they name nobody and staff still tell them apart.

Mobile and fixed-line numbers, identity cards (GB 11643: 18 characters, or 15 of the old ones) and UnionPay cards,
in one piece or in the groups in which people write them. Numbers of the roster are the office's own and are not
touched: they are there to be called. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from intake.domain.unseen import is_unseen

_SIGN: Final = r"[\s.·•・\-‐‒–—―−_()]"
_GAP: Final = _SIGN + "{0,4}"
_CUT: Final = _SIGN + "{1,4}"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12]\d|3[01])"
_PROVINCE: Final = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_NO_DATE: Final = rf"(?!_20[0-3]\d_?{_MONTH}{_DAY})"
"""Cameras and clerks write a number, a low line and the day: 150_20240611."""
_MOBILE: Final = rf"(?:(?:\+|00)?86{_GAP})?0?1[3-9]\d{_NO_DATE}"
_SHORT_AREA: Final = r"(?:10|2\d)"
_LONG_AREA: Final = r"[3-9]\d\d"
_ABROAD: Final = rf"(?:(?:\+|00)86{_GAP}|86{_CUT})"

_NUMBERS: Final = tuple(
    re.compile(rf"(?<!\d){pattern}(?!\d)")
    for pattern in (
        rf"{_PROVINCE}\d\d{_GAP}\d\d({_GAP}(?:19|20){_GAP}\d\d{_GAP}{_MONTH}{_GAP}{_DAY}{_GAP})\d\d{_GAP}\d[\dXx]",
        rf"{_PROVINCE}\d{{4}}({_GAP}\d\d{_MONTH}{_DAY}{_GAP})\d{{3}}",
        rf"62\d\d((?:{_GAP}\d){{8,11}}{_GAP})\d(?:{_GAP}\d){{3}}",
        rf"{_MOBILE}({_GAP}\d{{4}}{_GAP})\d{{4}}",
        rf"{_MOBILE}({_CUT}\d{{3}}{_CUT}\d)\d{{4}}",
        rf"{_MOBILE}({_CUT}\d{{4}})\d{_CUT}\d{{3}}",
        rf"{_MOBILE}({_CUT}\d\d{_CUT}\d\d{_CUT})\d\d{_CUT}\d\d",
        rf"(?:0|{_ABROAD})(?:{_SHORT_AREA}|{_LONG_AREA}){_NO_DATE}({_GAP}\d{{5,6}})\d\d",
        rf"(?:0|{_ABROAD}){_SHORT_AREA}{_NO_DATE}({_GAP}\d{{4}}{_CUT}\d\d)\d\d",
        rf"(?:0|{_ABROAD}){_LONG_AREA}({_GAP}\d{{3}}{_CUT}\d\d)\d\d",
    )
)
"""What a number looks like, inside no longer one; what is between the parentheses is hidden."""

_HASH: Final = re.compile(r"[\da-fA-F]{32,}")
"""What is no number of anybody, whatever digits follow each other in it."""

_MARKS: Final = frozenset({"Mn", "Me"})
"""Marks on other characters: like what nobody sees, they hide a number from us and from no reader."""


def masked(text: str) -> str:
    """`text` with the middle of every such number replaced by asterisks, one for each character."""
    shown = [place for place, char in enumerate(text) if char.isspace() or not _is_passed_over(char)]
    hidden = set(_hidden(text, shown))
    if len(shown) < len(text):
        hidden.update(_hidden(text, range(len(text))))
    return "".join("*" if place in hidden else char for place, char in enumerate(text)) if hidden else text


def _is_passed_over(char: str) -> bool:
    return is_unseen(char) or unicodedata.category(char) in _MARKS


def _hidden(text: str, places: Iterable[int]) -> Iterator[int]:
    """Of what stands at these places, those that are to be hidden."""
    plain = [(char, place) for place in places for char in _plain(text[place])]
    read = "".join(char for char, _place in plain)
    hashes = [match.span() for match in _HASH.finditer(read)]
    for number in _NUMBERS:
        for match in number.finditer(read):
            if not any(start <= match.start() and match.end() <= end for start, end in hashes):
                yield from (plain[at][1] for at in range(*match.span(1)))


def _plain(char: str) -> str:
    """A digit of any script as the digit it is, other signs in their usual form; but no ² becomes a 2."""
    digit = unicodedata.decimal(char, None)
    usual = unicodedata.normalize("NFKC", char) if digit is None else str(digit)
    return char if digit is None and any(map(str.isdigit, usual)) else usual
