"""Text of Word 97-2003 documents, which WPS Writer saves as .doc and .wps alike.

Own reader on olefile: of the ready ones, antiword loses characters beyond the BMP and kreuzberg turns Chinese into
code page 1252.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, Final

import olefile

from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.text import Gathered, is_marked_wide
from intake.domain.material import Condition, Facts
from intake.domain.secrecy import marked

_MAX_STREAM: Final = 128 << 20
_MAX_CHARACTERS: Final = 4 << 20
_WORD_97: Final = 0x00C1
_ENCRYPTED, _TABLE_IS_1 = 0x0100, 0x0200
_EIGHT_BIT: Final = 0x4000_0000

# [MS-XLS], [MS-PPT], and subject and body in [MS-OXMSG] section 2.2.3
_TEXTS: Final = frozenset({"Workbook", "Book", "PowerPoint Document", "__substg1.0_0037001F", "__substg1.0_1000001F"})
_FIELD_CODE: Final = re.compile("\x13[^\x13\x14\x15]*\x14?")
_MARKS: Final = {0x07: "\t", 0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x14: None, 0x15: None}


@contextmanager
def _opened(file: BinaryIO) -> Iterator[olefile.OleFileIO]:
    """Every way in which olefile and the reading of its streams report a broken file, as Damaged."""
    try:
        with olefile.OleFileIO(file) as container:
            if container.exists("EncryptedPackage"):
                raise Locked
            yield container
    except (OSError, ValueError, IndexError, AttributeError, TypeError, struct.error) as error:
        raise Damaged(Note.UNREADABLE) from error


def measure(file: BinaryIO, name: str) -> Facts:
    """Facts of a document; raises Locked, Damaged, Exceeded. Of tables and slides: only that they can be opened."""
    with _opened(file) as container:
        return _facts(container) if name == "doc" else _unread(container)


def _unread(container: olefile.OleFileIO) -> Facts:
    """Of tables, slides and Outlook's mails only whether a marking stands in them: their text is UTF-16."""
    streams = [path for path in container.listdir() if path[-1] in _TEXTS]
    return Facts(Condition.SOUND, marked=any(is_marked_wide(_stream(container, path)) for path in streams))


def _facts(container: olefile.OleFileIO) -> Facts:
    """[MS-DOC] section 2.4.1: FIB, then Clx, then the piece table of the main text."""
    document = _stream(container, "WordDocument")
    version, flags = struct.unpack_from("<2xH6xH", document)
    if flags & _ENCRYPTED:
        raise Locked
    if version < _WORD_97:
        raise Exceeded(Note.OLD_FORMAT)
    table = _stream(container, "1Table" if flags & _TABLE_IS_1 else "0Table")
    facts = _text(document, table).facts()
    return replace(facts, marked=facts.marked or _marked_aside(document, table))


def _stream(container: olefile.OleFileIO, name: str | list[str]) -> bytes:
    if container.get_size(name) > _MAX_STREAM:
        raise Exceeded(Note.TOO_LARGE)
    octets: bytes = container.openstream(name).read()
    return octets


def _text(document: bytes, table: bytes) -> Gathered:
    """The main text, without the codes of fields and without footnotes, headers and text boxes."""
    (length,) = struct.unpack_from("<i", document, 0x4C)
    start, size = struct.unpack_from("<II", document, 0x1A2)
    raw = "".join(_pieces(document, _piece_table(table[start : start + size]), length))
    gathered = Gathered()
    gathered.add(_FIELD_CODE.sub("", raw).translate(_MARKS))
    return gathered


def _marked_aside(document: bytes, table: bytes) -> bool:
    """Whether a marking stands behind the main text, where headers, footers and text boxes are."""
    start, size = struct.unpack_from("<II", document, 0x1A2)
    try:
        raw = "".join(_pieces(document, _piece_table(table[start : start + size]), _MAX_CHARACTERS))
    except Exceeded:
        return False
    return marked(raw.translate(_MARKS)) is not None


def _piece_table(clx: bytes) -> bytes:
    """[MS-DOC] section 2.9.38: property modifiers (1) come before the one piece table (2)."""
    at = 0
    while clx[at] == 1:
        at += 3 + int(struct.unpack_from("<H", clx, at + 1)[0])
    if clx[at] != 2:
        raise Damaged(Note.UNREADABLE)
    (size,) = struct.unpack_from("<I", clx, at + 1)
    return clx[at + 5 : at + 5 + size]


def _pieces(document: bytes, plc: bytes, length: int) -> Iterator[str]:
    """[MS-DOC] section 2.8.35: n + 1 character positions, then n descriptors of 8 octets."""
    count = (len(plc) - 4) // 12
    positions = struct.unpack_from(f"<{count + 1}I", plc)
    left = _MAX_CHARACTERS
    for number in range(count):
        (place,) = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * number + 2)
        size = min(positions[number + 1], length) - positions[number]
        if size <= 0:
            continue
        left -= size
        if left < 0:
            raise Exceeded(Note.TOO_LARGE)
        if place & _EIGHT_BIT:
            place = (place & ~_EIGHT_BIT) // 2
            yield document[place : place + size].decode("cp1252", "replace")
        else:
            yield document[place : place + 2 * size].decode("utf-16-le", "replace")
