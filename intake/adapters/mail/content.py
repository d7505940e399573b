"""What the leaves of a mail are: text that is shown in place, or materials. No leaf is neither.

Own code, because mail-parser 4.8 knows attachments by their name or disposition only; 33 of 476 images in mail
of Chinese providers have neither, and many a text carries a whole file in uuencode.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from intake.adapters.mail.bounds import MAX_MATERIALS
from intake.adapters.mail.headers import words
from intake.adapters.mail.leaf import Leaf
from intake.adapters.mail.names import base_name, name_of, origin_of
from intake.adapters.mail.parameters import filename, parameter
from intake.adapters.mail.splitter import TOO_MANY
from intake.adapters.mail.store import Store
from intake.adapters.mail.text import Text, read_text
from intake.adapters.mail.uuencode import separated
from intake.domain.material import Material

MAX_TEXT = 1 << 20
"""Octets of text that are read in all; a longer text is a material as well."""

_SHOWN = frozenset({"text/plain", "text/html"})
_FILE_MARKS = (b"%PDF-", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG", b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf")
_WIDE = ("utf-16", "utf-32", "ucs-2", "unicode")


class Content:
    """Takes the leaves of a mail in order. Collects texts, materials, and defects of both."""

    def __init__(self, store: Store) -> None:
        self.texts: list[tuple[Leaf, Text]] = []
        self.materials: list[Material] = []
        self.defects: list[str] = []
        self._store = store
        self._room = MAX_TEXT

    def take(self, leaf: Leaf) -> None:
        """Make the leaf a text, a material, or both."""
        if not is_text_body(leaf) or not self._take_text(leaf):
            self._take_material(leaf)

    def _take_text(self, leaf: Leaf) -> bool:
        """Read a text leaf and the files in it; whether that is all of it."""
        text = bytearray()
        for file, pieces in groupby(separated(leaf.octets()), key=lambda piece: piece[0]):
            if file is not None:
                self._add(leaf, base_name(file.name), (piece for _file, piece in pieces))
                continue
            for _file, piece in pieces:
                text += piece[: max(0, self._room + 1 - len(text))]
        octets = bytes(text)
        if _is_binary(leaf, octets):
            self._note("file declared as text")
            return False
        whole = len(octets) <= self._room
        if not whole:
            self._note("text too long")
        self._read(leaf, octets if whole else _to_line_end(octets[: self._room]))
        return whole

    def _read(self, leaf: Leaf, octets: bytes) -> None:
        text = read_text(leaf, octets)
        self._room -= len(octets)
        self.texts.append((leaf, text))
        if "\ufffd" in text.shown:
            self._note("lossy text")

    def _take_material(self, leaf: Leaf) -> None:
        if leaf.end == leaf.start and not filename(leaf.head) and disposition(leaf) != "attachment":
            return
        self._add(leaf, "", leaf.octets())

    def _add(self, leaf: Leaf, name: str, octets: Iterable[bytes]) -> None:
        if len(self.materials) >= MAX_MATERIALS:
            self._note(TOO_MANY)
            return
        blob = self._store.keep(octets)
        name = name or name_of(leaf.head, leaf.kind, len(self.materials) + 1)
        content_id = leaf.head.first("content-id")
        if "\ufffd" in name:
            self._note("lossy file name")
        self.materials.append(
            Material(
                origin=origin_of(leaf.forwarded, name),
                filename=name,
                sha256=blob.sha256,
                size=blob.size,
                declared_type=leaf.kind,
                disposition=disposition(leaf),
                content_id=words(content_id).strip("<> ") if content_id else None,
            )
        )

    def _note(self, defect: str) -> None:
        if defect not in self.defects:
            self.defects.append(defect)


def is_text_body(leaf: Leaf) -> bool:
    """Text of the mail itself, shown in place: not forwarded, not named, not declared an attachment."""
    return leaf.kind in _SHOWN and not leaf.forwarded and disposition(leaf) != "attachment" and not filename(leaf.head)


def disposition(leaf: Leaf) -> str | None:
    """The Content-Disposition without its parameters, in lower case."""
    octets = leaf.head.first("content-disposition")
    return octets.split(b";")[0].strip().lower().decode("latin-1")[:100] or None


def _is_binary(leaf: Leaf, octets: bytes) -> bool:
    """Whether what is declared as text plainly is a file."""
    charset = parameter(leaf.head.first("content-type"), "charset").lower()
    return octets.startswith(_FILE_MARKS) or (b"\0" in octets[:1000] and not charset.startswith(_WIDE))


def _to_line_end(octets: bytes) -> bytes:
    """Cut text is cut at a line, so that no character is torn."""
    return octets[: octets.rfind(b"\n") + 1] or octets
