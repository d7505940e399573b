"""The leaves of a mail as byte ranges (RFC 2046 section 5.1): only header blocks are parsed, bodies stay in the file.

Own code, because mail-parser 4.8 keeps every body in memory (620 MB for a 50 MB attachment) and loses leaves
that have no name. Damage is taken as it comes: a missing end delimiter ends with the file, a missing
boundary makes the rest one leaf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message as Head
from email.parser import BytesHeaderParser
from email.policy import compat32

from intake.adapters.mail.headers import values
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.transfer import encoding_name

MAX_HEADER = 256 << 10
"""Octets of one header block; what follows counts as body."""
MAX_DEPTH = 30
"""Multiparts inside one another."""
MAX_LEAVES = 5_000
MAX_FORWARDED = 3
"""Mails inside mails that are opened."""

_PARSER = BytesHeaderParser(policy=compat32)
_BLANK = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|From |>From ")
_PREAMBLE = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t]*\r?\n)*(?:>?From [^\n]*\n)?")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One body: its header block, its still encoded octets from `start` to `end`, and what it lies in.

    `around` are the content types of the multiparts and mails around it, outermost first; `forwarded` are
    the header blocks of the mails it was forwarded in (none for the mail itself); `group` names the
    multipart that directly holds it.
    """

    head: Head
    start: int
    end: int
    around: tuple[str, ...] = ()
    forwarded: tuple[Head, ...] = ()
    group: int = 0

    @property
    def encoding(self) -> str:
        raw = values(self.head, "content-transfer-encoding")
        return encoding_name(raw[0]) if raw else ""


@dataclass(slots=True)
class _Open:
    """A multipart whose end has not come yet."""

    boundary: bytes
    kind: str
    number: int
    forwarded: tuple[Head, ...]


@dataclass(slots=True)
class Split:
    """The top header block, the leaves in order, and what was wrong on the way."""

    head: Head
    body_start: int
    leaves: list[Leaf] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def split(spool: Spool) -> Split:
    """Find all leaves of a spooled mail."""
    start = _PREAMBLE.match(spool.read(0, 4096)).end()  # type: ignore[union-attr]
    head, body = _header_block(spool, start)
    result = Split(head, body)
    for leaf in _leaves(spool, head, body, result.defects):
        result.leaves.append(leaf)
        if len(result.leaves) >= MAX_LEAVES:
            result.defects.append("too many parts")
            break
    return result


def content_type(head: Head) -> str:
    """The declared media type in lower case; "text/plain" when there is none (RFC 2045 section 5.2)."""
    try:
        return head.get_content_type()
    except (ValueError, LookupError, UnicodeError):
        return "text/plain"


def boundary(head: Head) -> bytes | None:
    """The boundary of a multipart, as octets; None when there is none."""
    for octets in values(head, "content-type"):
        match = re.search(rb'boundary\s*=\s*(?:"([^"\r\n]{1,300})|([^\s;"]{1,300}))', octets, re.IGNORECASE)
        if match:
            return (match[1] or match[2]).rstrip()
    return None


def _header_block(spool: Spool, start: int) -> tuple[Head, int]:
    """The header block at `start` and the offset of the body: behind the blank line, or where a line is no header."""
    raw = spool.read(start, start + MAX_HEADER)
    if raw.startswith(b"\n"):
        return _PARSER.parsebytes(b""), start + 1
    if raw.startswith(b"\r\n"):
        return _PARSER.parsebytes(b""), start + 2
    blank = _BLANK.search(raw)
    block, body = (raw[: blank.start() + 1], start + blank.end()) if blank else (raw, start + len(raw))
    at = 0
    for line in block.splitlines(keepends=True):
        if line[:1] not in b" \t" and line.strip() and not _FIELD.match(line):
            return _PARSER.parsebytes(block[:at]), start + at
        at += len(line)
    return _PARSER.parsebytes(block), body


def _leaves(spool: Spool, head: Head, body: int, defects: list[str]) -> Iterator[Leaf]:
    stack: list[_Open] = []
    forwarded: tuple[Head, ...] = ()
    groups = 0
    while True:
        kind = content_type(head)
        mark = boundary(head) if kind.startswith("multipart/") else None
        if mark and len(stack) < MAX_DEPTH:
            groups += 1
            stack.append(_Open(mark, kind, groups, forwarded))
            found = _delimiter(spool, body, stack)
            if found.depth < 0:
                defects.append("multipart without its boundary")
                stack.pop()
                yield _leaf(head, body, spool.size, stack, forwarded)
                return
        elif kind == "message/rfc822" and len(forwarded) < MAX_FORWARDED and _is_plain(head):
            forwarded = (*forwarded, head)
            head, body = _header_block(spool, body)
            continue
        else:
            found = _delimiter(spool, body, stack)
            yield _leaf(head, body, found.cut, stack, forwarded)
        found = _leave_closed(spool, stack, found)
        if found.depth < 0:
            if stack:
                defects.append("multipart without its end")
            return
        del stack[found.depth + 1 :]
        forwarded = stack[-1].forwarded
        head, body = _header_block(spool, found.after)


def _leaf(head: Head, start: int, end: int, stack: list[_Open], forwarded: tuple[Head, ...]) -> Leaf:
    around = tuple(each.kind for each in stack)
    return Leaf(head, start, max(start, end), around, forwarded, stack[-1].number if stack else 0)


def _is_plain(head: Head) -> bool:
    raw = values(head, "content-transfer-encoding")
    return not raw or encoding_name(raw[0]) in ("", "7bit", "8bit", "binary")


@dataclass(frozen=True, slots=True)
class _Found:
    """A delimiter line: the body before it ends at `cut`, the next part begins at `after`; depth -1: none any more."""

    cut: int
    after: int
    depth: int
    closing: bool


def _leave_closed(spool: Spool, stack: list[_Open], found: _Found) -> _Found:
    """Leave multiparts at their end delimiters; what stands behind one up to the next delimiter is epilogue."""
    while found.depth >= 0 and found.closing:
        del stack[found.depth :]
        if not stack:
            return _Found(found.cut, found.after, -1, closing=False)
        found = _delimiter(spool, found.after, stack)
    return found


def _delimiter(spool: Spool, start: int, stack: list[_Open]) -> _Found:
    """The next delimiter line of any open multipart at or after `start`, innermost first."""
    none = _Found(spool.size, spool.size, -1, closing=False)
    if not stack:
        return none
    at = start
    while at < spool.size:
        if spool.read(at, at + 2) == b"--" and (at == 0 or spool.read(at - 1, at) == b"\n"):
            hit = at
        else:
            hit = spool.find(b"\n--", at) + 1
            if hit == 0:
                return none
        end = spool.line_end(hit)
        line = spool.read(hit, min(end, hit + 1000)).rstrip(b"\r\n \t")
        for depth in range(len(stack) - 1, -1, -1):
            mark = b"--" + stack[depth].boundary
            if line in (mark, mark + b"--"):
                return _Found(_without_line_break(spool, start, hit), end, depth, line != mark)
        at = end
    return none


def _without_line_break(spool: Spool, start: int, hit: int) -> int:
    """The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    before = spool.read(max(start, hit - 2), hit)
    if before.endswith(b"\r\n"):
        return hit - 2
    return hit - 1 if before.endswith(b"\n") else hit


def top_octets(spool: Spool, body_start: int) -> bytes:
    """The header block of the mail itself, as it came."""
    return spool.read(0, min(body_start, MAX_HEADER))
