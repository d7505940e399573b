"""Characters that nobody sees, with which a name can be made to look like another and a number to be none. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs"})
"""Control, format (bidi, zero-width, tags) and surrogate code points. Private use and unassigned ones stay:
rare characters in names live there before fonts and tables know them."""

_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Default_Ignorable_Code_Point (Unicode 15.1, DerivedCoreProperties) of other categories, and the Braille blank. The
variation selectors of ideographs (U+E0100 to U+E01EF) stay: names need them."""


def is_unseen(char: str) -> bool:
    """Whether a reader does not see this character at all."""
    return unicodedata.category(char) in _CATEGORIES or _IGNORABLE.match(char) is not None
