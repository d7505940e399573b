"""Text on its way out of a document: collected under a cap, counted whole, kept only in part."""

from __future__ import annotations

import re
from typing import Final

from intake.adapters.inspection.outcome import Exceeded, Note
from intake.domain.material import Condition, Facts
from intake.domain.secrecy import marked

BEGINNING: Final = 4_000
END: Final = 1_000
_CAP: Final = 4 << 20
_CHARACTERS_OF_A_PAGE: Final = 10

# Surrogates and control characters other than line ends and tabs: no database and no letter takes them.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Gathered:
    """Pieces of text. `add` raises Exceeded beyond 4 Mi characters."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> None:
        self._size += len(piece)
        if self._size > _CAP:
            raise Exceeded(Note.TOO_LARGE)
        self._pieces.append(piece)

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


def _excerpt(text: str) -> str:
    """Enough to see whose document it is: the title and the opening, the signature and the date."""
    if len(text) <= BEGINNING + END:
        return text
    return f"{text[:BEGINNING]}\n{text[-END:]}"
