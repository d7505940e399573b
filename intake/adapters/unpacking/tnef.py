"""Reads winmail.dat, in which Outlook hides attachments ([MS-OXTNEF]).

Own reader: an attachment may be as large as the mail, and is passed on without ever being in memory as a whole.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple

from intake.adapters.unpacking import mapi
from intake.adapters.unpacking.mapi import Value
from intake.adapters.unpacking.names import decoded, file_name
from intake.adapters.unpacking.outcome import Note, damaged
from intake.adapters.unpacking.outlet import Outlet, pieces

MESSAGE: Final = ".tnef"
"""The ending of a mail that was attached as such: its content is winmail.dat again."""

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_HEAD: Final = struct.Struct("<BII")
_CHECKSUM: Final = 2
_MAX_ATTRIBUTES: Final = 50_000

# Attributes: [MS-OXTNEF] section 2.1.2.1.
_CODEPAGE, _ATTACHMENT_BEGINS = 0x00069007, 0x00069002
_TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x00018010, 0x0006800F, 0x00069005

_REMAINDER: Final = -1
_LEVELS: Final = frozenset({1, 2})
_MESSAGE_INTERFACE: Final = bytes.fromhex("0703020000000000c000000000000046")
_INTERFACE: Final = 16


class _Place(NamedTuple):
    at: int
    size: int


@dataclass
class _Attachment:
    """Where the parts of one attachment lie."""

    title: _Place | None = None
    data: _Place | None = None
    properties: dict[int, Value] = field(default_factory=dict)


@dataclass
class _Survey:
    """The sender's code page, the attachments in their order, and whether something else comes behind them."""

    codepage: int = 0
    attachments: list[_Attachment] = field(default_factory=list)
    remainder: bool = False


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the attachments; raises Unopened. The text of the mail is not one of them."""
    try:
        found = _survey(file)
        numbered = enumerate(found.attachments, start=1)
        files = [each for number, one in numbered if (each := _file(file, one, found.codepage, number))]
        out.promise((name, place.size) for name, place in files)
        for name, place in files:
            out.send(name, pieces(file, place.at, place.size))
    except (EOFError, ValueError, struct.error) as error:
        raise damaged(error) from error
    out.note = _note(found, len(files))


def _note(found: _Survey, files: int) -> str:
    if found.remainder:
        return Note.REMAINDER
    if files < len(found.attachments):
        return Note.NOT_A_FILE
    return "" if files else Note.EMPTY


def _survey(file: BinaryIO) -> _Survey:
    found = _Survey()
    for name, place in _attributes(file):
        if name == _REMAINDER:
            found.remainder = True
        elif name == _CODEPAGE:
            found.codepage = int.from_bytes(_octets(file, place)[:4], "little")
        elif name == _ATTACHMENT_BEGINS:
            found.attachments.append(_Attachment())
        elif found.attachments:
            _add(file, found.attachments[-1], name, place)
    return found


def _add(file: BinaryIO, attachment: _Attachment, name: int, place: _Place) -> None:
    if name == _TITLE:
        attachment.title = place
    elif name == _DATA:
        attachment.data = place
    elif name == _ATTACHMENT_PROPERTIES:
        attachment.properties = mapi.properties(file, place.at, place.at + place.size)


def _attributes(file: BinaryIO) -> Iterator[tuple[int, _Place]]:
    """Section 2.1.3: signature and key, then per attribute a level, a name, a length, the value and a checksum."""
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(4) != _SIGNATURE:
        raise ValueError("no signature")
    at = 6
    for _ in range(_MAX_ATTRIBUTES):
        file.seek(at)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        level, name, length = _HEAD.unpack(head)
        if level not in _LEVELS:  # some senders leave octets behind the end
            yield _REMAINDER, _Place(at, size - at)
            return
        at += _HEAD.size
        if at + length > size:
            raise EOFError("an attribute is cut off")
        yield name, _Place(at, length)
        at += length + _CHECKSUM


def _file(file: BinaryIO, attachment: _Attachment, codepage: int, number: int) -> tuple[str, _Place] | None:
    """Name and content; None for what has no content, as a link."""
    held = attachment.properties.get(mapi.ATTACH_DATA)
    if held and held.type == mapi.OBJECT:
        return _object(file, held, _name(file, attachment, codepage), number)
    place = attachment.data or (_Place(held.at, held.size) if held else None)
    return (_name(file, attachment, codepage) or f"unnamed-{number}", place) if place else None


def _object(file: BinaryIO, held: Value, name: str, number: int) -> tuple[str, _Place] | None:
    """Another mail, or a compound file of another program; before it the identifier of the interface that reads it."""
    place = _Place(held.at + _INTERFACE, held.size - _INTERFACE)
    if place.size < 0:
        return None
    if _octets(file, _Place(held.at, _INTERFACE)) == _MESSAGE_INTERFACE:
        return (name or "message") + MESSAGE, place
    return name or f"unnamed-{number}", place


def _name(file: BinaryIO, attachment: _Attachment, codepage: int) -> str:
    """The long name if there is one; the title is often in the form of MS-DOS."""
    for identifier in mapi.NAMES:
        value = attachment.properties.get(identifier)
        if value and (name := file_name(mapi.text(value.type, mapi.read(file, value), codepage))):
            return name
    title = _octets(file, attachment.title) if attachment.title else b""
    return file_name(decoded(title.partition(b"\0")[0], codepage))


def _octets(file: BinaryIO, place: _Place) -> bytes:
    file.seek(place.at)
    return file.read(min(place.size, 4096))
