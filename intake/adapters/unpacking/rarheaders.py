"""How many files a rar archive should hold, told from the chain of its headers; and which archives nobody can open.

Read by hand because unrar2-cffi does not say: archives with encrypted headers look empty to it, headers that are
cut off end its list, and a missing volume is asked for until the processor's time is over.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from intake.adapters.unpacking.outcome import Note, State, Unopened, damaged

_RAR5: Final = b"Rar!\x1a\x07\x01\x00"
_MAX_BLOCKS: Final = 100_000
_MAX_HEADER: Final = 2 << 20

_MAIN, _FILE, _SERVICE, _ENCRYPTION, _END = 1, 2, 3, 4, 5
_VOLUME, _LOCKED = 0x0001, 0x0080

# RAR 4: block types as RAR 5 numbers them; flags of blocks and files.
_KINDS_4: Final = {0x73: _MAIN, 0x74: _FILE, 0x7A: _SERVICE, 0x7B: _END}
_HAS_DATA_4, _HUGE_4 = 0x8000, 0x0100
# RAR 5: flags of blocks.
_HAS_EXTRA_5, _HAS_DATA_5 = 0x0001, 0x0002


def count_files(file: BinaryIO) -> int:
    """Files and folders in the archive. Raises Unopened for encrypted headers, parts of a set, and broken chains."""
    file.seek(0)
    blocks = _blocks_5(file) if file.read(len(_RAR5)) == _RAR5 else _blocks_4(file)
    count = 0
    for kind, archive_flags in blocks:
        if kind == _ENCRYPTION or archive_flags & _LOCKED:
            raise Unopened(State.LOCKED)
        if archive_flags & _VOLUME:
            raise Unopened(State.UNMEASURED, Note.VOLUMES)
        count += kind == _FILE
    return count


def _blocks_4(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """technote.txt of RAR 4: checksum, type, flags, size of the header; size of the data where there are any."""
    at = 7
    for _ in range(_MAX_BLOCKS):
        head = _peek(file, at, 36)
        if not head:  # the mark of the end came later than the format
            return
        if len(head) < 7:
            raise damaged("the last header is cut off")
        kind, flags, size = struct.unpack_from("<2xBHH", head)
        head = head[:size].ljust(36, b"\0")
        if size < 7:
            raise damaged("a header has no size")
        yield _KINDS_4.get(kind, 0), flags if kind == 0x73 else 0
        if kind == 0x7B:
            return
        at += size + _data_4(kind, flags, head)
        _check_reach(file, at)


def _data_4(kind: int, flags: int, head: bytes) -> int:
    if kind not in {0x74, 0x7A}:
        return int(struct.unpack_from("<I", head, 7)[0]) if flags & _HAS_DATA_4 else 0
    low, high = struct.unpack_from("<I21xI", head, 7)
    return int(low + ((high << 32) if flags & _HUGE_4 else 0))


def _blocks_5(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """technote.txt of RAR 5: checksum, size of the header, type, flags, sizes of extra area and data, archive flags."""
    at = len(_RAR5)
    for _ in range(_MAX_BLOCKS):
        numbers = _numbers(_peek(file, at + 4, 64))
        try:
            (size, width), (kind, _), (flags, _) = next(numbers), next(numbers), next(numbers)
            extra = next(numbers)[0] if flags & _HAS_EXTRA_5 else 0
            data = next(numbers)[0] if flags & _HAS_DATA_5 else 0
            archive_flags = next(numbers, (0, 0))[0] if kind == _MAIN else 0
        except StopIteration:
            raise damaged("the last header is cut off") from None
        if not 0 < size <= _MAX_HEADER or extra > size:
            raise damaged("a header has no size")
        yield kind, archive_flags & _VOLUME
        if kind == _END:
            return
        at += 4 + width + size + data
        _check_reach(file, at)


def _numbers(octets: bytes) -> Iterator[tuple[int, int]]:
    """Variable length integers: seven bits to an octet, lowest first; and how many octets each takes."""
    value = width = 0
    for octet in octets:
        value |= (octet & 0x7F) << 7 * width
        width += 1
        if not octet & 0x80:
            yield value, width
            value = width = 0


def _check_reach(file: BinaryIO, at: int) -> None:
    if at > os.fstat(file.fileno()).st_size:
        raise damaged("the archive is cut off")


def _peek(file: BinaryIO, at: int, octets: int) -> bytes:
    file.seek(at)
    return file.read(octets)
