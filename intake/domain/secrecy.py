"""Markings of classified papers, as they stand on paper and as people retype them.

The form is that of GB/T 9704-2012: the class, a star, the term ("机密★5年", "绝密★长期", "秘密★解密时间"). A marking is
a form, not a word: who writes about keeping secrets writes the words, and marks nothing.
"""

from __future__ import annotations

import html
import re
import unicodedata
from enum import StrEnum

_STARS = "★☆✦✧✩✪✫✬✭✮✯✰✶✹⋆⭐⭑🌟"
_ASTERISKS = "*⁎∗※"
_CLASS = r"(?P<level>[绝絕]\s*密|[机機]\s*密|[秘祕]\s*密)\s*级?"
_ABOUT = r"(?<!国家)(?<!商业)(?<!技术)(?<!工作)(?<!保守)"
"""Who speaks of state or trade secrets marks nothing, however many stars stand behind."""
_TERM = r"(?:\d+\s*(?:年|个月|天|日)|[一二三四五六七八九十百]+\s*年|长\s*期|解\s*密)"
_OPEN, _SHUT = r"[\[(【〔〖「『]", r"[\])】〕〗」』]"

_STAR = rf"{_OPEN}?\s*[{_STARS}]"
_WITH_TERM = rf"{_CLASS}\s*(?:{_STAR}|[{_ASTERISKS}])\s*{_SHUT}?\s*{_TERM}"
_WITHOUT = rf"{_ABOUT}{_CLASS.replace('level', 'starred')}\s*{_STAR}"
_ON_ITS_LINE = rf"^[^\S\n]*{_CLASS.replace('level', 'lined')}\s*[{_ASTERISKS}][^\S\n]*$"
_STARRED = re.compile(f"{_WITH_TERM}|{_WITHOUT}|{_ON_ITS_LINE}", re.MULTILINE)
"""An asterisk is a star only before a term or where nothing else is on the line: elsewhere it marks what must be filled
in, or what is emphasised."""
_FORM = r"(?:密\s*级|保\s*密\s*等\s*级)\s*(?:[:：为]|\s)\s*"
_CHOICE = r"(?!\s*级?\s*(?:[、/或]\s*[绝絕机機秘祕公非]|□|以下|以上|事项|[绝絕机機秘祕]\s*密))"
_DECLARED = re.compile(rf"{_FORM}(?:[■☑√✓✔]\s*{_CLASS}|{_OPEN}?\s*{_CLASS.replace('level', 'alone')}{_CHOICE})")
"""A form that is filled in. One that offers the classes to choose from is not."""
_BRACKETED = re.compile(rf"{_OPEN}\s*{_CLASS}\s*{_TERM}?\s*{_SHUT}")
_ALONE = re.compile(rf"^\s*{_OPEN}?\s*{_CLASS}\s*{_SHUT}?\s*{_TERM}?\s*{_SHUT}?\s*$")
_NAME = re.compile(rf"^\s*{_CLASS}\s*[{_ASTERISKS}]\s*(?:\.\w+)?$")

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

STAR = _STARS[0]
"""The one of the standard, for readers that find it drawn."""

_SIMPLE = str.maketrans("絕機祕", "绝机秘")
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


def marked_up(source: str) -> Level | None:
    """The class that a page is marked with, or another text with tags, in what is shown or in what is not."""
    told = html.unescape(source)
    found = (marked(each, head=False) for each in (told, _TAG.sub("", told), _TAG.sub(" ", told)))
    return next(filter(None, found), None)


_TAG = re.compile("<[^<>]{0,1000}>")


def named(text: str) -> Level | None:
    """The class that a subject or a file name is marked with, or None: there a bracketed class is one, too."""
    plain = _plain(text)
    found = _STARRED.search(plain) or _DECLARED.search(plain) or _BRACKETED.search(plain) or _NAME.search(plain)
    return _level(found) if found else None


def _at_the_head(text: str) -> Level | None:
    lines = [line for line in _plain(text).splitlines() if line.strip()]
    matches = (_ALONE.match(line) for line in lines[:HEAD_LINES])
    return next((_level(found) for found in matches if found), None)


def _plain(text: str) -> str:
    """Full-width and compatibility forms as plain ones, and nothing that cannot be seen."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e\u3164\ufe00-\ufe0f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""Characters without width, and those that say how a star is to be drawn."""


def _level(found: re.Match[str]) -> Level:
    name = next(filter(None, found.groups()))
    return _LEVELS["".join(name.split()).translate(_SIMPLE)]
