"""Where in a file it is told where it was taken, and what to write there instead, octet for octet.

EXIF (CIPA DC-008, in JPEG, HEIC, WebP and PNG) keeps it in a directory of its own, which becomes one without entries;
XMP in properties, which become blanks; QuickTime and MP4 in ISO 6709 strings, whose digits become zeros, and 3GP in a
box (3GPP TS 26.244 section 8.12), which becomes a free one. Nothing moves, so that nothing else can break. Libraries
that write such files anew lose quality (Pillow) or are programs of their own (exiftool). Not found are the private
notes of camera makers, and what lies compressed.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from mmap import mmap
from typing import Final

Octets = bytes | mmap
Patch = tuple[int, bytes]
"""An offset in the file, and the octets that replace what is there."""

_EXIF: Final = re.compile(rb"(?:Exif\0\0|EXIF.{4}|eXIf)(?=II\*\0|MM\0\*)", re.DOTALL)
_GPS_DIRECTORY: Final = 0x8825
_MOST_ENTRIES: Final = 512
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Octets of one value by its type (TIFF 6.0 section 2)."""
_PACKET: Final = re.compile(rb"<x:xmpmeta.{1,1000000}?</x:xmpmeta>", re.DOTALL)
_PROPERTY: Final = re.compile(rb"exif:GPS\w+\s*=\s*(?:\"([^\"]*)\"|'([^']*)')|<exif:GPS\w+>([^<]*)</exif:GPS")
_PLACE: Final = re.compile(
    rb"(?:\xa9xyz....|data\x00\x00\x00\x01....)([+-]\d{2,6}(?:\.\d+)?[+-]\d{3,7}[^/\0]{0,60}/)", re.DOTALL
)
_PLACE_BOX: Final = re.compile(rb"\0\0[\0\1].(loci)\0\0\0\0", re.DOTALL)
_LONGEST_MOOV: Final = 64 << 20


def patches(octets: Octets) -> Iterator[Patch]:
    """Every place that tells, and what to write there; none for a file that does not."""
    changed = [*_exif(octets), *_xmp(octets), *_film(octets)]
    yield from changed
    if octets[:8] == b"\x89PNG\r\n\x1a\n":
        yield from _checksums(octets, changed)


def _exif(octets: Octets) -> Iterator[Patch]:
    for found in _EXIF.finditer(octets):
        try:
            yield from _directory(octets, found.end())
        except struct.error:  # it ends before it should: nobody else can read it either
            continue


def _directory(octets: Octets, base: int) -> Iterator[Patch]:
    """The directory of places in a TIFF structure that begins at `base`, with its values."""
    order = "<" if octets[base : base + 2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}4xI", octets, base)
    for tag, _kind, _count, value, _at in _entries(octets, order, base + first):
        if tag == _GPS_DIRECTORY:
            inner = list(_entries(octets, order, base + value))
            for _tag, kind, count, place, _at in inner:
                size = _SIZES.get(kind, 0) * count
                if 4 < size <= len(octets) - base - place:
                    yield base + place, bytes(size)
            yield base + value, bytes(2 + 12 * len(inner))


def _entries(octets: Octets, order: str, start: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Tag, type, number and value (or its offset) of each entry of a directory, and where the entry stands."""
    (count,) = struct.unpack_from(f"{order}H", octets, start)
    for number in range(min(count, _MOST_ENTRIES)):
        at = start + 2 + 12 * number
        yield *struct.unpack_from(f"{order}HHII", octets, at), at


def _xmp(octets: Octets) -> Iterator[Patch]:
    for packet in _PACKET.finditer(octets):
        for told in _PROPERTY.finditer(packet[0]):
            group = told.lastindex or 1
            yield packet.start() + told.start(group), b" " * len(told[group])


def _film(octets: Octets) -> Iterator[Patch]:
    """Only in the box that describes the film: what it shows is not looked through."""
    for start, size in _boxes(octets):
        moov = octets[start : start + min(size, _LONGEST_MOOV)]
        for told in _PLACE.finditer(moov):
            yield start + told.start(1), re.sub(rb"\d", b"0", told[1])
        for box in _PLACE_BOX.finditer(moov):
            yield start + box.start(1), b"free"


def _boxes(octets: Octets) -> Iterator[tuple[int, int]]:
    """Where the film is described: offset and size of each moov (ISO 14496-12 section 4.2)."""
    start, end = 0, len(octets)
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", octets, start)
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", octets, start + 8)
        size = size or end - start
        if size < 8 or not kind.isascii():
            return
        if kind == b"moov":
            yield start, size
        start += size


def _checksums(octets: Octets, changed: list[Patch]) -> Iterator[Patch]:
    """The checksum of every PNG chunk that was changed (ISO 15948 section 5.3)."""
    start = 8
    while start + 12 <= len(octets):
        length, _kind = struct.unpack_from(">I4s", octets, start)
        end = start + 8 + length
        within = [(at, new) for at, new in changed if start + 8 <= at and at + len(new) <= end]
        if within and end + 4 <= len(octets):
            chunk = bytearray(octets[start + 4 : end])
            for at, new in within:
                chunk[at - start - 4 : at - start - 4 + len(new)] = new
            yield end, struct.pack(">I", zlib.crc32(chunk))
        start = end + 4
