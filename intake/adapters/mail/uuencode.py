"""Files in uuencode: as a transfer encoding, and between "begin" and "end" in the middle of a text (POSIX uuencode).

Own code, because mail-parser 4.8 leaves such files in the text and the standard library has no tool for a stream.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from intake.adapters.mail.charsets import decode_unlabelled

LONGEST_LINE = 1 << 16

_BEGIN = re.compile(rb"begin [0-7]{3,4} +(\S[^\r\n]{0,500}?)\s*")
_DATA = re.compile(rb"[\x20-\x60]{2,90}[ \t]*")


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """A file in a text; each is only equal to itself."""

    name: str


def uudecoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The octets of the files alone."""
    return (octets for file, octets in separated(chunks) if file is not None)


def separated(chunks: Iterable[bytes]) -> Iterator[tuple[Enclosed | None, bytes]]:
    """The pieces of a text in order: of a file, decoded, or of the text itself (None).

    "begin" counts only before a line that is uuencoded; a file ends at "end", or where a line is not.
    """
    file: Enclosed | None = None
    begin = b""
    for line in _lines(chunks):
        octets = _data(line) if file or begin else None
        if begin and octets:
            file = Enclosed(_name(begin))
        elif begin:
            yield None, begin
        begin = b""
        if file and octets is not None:
            yield file, octets
            continue
        ended, file = file is not None, None
        if _BEGIN.fullmatch(line):
            begin = line
        elif not (ended and line.strip() == b"end"):
            yield None, line
    yield None, begin


def _name(begin: bytes) -> str:
    match = _BEGIN.fullmatch(begin)
    return decode_unlabelled(match[1])[0] if match else ""


def _data(line: bytes) -> bytes | None:
    """The octets of one uuencoded line, or None. Spaces at its end may have been lost on the way."""
    text = line.rstrip(b"\r\n")
    if text in (b"`", b" ", b""):
        return b""
    length = (text[0] - 32) & 63
    if not _DATA.fullmatch(text) or not 0 <= len(text) - 1 <= (length + 2) // 3 * 4 + 2:
        return None
    try:
        return binascii.a2b_uu(text[: 1 + (length * 4 + 2) // 3])
    except binascii.Error:
        return None


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends; one that is too long comes in pieces."""
    carry = b""
    for chunk in chunks:
        *lines, carry = (carry + chunk).splitlines(keepends=True) or [b""]
        yield from lines
        if len(carry) > LONGEST_LINE:
            yield carry
            carry = b""
    yield carry
