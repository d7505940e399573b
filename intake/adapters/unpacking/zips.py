"""Reads zip files: the directory by zipfile, the entries by the decompressors of the standard library.

Entries are not read by zipfile because it stops at the size that an entry declares, which hides that it lied, and
refuses entries whose name is written differently in the two places where zip keeps it, as some Chinese programs do.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import BinaryIO, Final

from intake.adapters.unpacking.names import decoded
from intake.adapters.unpacking.outcome import Note, State, Unopened, damaged
from intake.adapters.unpacking.outlet import PIECE, Outlet, pieces, wanted
from intake.adapters.unpacking.streams import decompressed

_LOCKED_FLAGS: Final = 0x1 | 0x40 | 0x2000
_PATCH_FLAG: Final = 0x20
_UTF8_FLAG: Final = 0x800
_LZMA_END_FLAG: Final = 0x2
_AES: Final = 99
_DEFLATE64: Final = 9
_UNICODE_PATH: Final = 0x7075
_HEADER: Final = 30
_LAST_RECORD: Final = 22
_TYPE_OF_FILE, _SYMBOLIC_LINK = 0o170000, 0o120000


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the entries of a zip file; raises Unopened before the first one for whatever its directory gives away."""
    try:
        with zipfile.ZipFile(file) as archive:
            named = [(_name(info), info) for info in archive.infolist()]
            start = archive.start_dir
        out.listed(name for name, _ in named)
        entries = [each for each in named if _is_file(*each) and wanted(each[0], link=_is_link(each[1]))]
        _check(file, [info for _, info in entries], start)
        out.promise((name, info.file_size) for name, info in entries)
        for name, info in entries:
            out.send(name, _content(file, info))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError) as error:
        raise damaged(error) from error
    except (NotImplementedError, RecursionError) as error:
        raise Unopened(State.UNMEASURED, Note.METHOD) from error
    out.note = "" if entries else Note.EMPTY


def _name(info: zipfile.ZipInfo) -> str:
    """APPNOTE.TXT section 4.6.9 and appendix D; without a flag or field, macOS writes UTF-8 and WinRAR GBK."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    for kind, content in _extra_fields(info.extra):
        if kind == _UNICODE_PATH and content[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return content[5:].decode("utf-8", "replace")
    return decoded(raw)


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + size]
        extra = extra[4 + size :]


def _is_file(name: str, info: zipfile.ZipInfo) -> bool:
    return bool(info.file_size) or not name.endswith(("/", "\\"))


def _is_link(info: zipfile.ZipInfo) -> bool:
    return (info.external_attr >> 16) & _TYPE_OF_FILE == _SYMBOLIC_LINK


def _check(file: BinaryIO, infos: Iterable[zipfile.ZipInfo], directory: int) -> None:
    """Raise Unopened for entries that want a password, that nobody here can read, or that share octets."""
    infos = sorted(infos, key=lambda info: info.header_offset)
    if _volume(file):
        raise Unopened(State.UNMEASURED, Note.VOLUMES)
    for info in infos:
        if info.flag_bits & _LOCKED_FLAGS or info.compress_type == _AES:
            raise Unopened(State.LOCKED)
        if info.compress_type == _DEFLATE64:
            raise Unopened(State.UNMEASURED, Note.DEFLATE64)
        if info.compress_type not in _METHODS or info.flag_bits & _PATCH_FLAG:
            raise Unopened(State.UNMEASURED, f"{Note.METHOD}: {info.compress_type}")
    if any(info.header_offset >= directory for info in infos):
        raise damaged("an entry behind the directory")
    # Ends are told from the directory alone, without names: a healthy file has some octets more between its entries.
    places = [(info.header_offset, info.header_offset + _HEADER + info.compress_size) for info in infos]
    if any(end > following for (_, end), (following, _) in pairwise([*places, (directory, directory)])):
        raise Unopened(State.REFUSED, Note.OVERLAP)


def _volume(file: BinaryIO) -> int:
    """APPNOTE.TXT section 4.3.16: the number of this disk; not 0 in the last file of a split archive."""
    size = file.seek(0, 2)
    tail = b"".join(pieces(file, max(0, size - _LAST_RECORD - 0xFFFF), min(size, _LAST_RECORD + 0xFFFF)))
    at = tail.rfind(b"PK\5\6")
    number = int.from_bytes(tail[at + 4 : at + 6], "little")
    return 0 if number == 0xFFFF else number


def _content(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The octets of an entry; whatever does not come out as declared is a lie (size) or damage (checksum)."""
    written, checksum = 0, 0
    for piece in _METHODS[info.compress_type](info, _packed(file, info)):
        written += len(piece)
        checksum = zlib.crc32(piece, checksum)
        if written > info.file_size:
            break
        yield piece
    if written != info.file_size:
        raise Unopened(State.REFUSED, Note.SIZE_LIE)
    if checksum != info.CRC:
        raise damaged("checksum")


def _packed(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """APPNOTE.TXT section 4.3.7: 30 octets, the last of which tell the lengths of name and extra field."""
    header = b"".join(pieces(file, info.header_offset, _HEADER))
    if not header.startswith(b"PK\3\4"):
        raise damaged("no entry where the directory says")
    name, extra = struct.unpack_from("<HH", header, 26)
    yield from pieces(file, info.header_offset + _HEADER + name + extra, info.compress_size)


def _stored(_: zipfile.ZipInfo, packed: Iterator[bytes]) -> Iterator[bytes]:
    return packed


def _deflated(_: zipfile.ZipInfo, packed: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in packed:
        left = piece
        while left and not inflate.eof:
            yield inflate.decompress(left, PIECE)
            left = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof:
        raise EOFError("the entry ends early")


def _bzip2(_: zipfile.ZipInfo, packed: Iterator[bytes]) -> Iterator[bytes]:
    return decompressed(bz2.BZ2Decompressor(), packed)


def _lzma(info: zipfile.ZipInfo, packed: Iterator[bytes]) -> Iterator[bytes]:
    """APPNOTE.TXT section 5.8.8: version, length of the properties (5), properties; then as in a .lzma file."""
    head = next(packed, b"")
    size = -1 if info.flag_bits & _LZMA_END_FLAG else info.file_size
    alone = head[4:9] + struct.pack("<q", size) + head[9:]
    return decompressed(lzma.LZMADecompressor(lzma.FORMAT_ALONE), chain([alone], packed))


_METHODS: Final[dict[int, Callable[[zipfile.ZipInfo, Iterator[bytes]], Iterator[bytes]]]] = {
    zipfile.ZIP_STORED: _stored,
    zipfile.ZIP_DEFLATED: _deflated,
    zipfile.ZIP_BZIP2: _bzip2,
    zipfile.ZIP_LZMA: _lzma,
}
