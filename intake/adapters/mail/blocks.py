"""Header blocks in a spooled mail: where one ends, also when it ends oddly or not at all, and its fields.

Own code, because mail-parser 4.8 and the standard library end a block at the first line that is no field, and
lose every attachment when a mailer broke a subject into an unindented line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from intake.adapters.mail.headers import Head, fields
from intake.adapters.mail.spool import Spool

MAX_BLOCK = 256 << 10
"""Octets of a header block that are read; behind them only the fields that describe the body."""
FIRST_READ = 4 << 10

_LINE_END = rb"(?:\r\n|\n|\r(?!\n))"
_FIELDS = re.compile(rb"(?:(?:(?!--)[!-9;-~]+[ \t]*:|[ \t])[^\r\n]*(?:" + _LINE_END + rb"|\Z))*")
_LINE = re.compile(rb"[^\r\n]*" + _LINE_END)
_BLANK = re.compile(_LINE_END * 2)
_DESCRIBES = re.compile(rb"[\r\n]content-(?:type|transfer-encoding|disposition)[ \t]*:", re.IGNORECASE)
_DESCRIBING = re.compile(rb"[\r\n](content-[a-z-]+[ \t]*:[^\r\n]*(?:" + _LINE_END + rb"[ \t][^\r\n]*)*)", re.IGNORECASE)
_PREAMBLE = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*" + _LINE_END + rb")*(?:>?From [^\r\n]*" + _LINE_END + rb")?")


@dataclass(frozen=True, slots=True)
class Block:
    """A header block: its fields, where its body begins, and what was odd.

    `octets` are those up to the first blank line, at most MAX_BLOCK: what any reader may take for the header.
    """

    octets: bytes
    head: Head
    body: int
    defect: str = ""


def top_block(spool: Spool, start: int = 0) -> Block:
    """The header block of a mail; a byte order mark, blank lines and an mbox "From " line before it are skipped."""
    return read_block(spool, start + _end(_PREAMBLE.match(spool.read(start, start + FIRST_READ))))


def read_block(spool: Spool, start: int) -> Block:
    """The header block that begins at `start`; a line end there means that the block is empty."""
    raw = b""
    for length in (FIRST_READ, MAX_BLOCK):
        raw = spool.read(start, start + length)
        whole = start + len(raw) >= spool.size
        raw = raw if whole else raw.removesuffix(b"\r")
        end, body = _extent(raw)
        body = end if body is None and whole else body
        if body is not None:
            return Block(_to_blank(raw), fields(raw[:end]), start + body, _oddness(raw, end, body))
    return _long_block(spool, start, raw)


def _extent(raw: bytes) -> tuple[int, int | None]:
    """Where the fields end and where the body begins; None when `raw` is too short to tell."""
    at = 0
    while True:
        at = _end(_FIELDS.match(raw, at))
        line = _LINE.match(raw, at)
        if line is None:
            return at, None
        if not line[0].strip(b"\r\n"):
            return at, line.end()
        blank = _BLANK.search(raw, at)
        if raw.startswith(b"--", at) or not _DESCRIBES.search(raw, at, blank.start() if blank else len(raw)):
            return at, at
        at = line.end()


def _oddness(raw: bytes, end: int, body: int) -> str:
    if body == end < len(raw):
        return "header without its end"
    return "" if _end(_FIELDS.match(raw)) == end else "line in the header that is no field"


def _to_blank(raw: bytes) -> bytes:
    blank = _BLANK.search(raw)
    return raw[: blank.start()] if blank else raw


def _long_block(spool: Spool, start: int, raw: bytes) -> Block:
    """A block of more than MAX_BLOCK: 100,000 recipients may stand before the boundary of the attachments."""
    described: list[bytes] = []
    body = spool.size
    for offset, window, new in spool.windows(start + len(raw) - _OVERLAP, _REACH):
        blank = _BLANK.search(window, 0, new + _OVERLAP)
        stop = blank.start() if blank else new
        described += [match[1] for match in _DESCRIBING.finditer(window) if match.start() < stop]
        if blank:
            body = offset + blank.end()
            break
    return Block(raw, fields(b"\n".join([raw, *described[:_MANY]])), body, TOO_LONG)


def _end(match: re.Match[bytes] | None) -> int:
    return match.end() if match else 0


TOO_LONG = "header too long"
_REACH = 8 << 10
_OVERLAP = 4
_MANY = 20
"""Fields behind MAX_BLOCK that are read."""
