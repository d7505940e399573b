"""Text on its way out of a document: collected under a cap, counted whole, kept only in part."""

from __future__ import annotations

import re
from typing import Final

from intake.adapters.inspection.outcome import Exceeded, Note
from intake.domain.material import Condition, Facts
from intake.domain.secrecy import LAST_CHARACTER, marked

BEGINNING: Final = 4_000
END: Final = 1_000
_CAP: Final = 4 << 20
_PORTION: Final = 1 << 20
_OVERLAP: Final = 200
_CHARACTERS_OF_A_PAGE: Final = 10

# Surrogates and control characters other than line ends and tabs: no database and no letter takes them.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Gathered:
    """Pieces of text. `add` raises Exceeded beyond 4 Mi characters, which tells of a marking in them."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> None:
        self._size += len(piece)
        self._pieces.append(piece)
        if self._size > _CAP:
            raise Exceeded(Note.TOO_LARGE, marked=self.is_marked())

    def facts(self, pages: int | None = None) -> Facts:
        """A sound document. `text_length` counts all characters except white space; a scan has under 10 a page."""
        whole = self._whole()
        length = sum(map(len, whole.split()))
        scanned = length < _CHARACTERS_OF_A_PAGE * (pages or 0)
        secret = marked(whole) is not None
        return Facts(
            Condition.SOUND, pages=pages, text=_excerpt(whole), text_length=length, scanned=scanned, marked=secret
        )

    def is_marked(self, *, head: bool = True) -> bool:
        """Whether a marking of classified papers stands in it: `head` as secrecy.marked."""
        return marked(self._whole(), head=head) is not None

    def _whole(self) -> str:
        return _UNFIT.sub("", "".join(self._pieces)).strip()


class Sought:
    """Text that is searched for a marking while it comes in, however much it is: a portion at a time is kept.

    `head` as secrecy.marked; `codes` are what may stand within a marking and is no text.
    """

    def __init__(self, *, head: bool, codes: re.Pattern[str] | None = None) -> None:
        self._head = head
        self._codes = codes
        self._pieces: list[str] = []
        self._size = 0
        self._found = False

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > _PORTION:
            self._search()

    def found(self) -> bool:
        """Whether a marking stands in what came in so far."""
        self._search()
        return self._found

    def _search(self) -> None:
        text = _UNFIT.sub("", "".join(self._pieces))
        plain = self._codes.sub("", text) if self._codes else text
        self._found = self._found or any(marked(each, head=self._head) for each in dict.fromkeys((text, plain)))
        self._head = False
        self._pieces = [text[-_OVERLAP:]]
        self._size = len(self._pieces[0])


def is_marked_wide(octets: bytes, encoding: str = "utf-16-le") -> bool:
    """Whether a marking stands among octets of UTF-16 and others.

    Looks only around the second character of every class; between the strings lies what is no text.
    """
    found = re.finditer(re.escape(LAST_CHARACTER.encode(encoding)), octets)
    around = (octets[max(at.start() - 32, at.start() & 1) : at.start() + 96] for at in found)
    return any(marked(each.decode(encoding, "replace"), head=False) for each in around)


def _excerpt(text: str) -> str:
    """Enough to see whose document it is: the title and the opening, the signature and the date."""
    if len(text) <= BEGINNING + END:
        return text
    return f"{text[:BEGINNING]}\n{text[-END:]}"
