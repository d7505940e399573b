"""The properties of MAPI objects, as far as they tell what an attachment is: identifiers, types, and how TNEF lays
them out ([MS-OXTNEF] section 2.1.3.4).

Values stay in the file; only their places are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from intake.adapters.unpacking.names import decoded

SUBJECT: Final = 0x0037
DISPLAY_NAME: Final = 0x3001
ATTACH_DATA: Final = 0x3701
ATTACH_FILENAME: Final = 0x3704
ATTACH_LONG_FILENAME: Final = 0x3707

NAMES: Final = (ATTACH_LONG_FILENAME, ATTACH_FILENAME, DISPLAY_NAME)
"""Where an attachment's name is, the best first."""

OBJECT, STRING8, UNICODE, BINARY = 0x000D, 0x001E, 0x001F, 0x0102

_SIZES: Final = {
    0x0002: 2, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 2, 0x0014: 8, 0x0040: 8,
    0x0048: 16,
}  # fmt: skip
_VARIABLE: Final = frozenset({OBJECT, STRING8, UNICODE, BINARY})
_MULTIPLE: Final = 0x1000
_FIRST_NAMED: Final = 0x8000
_MAX_PROPERTIES: Final = 20_000
_MAX_TEXT: Final = 8 << 10


class Value(NamedTuple):
    """Where the (first) value of a property lies in the file."""

    type: int
    at: int
    size: int


class _Cursor:
    """Reads numbers from a stretch of a file; EOFError beyond its end."""

    def __init__(self, file: BinaryIO, at: int, end: int) -> None:
        self._file = file
        self.at = at
        self._end = end

    def number(self, width: int = 4) -> int:
        self.skip(width)
        self._file.seek(self.at - width)
        return int.from_bytes(self._file.read(width), "little")

    def skip(self, octets: int) -> None:
        if octets > self._end - self.at:
            raise EOFError("a property is cut off")
        self.at += octets


def properties(file: BinaryIO, at: int, end: int) -> dict[int, Value]:
    """The properties in a stretch of TNEF, by identifier, without named and empty ones. EOFError when cut off."""
    cursor = _Cursor(file, at, end)
    count = cursor.number()
    if count > _MAX_PROPERTIES:
        raise ValueError("too many properties")
    return {identifier: value for _ in range(count) for identifier, value in _property(cursor)}


def _property(cursor: _Cursor) -> Iterator[tuple[int, Value]]:
    kind, identifier = cursor.number(2), cursor.number(2)
    if identifier >= _FIRST_NAMED:
        _skip_name(cursor)
    base = kind & ~_MULTIPLE
    count = cursor.number() if kind & _MULTIPLE or base in _VARIABLE else 1
    if count > _MAX_PROPERTIES:
        raise ValueError("too many values")
    values = [_value(cursor, base) for _ in range(count)]
    if values and identifier < _FIRST_NAMED:
        yield identifier, values[0]


def _value(cursor: _Cursor, kind: int) -> Value:
    """One value; whatever its size, it takes a multiple of four octets."""
    if kind not in _VARIABLE and kind not in _SIZES:
        raise ValueError(f"unknown type of property {kind:#06x}")
    size = cursor.number() if kind in _VARIABLE else _SIZES[kind]
    value = Value(kind, cursor.at, size)
    cursor.skip(size + -size % 4)
    return value


def _skip_name(cursor: _Cursor) -> None:
    """A GUID, then 0 and a number, or 1 and a text."""
    cursor.skip(16)
    if cursor.number():
        size = cursor.number()
        cursor.skip(size + -size % 4)
    else:
        cursor.skip(4)


def text(kind: int, octets: bytes, codepage: int = 0) -> str:
    """The text of a value of type STRING8 or UNICODE; "" of any other."""
    if kind == UNICODE:
        return octets[:_MAX_TEXT].decode("utf-16-le", "replace").partition("\0")[0]
    return decoded(octets[:_MAX_TEXT].partition(b"\0")[0], codepage) if kind == STRING8 else ""


def read(file: BinaryIO, value: Value) -> bytes:
    """The octets of a value that is a name: the beginning, if it is longer."""
    file.seek(value.at)
    return file.read(min(value.size, _MAX_TEXT))
