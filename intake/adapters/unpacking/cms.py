"""Reads smime.p7m: a signed mail whose content lies inside the signature (RFC 5652), with DER and BER alike.

Own reader: nothing is verified, so no library for signatures is needed, and the content is never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from intake.adapters.unpacking.outcome import Note, State, Unopened, damaged
from intake.adapters.unpacking.outlet import Outlet, pieces

CONTENT: Final = "smime.eml"
"""The path of the signed content: a MIME entity with its header, which may lack those of a mail."""

_SIGNED: Final = bytes.fromhex("2a864886f70d010702")
_ENCRYPTED: Final = frozenset(
    {
        bytes.fromhex("2a864886f70d010703"),  # enveloped
        bytes.fromhex("2a864886f70d010706"),  # encrypted
        bytes.fromhex("2a864886f70d0109100117"),  # authenticated and enveloped (RFC 5083)
    }
)

_SEQUENCE, _SET, _OBJECT_IDENTIFIER, _INTEGER, _OCTETS, _CHUNKED_OCTETS = 0x30, 0x31, 0x06, 0x02, 0x04, 0x24
_EXPLICIT: Final = 0xA0
_CONSTRUCTED: Final = 0x20
_END: Final = 0x00
_MAX_DEPTH: Final = 64
_MAX_ELEMENTS: Final = 4_000_000


class _Element(NamedTuple):
    """Tag (one octet), where the content begins, and where it ends; None: at a mark of its own."""

    tag: int
    start: int
    end: int | None


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the signed content; nothing for a signature alone. Raises Unopened, for encrypted mail too."""
    try:
        body = _descend(file, 0)
        kind = _next(file, body, _OBJECT_IDENTIFIER)
        name = _octets(file, kind)
        if name in _ENCRYPTED:
            raise Unopened(State.LOCKED, Note.ENCRYPTED_MAIL)
        if name != _SIGNED:
            raise Unopened(State.UNMEASURED, Note.METHOD)
        _pass_on(file, _descend(file, _after(file, kind), _EXPLICIT), out)
    except (EOFError, ValueError) as error:
        raise damaged(error) from error


def _pass_on(file: BinaryIO, at: int, out: Outlet) -> None:
    """RFC 5652 sections 5.1 and 5.2: version, algorithms, then type and content, which may be absent."""
    version = _next(file, _descend(file, at), _INTEGER)
    algorithms = _next(file, _after(file, version), _SET)
    encapsulated = _next(file, _after(file, algorithms), _SEQUENCE)
    kind = _next(file, encapsulated.start, _OBJECT_IDENTIFIER)
    at = _after(file, kind)
    if encapsulated.end == at or _element(file, at).tag == _END:
        out.note = Note.SIGNATURE_ONLY
        return
    out.send(CONTENT, _content(file, _descend(file, at, _EXPLICIT)))


def _content(file: BinaryIO, at: int) -> Iterator[bytes]:
    """X.690 section 8.7: an octet string in one, or as a string of strings, each level with or without a length."""
    ends: list[int | None] = []
    for _ in range(_MAX_ELEMENTS):
        element = _element(file, at)
        at = element.start
        if element.tag == _CHUNKED_OCTETS and len(ends) < _MAX_DEPTH:
            ends.append(element.end)
        elif element.tag == _OCTETS and element.end is not None:
            yield from pieces(file, at, element.end - at)
            at = element.end
        elif element.tag == _END and ends and ends[-1] is None:
            ends.pop()
        else:
            raise ValueError("no octet string")
        while ends and ends[-1] == at:
            ends.pop()
        if not ends:
            return
    raise ValueError("too many pieces")


def _descend(file: BinaryIO, at: int, tag: int = _SEQUENCE) -> int:
    """Where the content of the element begins."""
    return _next(file, at, tag).start


def _next(file: BinaryIO, at: int, tag: int) -> _Element:
    element = _element(file, at)
    if element.tag != tag:
        raise ValueError(f"tag {element.tag:#04x} where {tag:#04x} belongs")
    return element


def _after(file: BinaryIO, element: _Element) -> int:
    """Where the element ends; one without a length is walked through to its mark."""
    if element.end is not None:
        return element.end
    at, open_marks = element.start, 1
    for _ in range(_MAX_ELEMENTS):
        inner = _element(file, at)
        at = inner.start if inner.end is None else inner.end
        open_marks += 1 if inner.end is None else -(inner.tag == _END)
        if not open_marks:
            return at
    raise ValueError("too many elements")


def _element(file: BinaryIO, at: int) -> _Element:
    """X.690 section 8.1: a tag, and a length in one form of three."""
    file.seek(at)
    head = file.read(10)
    if len(head) < 2:
        raise EOFError("an element is cut off")
    tag, length = head[0], head[1]
    if tag & 0x1F == 0x1F:
        raise ValueError("a tag of many octets")
    if length == 0x80 and tag & _CONSTRUCTED:
        return _Element(tag, at + 2, None)
    if length < 0x80:
        return _Element(tag, at + 2, at + 2 + length)
    width = length & 0x7F
    if width > 8 or len(head) < 2 + width:
        raise ValueError("a length of too many octets")
    start = at + 2 + width
    end = start + int.from_bytes(head[2 : 2 + width], "big")
    if end > file.seek(0, 2):
        raise EOFError("an element is cut off")
    return _Element(tag, start, end)


def _octets(file: BinaryIO, element: _Element) -> bytes:
    """The content of a small element."""
    return b"".join(pieces(file, element.start, min((element.end or element.start) - element.start, 64)))
