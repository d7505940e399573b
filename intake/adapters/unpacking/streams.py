"""Reads gz, bz2 and xz: one file, nameless but for what gzip may tell."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Protocol, TypeAlias

from intake.adapters.unpacking.formats import NAMELESS
from intake.adapters.unpacking.names import decoded, file_name
from intake.adapters.unpacking.outcome import damaged
from intake.adapters.unpacking.outlet import PIECE, Outlet

_Plain: TypeAlias = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile

_GZIP: Final = b"\x1f\x8b"
_PEEK: Final = 4096
_NAME_FLAG, _EXTRA_FLAG = 0x08, 0x04
_HEADER: Final = 10


class _Decompressor(Protocol):
    """What bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the one file inside; raises Unopened."""
    head = file.read(_PEEK)
    file.seek(0)
    try:
        with _opened(file, head) as plain:
            out.send(_gzip_name(head) or NAMELESS, _pieces(plain))
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise damaged(error) from error


def _opened(file: BinaryIO, head: bytes) -> _Plain:
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file, mode="rb")
    return bz2.BZ2File(file) if head.startswith(b"BZ") else lzma.LZMAFile(file)


def _pieces(plain: _Plain) -> Iterator[bytes]:
    while piece := plain.read1(PIECE):
        yield piece


def _gzip_name(head: bytes) -> str:
    """RFC 1952 section 2.3: flags in octet 3; an extra field may come before the name, which a zero ends."""
    if not head.startswith(_GZIP) or len(head) < _HEADER or not head[3] & _NAME_FLAG:
        return ""
    at = _HEADER + (2 + int.from_bytes(head[10:12], "little") if head[3] & _EXTRA_FLAG else 0)
    return file_name(decoded(head[at:].partition(b"\0")[0]))


def decompressed(decompressor: _Decompressor, packed: Iterable[bytes]) -> Iterator[bytes]:
    """What comes out, never more than a piece at a time. Raises EOFError when the end is missing."""
    for piece in packed:
        left = piece
        while not decompressor.eof:
            yield decompressor.decompress(left, PIECE)
            if decompressor.needs_input:
                break
            left = b""
    if not decompressor.eof:
        raise EOFError("the stream ends early")
