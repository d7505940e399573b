"""What the outermost structure of a video file promises: how many octets of payload, and whether the file has them all.

Read by hand because libav does not say: it plays the half of a file as if it were a whole one. Lengths that the
writer left open (live recordings) promise nothing.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NamedTuple

_MAX_ELEMENTS: Final = 500_000
_FLV_METADATA: Final = 16 << 10
_FLV_FILE_SIZE: Final = re.compile(rb"(?s)\x00\x08filesize\x00(.{8})")


class Outline(NamedTuple):
    """`payload`: octets that packets can come from. `complete`: nothing is promised beyond the end of the file."""

    payload: int
    complete: bool


class _Element(NamedTuple):
    """A box, chunk, object or element: its name, and from where to where its content goes (or should go)."""

    name: bytes
    start: int
    end: int


def outline(file: BinaryIO, name: str) -> Outline:
    """The outline of a video of format `name`. Transport and program streams have none: they are complete anywhere."""
    size = _size(file)
    walk = _WALKS.get(name)
    if walk is None:
        return Outline(size, complete=True)
    elements = list(walk(file))
    complete = all(element.end <= size for element in elements)
    if walk is _boxes:
        return Outline(sum(min(e.end, size) - e.start for e in elements if e.name == b"mdat"), complete)
    return Outline(size, complete)


def turned_tracks(file: BinaryIO) -> frozenset[int]:
    """Identifiers of the mp4 or mov tracks that are shown turned by a quarter, as telephones record upright."""
    tracks = (
        track
        for movie in _named(_boxes(file), b"moov")
        for trak in _named(_boxes(file, movie.start, movie.end), b"trak")
        for track in _named(_boxes(file, trak.start, trak.end), b"tkhd")
    )
    return frozenset(number for head in tracks if (number := _turned(_peek(file, head.start, 96))) is not None)


def _turned(head: bytes) -> int | None:
    """The track's identifier if its matrix maps x to y (ISO/IEC 14496-12 section 8.3.2, versions 0 and 1)."""
    number_at, matrix_at = (20, 52) if head[:1] == b"\1" else (12, 40)
    if len(head) < matrix_at + 36:
        return None
    a, b = struct.unpack_from(">ii", head, matrix_at)
    return int(struct.unpack_from(">I", head, number_at)[0]) if b and not a else None


def _named(elements: Iterator[_Element], name: bytes) -> Iterator[_Element]:
    return (element for element in elements if element.name == name)


def _boxes(file: BinaryIO, at: int = 0, stop: int | None = None) -> Iterator[_Element]:
    """ISO/IEC 14496-12 section 4.2: 32-bit size and type; size 1: a 64-bit size follows; size 0: to the end."""
    stop = _size(file) if stop is None else stop
    for _ in range(_MAX_ELEMENTS):
        head = _peek(file, at, 16)
        if len(head) < 8 or at >= stop:
            return
        length, name = struct.unpack_from(">I4s", head)
        start = at + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            start = at + 16
        end = at + length if length else stop
        if end < start:
            return
        yield _Element(name, start, end)
        at = end


def _chunks(file: BinaryIO) -> Iterator[_Element]:
    """RIFF, in AVI files several in a row (OpenDML): name, 32-bit size, content padded to even."""
    at = 0
    for _ in range(_MAX_ELEMENTS):
        head = _peek(file, at, 8)
        if len(head) < 8 or not head.startswith(b"RIFF"):
            return
        (length,) = struct.unpack_from("<I", head, 4)
        if length in {0, 0xFFFF_FFFF}:
            return
        yield _Element(head[:4], at + 8, at + 8 + length)
        at += 8 + length + length % 2


def _objects(file: BinaryIO) -> Iterator[_Element]:
    """ASF section 2.1: 16 octets of GUID, 64-bit size including this head. A live data object has size 0 or 50."""
    at = 0
    for _ in range(_MAX_ELEMENTS):
        head = _peek(file, at, 24)
        if len(head) < 24:
            return
        (length,) = struct.unpack_from("<Q", head, 16)
        if length <= 50 and head.startswith(_ASF_DATA):
            return
        if length < 24:
            return
        yield _Element(head[:16], at + 24, at + length)
        at += length


def _elements(file: BinaryIO) -> Iterator[_Element]:
    """RFC 8794 sections 4 to 6: identifier and length, as long as their leading zeros say; a length of ones is open."""
    at = 0
    for _ in range(_MAX_ELEMENTS):
        head = _peek(file, at, 12)
        identifier = _width(head, 0)
        length = _width(head, identifier)
        if not identifier or not length or identifier + length > len(head):
            return
        octets = head[identifier : identifier + length]
        value = int.from_bytes(octets, "big") & ((1 << 7 * length) - 1)
        if value == (1 << 7 * length) - 1:
            return
        start = at + identifier + length
        yield _Element(head[:identifier], start, start + value)
        at = start + value


def _tags(file: BinaryIO) -> Iterator[_Element]:
    """FLV 10.1, annex E: a header that tells its length, then tags of 11 octets and content, 4 octets after each.

    Where the writer has noted the size of the file (onMetaData, E.5), that is a promise too: no other tells a file
    that was cut between two tags.
    """
    head = _peek(file, 0, _FLV_METADATA)
    if noted := _FLV_FILE_SIZE.search(head):
        yield _Element(b"onMetaData", 0, _whole(*struct.unpack(">d", noted[1])))
    at = int.from_bytes(head[5:9], "big") + 4
    for _ in range(_MAX_ELEMENTS):
        head = _peek(file, at, 11)
        if not head:
            return
        length = 11 + int.from_bytes(head[1:4], "big") + 4
        yield _Element(head[:1], at, at + length)
        at += length


def _whole(number: float) -> int:
    """A size that a double may hold; 0 for what is none."""
    return int(number) if 0 <= number < 1 << 50 else 0


def _width(head: bytes, at: int) -> int:
    """Octets of the variable-size number that begins here; 0 when none can."""
    return 9 - head[at].bit_length() if at < len(head) and head[at] else 0


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _peek(file: BinaryIO, at: int, count: int) -> bytes:
    if at >= _size(file):  # claimed places may be further away than any file can be long
        return b""
    file.seek(at)
    return file.read(count)


_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_WALKS: Final[dict[str, Callable[[BinaryIO], Iterator[_Element]]]] = {
    **dict.fromkeys(("mp4", "m4v", "mov", "3gp"), _boxes),
    **dict.fromkeys(("mkv", "webm"), _elements),
    "avi": _chunks,
    "flv": _tags,
    "wmv": _objects,
}
