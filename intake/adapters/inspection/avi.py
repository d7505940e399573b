"""Whether the pictures and sounds of an AVI file lie end to end, as its lists say.

Read by hand because libav does not say: where the size of a chunk is wrong it searches on for something like a chunk,
and counts on from there as if nothing were missing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

# A stream's data (its number, then two letters), its index (OpenDML), filling, and the index at the end of all.
_NAME: Final = re.compile(rb"[0-9]{2}[A-Za-z]{2}|ix[0-9]{2}|JUNK|idx1|LIST")
_HEAD: Final = 8
_OPEN: Final = frozenset({0, 0xFFFF_FFFF})
_MAX_CHUNKS: Final = 1_000_000
_WINDOW: Final = 64 << 10


class _Span(NamedTuple):
    """From where to where the chunks of a list go."""

    start: int
    end: int


def is_seamless(file: BinaryIO) -> bool:
    """Whether every octet of the lists of data belongs to a chunk; True when there are too many to look at."""
    window = _Window(file)
    left = _MAX_CHUNKS
    for span in _data_lists(window):
        at = span.start
        while at < span.end and left:
            name, size = window.chunk(at)
            if not _NAME.fullmatch(name):
                return False
            # Grouped chunks ("rec ") lie in lists of their own: step into these.
            at += _HEAD + (4 if name == b"LIST" else size + size % 2)
            left -= 1
        if left and not span.end <= at <= span.end + 1:
            return False
    return True


def _data_lists(window: _Window) -> Iterator[_Span]:
    """Every "movi" list of every RIFF chunk; large files have several of both."""
    at = 0
    while (riff := window.chunk(at))[0] == b"RIFF":
        end = window.end(at, riff[1])
        inner = at + _HEAD + 4
        while inner < end and (chunk := window.chunk(inner))[0]:
            if chunk[0] == b"LIST" and window.kind(inner) == b"movi":
                yield _Span(inner + _HEAD + 4, window.end(inner, chunk[1]))
            inner += _HEAD + chunk[1] + chunk[1] % 2
        at = end + riff[1] % 2


class _Window:
    """Reads heads of chunks; small ones lie close together, so a stretch of the file is kept."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        self._at = 0
        self._octets = b""

    def chunk(self, at: int) -> tuple[bytes, int]:
        """Name and size of the chunk that begins here; an empty name at the end of the file."""
        head = self._peek(at, _HEAD)
        if len(head) < _HEAD:
            return b"", 0
        name, size = struct.unpack("<4sI", head)
        return name, size

    def end(self, at: int, size: int) -> int:
        """Where the list ends that begins here; one that a live recording left open goes on to the end of the file."""
        return self._size if size in _OPEN else min(at + _HEAD + size, self._size)

    def kind(self, at: int) -> bytes:
        """What a list or a RIFF chunk says it holds."""
        return self._peek(at + _HEAD, 4)

    def _peek(self, at: int, count: int) -> bytes:
        if not self._at <= at <= self._at + len(self._octets) - count:
            self._file.seek(at)
            self._at, self._octets = at, self._file.read(_WINDOW)
        return self._octets[at - self._at : at - self._at + count]
