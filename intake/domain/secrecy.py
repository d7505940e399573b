"""Markings of classified papers, as they stand on paper and as people retype them.

The form is that of GB/T 9704-2012: the class, a star, the term ("机密★5年", "绝密★长期", "秘密★解密时间"). A marking is
a form, not a word: who writes about keeping secrets writes the words, and marks nothing.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

_STARS = "★☆✦✧✩✪✫✬✭✮✯✰⋆⭐🌟"
_CLASS = r"(?P<level>绝\s*密|机\s*密|秘\s*密)\s*级?"
_TERM = r"(?:\d+\s*(?:年|个月|天|日)|[一二三四五六七八九十百]+\s*年|长\s*期|解\s*密)"
_OPEN, _SHUT = r"[\[(【〔〖「『]", r"[\])】〕〗」』]"

_STARRED = re.compile(rf"{_CLASS}\s*(?:[{_STARS}]|(?<!\*)\*\s*(?:{_TERM}|$))", re.MULTILINE)
"""An asterisk is a star only before a term or at the end of a line: elsewhere people use it for emphasis."""
_DECLARED = re.compile(rf"密\s*级\s*(?:[:：]|\s)\s*(?:{_OPEN}|[■☑√✓✔])?\s*{_CLASS}(?!\s*[、/或])")
"""A form that is filled in. One that offers the classes to choose from is not."""
_BRACKETED = re.compile(rf"{_OPEN}\s*{_CLASS}\s*{_TERM}?\s*{_SHUT}")
_ALONE = re.compile(rf"^\s*{_OPEN}?\s*{_CLASS}\s*{_SHUT}?\s*{_TERM}?\s*{_SHUT}?\s*$")

HEAD_LINES = 10
"""Lines of a paper that are not empty, among which one that says nothing but the class is its marking."""

_CAREFUL = 1 << 20
"""Characters that are searched at a time, with some overlap: no pattern looks further than a line."""
_OVERLAP = 200


class Level(StrEnum):
    """The three classes, the highest first."""

    TOP_SECRET = "top-secret"  # noqa: S105 - a class, no password
    SECRET = "secret"  # noqa: S105 - likewise
    CONFIDENTIAL = "confidential"


LAST_CHARACTER = "密"
"""How the word for each class ends: who looks through much looks for it first."""

_LEVELS = {"绝密": Level.TOP_SECRET, "机密": Level.SECRET, "秘密": Level.CONFIDENTIAL}


def marked(text: str, *, head: bool = True) -> Level | None:
    """The class that running text (of a mail, of a document) is marked with, or None.

    Without `head` a line that says nothing but the class is none: among the cells of a table it is a choice.
    """
    for start in range(0, max(len(text), 1), _CAREFUL):
        plain = _plain(text[start : start + _CAREFUL + _OVERLAP])
        found = _STARRED.search(plain) or _DECLARED.search(plain)
        if found:
            return _level(found)
    return _at_the_head(text[: HEAD_LINES * _OVERLAP]) if head else None


def named(text: str) -> Level | None:
    """The class that a subject or a file name is marked with, or None: there a bracketed class is one, too."""
    plain = _plain(text)
    found = _STARRED.search(plain) or _DECLARED.search(plain) or _BRACKETED.search(plain)
    return _level(found) if found else None


def _at_the_head(text: str) -> Level | None:
    lines = [line for line in _plain(text).splitlines() if line.strip()]
    matches = (_ALONE.match(line) for line in lines[:HEAD_LINES])
    return next((_level(found) for found in matches if found), None)


def _plain(text: str) -> str:
    """Full-width and compatibility forms as plain ones, and nothing that cannot be seen."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0e\ufe0f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""Characters without width, and those that say how a star is to be drawn."""


def _level(found: re.Match[str]) -> Level:
    return _LEVELS["".join(found["level"].split())]
