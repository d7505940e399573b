"""Looks through the parts of packages for markings: all that they say, wherever it stands, in one pass and no memory.

What a document says as its reader sees it is for packages.py; a marking also stands in headers and notes, in cells,
sheet names and slides, in watermarks, properties and comments, in what was deleted.
"""

from __future__ import annotations

import re
from typing import Final

from intake.adapters.inspection.text import Sought
from intake.domain.secrecy import LAST_CHARACTER, STAR

PART: Final = re.compile(r"(?i).+\.(xml|vml)")
"""Names of parts that are looked through."""

# Where a line that says nothing but the class is a marking; among cells, properties and styles it is a choice.
_PAPER: Final = re.compile(
    r"(?i)word/(header|footer|footnotes|endnotes|comments|(glossary|diagrams|charts)/[^/]+?)\d*\.xml"
    r"|ppt/(slides|slideMasters|slideLayouts|notesSlides|handoutMasters|notesMasters|comments|diagrams|charts)/[^/]+\.xml"
)
# ECMA-376 part 1 section 18.3.1.39: fonts, sizes and places amid what a header says.
_CODES: Final = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|[A-Za-z]|\d{1,3})')
_INLINE: Final = frozenset({"t", "delText", "span", "a", "r", "s", "tab"})
_LINES: Final = frozenset({"p", "h", "br", "cr", "line-break", "si", "c", "comment", "TextObject"})
_TELLING: Final = frozenset({"string", "name", "val", "descr", "title"})
"""Attributes that say what is drawn, or what something is called."""
_STARS: Final = frozenset({"F0AB", "F0B6"})
"""Characters of the font Wingdings, which Word puts in as symbols."""


class Seeker:
    """Handlers for the elements of one part."""

    def __init__(self, part: str) -> None:
        codes = _CODES if part.lower().startswith("xl/") else None
        self._sought = Sought(head=_PAPER.fullmatch(part) is not None, codes=codes)
        self._spoken: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._spoken.append(False)
        for key, value in attributes.items():
            local = key.rpartition(" ")[2]
            if local in _TELLING and LAST_CHARACTER in value:
                self._sought.add(f"\n{value}\n")
            elif name == "sym" and local == "char" and value.upper() in _STARS:
                self._sought.add(STAR)

    def characters(self, text: str) -> None:
        if not (text.isspace() and "\n" in text):  # which only sets elements apart
            self._spoken[-1] = True
            self._sought.add(text)

    def end(self, name: str) -> None:
        spoken = self._spoken.pop()
        if name in _LINES or (spoken and name not in _INLINE):
            self._sought.add("\n")

    def found(self) -> bool:
        """Whether a marking stands in what was heard."""
        return self._sought.found()
