"""Numbers of people in what senders wrote, so far hidden that they name nobody and staff still tell them apart.

Mobile and fixed-line numbers, identity cards (GB 11643: 18 characters, or 15 of the old ones) and UnionPay cards.
Numbers of the roster are the office's own and are not touched: they are there to be called. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_GAP: Final = r"[\s-]{0,4}"
_MONTH_AND_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_EDGES: Final = r"(?<![\da-fA-F]){}(?![\da-fA-F])"
"""A number stands for itself: neither inside a longer one nor inside a hash."""

_NUMBERS: Final = tuple(
    re.compile(_EDGES.format(pattern))
    for pattern in (
        rf"[1-8]\d{{5}}((?:19|20)\d\d{_MONTH_AND_DAY})\d{{3}}[\dXx]",
        rf"[1-8]\d{{5}}(\d\d{_MONTH_AND_DAY})\d{{3}}",
        r"62\d\d(\d{8,11})\d{4}",
        rf"(?:(?:\+|00)?86{_GAP})?1[3-9]\d({_GAP}\d{{4}}{_GAP})\d{{4}}",
        rf"0\d{{2,3}}({_GAP}\d{{5,6}})\d\d",
    )
)
"""What a number looks like; what is between the parentheses is hidden."""

_NARROW: Final = {ord("\uff10") + digit: str(digit) for digit in range(10)}
"""Full-width digits, as Chinese keyboards type them."""

_UNSHOWN: Final = frozenset({"Cc", "Cf"})
"""Characters that nobody sees: they hide a number from us and from no reader."""


def masked(text: str) -> str:
    """`text` with the middle of every such number replaced by asterisks, one for each character."""
    places = [place for place, char in enumerate(text) if unicodedata.category(char) not in _UNSHOWN]
    narrow = "".join(text[place] for place in places).translate(_NARROW)
    found = (match for number in _NUMBERS for match in number.finditer(narrow))
    hidden = {places[at] for match in found for at in range(*match.span(1))}
    return "".join("*" if place in hidden else char for place, char in enumerate(text)) if hidden else text
