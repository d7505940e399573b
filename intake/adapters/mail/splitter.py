"""The leaves of a mail as ranges of octets (RFC 2046): only header blocks are read, bodies stay in the file.

Own code, because mail-parser 4.8 keeps every body in memory (620 MB for a 50 MB attachment) and loses leaves
that have no name. Damage is taken as it comes: a missing end ends with the file, a wrong boundary is guessed,
parts behind an end count, and what cannot be split is one leaf. Each is told as a defect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from intake.adapters.mail.blocks import Block, read_block, top_block
from intake.adapters.mail.bounds import MAX_FORWARDED, MAX_LEAVES
from intake.adapters.mail.delimiters import (
    LONGEST_BOUNDARY,
    Delimiter,
    declared_boundary,
    guessed_boundary,
    looks_multipart,
    next_delimiter,
)
from intake.adapters.mail.headers import Head
from intake.adapters.mail.leaf import Container, Leaf, content_type, declared_types
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.transfer import encoding_name, is_identity

MAX_DEPTH = 30
"""Multiparts inside one another."""
MAX_DELIMITERS = 8 * MAX_LEAVES
"""Searches for a delimiter: there may be millions of them without a part between."""
MAILS = frozenset({"message/rfc822", "message/global", "message/news"})

TOO_MANY = "too many parts"
STRAY = "part without its delimiter"
_STRAY_IN = 64 << 10
"""Octets of a preamble or epilogue in which a part is looked for."""
_DESCRIBED = re.compile(rb"(?<![^\r\n])content-(?:type|transfer-encoding|disposition)[ \t]*:", re.IGNORECASE)
_ENCODED_LINES = re.compile(rb"(?<![^\r\n])(?:[A-Za-z0-9+/]{60,}[ \t]*(?:\r\n|\n|\r)){3}")
_CLEAR = re.compile(rb"\s*[A-Za-z-]+:[ \t]")


@dataclass(slots=True)
class Split:
    """The top header block, the leaves in order, the heads of mails inside, and what was wrong on the way."""

    top: Block
    leaves: list[Leaf] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A multipart on the way; `closed` when its end delimiter has come."""

    boundary: bytes
    container: Container
    forwarded: tuple[Head, ...]
    closed: bool = False


def split(spool: Spool, top: Block, forwarded: tuple[Head, ...] = (), most: int = MAX_LEAVES) -> Split:
    """Find all leaves of a spooled mail with this top block that lies in the `forwarded` ones; at most `most`."""
    walk = _Walk(spool, Split(top), forwarded, most)
    block: Block | None = top
    while block is not None and len(walk.result.leaves) <= most:
        block = walk.step(block)
    del walk.result.leaves[most:]
    return walk.result


class _Walk:
    """One walk over the parts of a mail, from delimiter to delimiter."""

    def __init__(self, spool: Spool, result: Split, forwarded: tuple[Head, ...], most: int) -> None:
        self.result = result
        self._most = most
        self._spool = spool
        self._stack: list[_Open] = []
        self._forwarded = forwarded
        self._searches = 0

    def note(self, defect: str) -> None:
        if defect and defect not in self.result.defects:
            self.result.defects.append(defect)

    def step(self, block: Block) -> Block | None:
        """Go through one part; the block of the next one, or None at the end of the mail."""
        self.note(block.defect)
        kind = self._kind(block)
        encoded = self._is_encoded(block)
        if kind.startswith("multipart/"):
            entered = self._enter(block, kind)
            if entered:
                return self._follow(entered)
            kind = kind if encoded or len(self._stack) >= MAX_DEPTH else self._unsplit()
        if kind in MAILS and not encoded:
            if len(self._forwarded) < MAX_FORWARDED:
                self._forwarded = (*self._forwarded, block.head)
                inner = top_block(self._spool, block.body)
                self.result.heads.append(inner.head)
                return inner
            self.note("forwarded too deep")
        if kind == "message/partial":
            self.note("message in parts")
        found = self._next(block.body)
        self._leaf(block, kind, found.cut if found else self._spool.size)
        return self._follow(found)

    def _is_encoded(self, block: Block) -> bool:
        """Whether a body is to be decoded first. Some declare base64 for a mail that stands there in the clear."""
        encoding = encoding_name(block.head.first("content-transfer-encoding"))
        beginning = self._spool.read(block.body, block.body + 200)
        return not is_identity(encoding) and not (encoding == "base64" and _CLEAR.match(beginning))

    def _kind(self, block: Block) -> str:
        kind = content_type(block.head, "message/rfc822" if self._in_digest() else "text/plain")
        if not self._stack and not declared_types(block.head) and looks_multipart(self._spool, block.body):
            self.note("multipart without its header")
            return "multipart/mixed"
        return kind

    def _in_digest(self) -> bool:
        """Whether the part lies directly in a digest, where parts are mails (RFC 2046 section 5.1.5)."""
        inner = self._stack[-1] if self._stack else None
        return bool(inner and inner.container.kind == "multipart/digest" and inner.forwarded == self._forwarded)

    def _unsplit(self) -> str:
        """What a multipart is that has no delimiter at all: text, as its reader sees it."""
        self.note("multipart without its boundary")
        return "text/plain"

    def _enter(self, block: Block, kind: str) -> Delimiter | None:
        """Open a multipart up to its first delimiter; None when it must be taken as one leaf."""
        if len(self._stack) >= MAX_DEPTH:
            self.note("nested too deep")
            return None
        mark = declared_boundary(block.head)
        if len(mark) > LONGEST_BOUNDARY:
            self.note("boundary too long")
            return None
        if mark and (found := self._opened(block, kind, mark)):
            return found
        outer = self._next(block.body)
        mark = guessed_boundary(self._spool, block.body, outer.cut if outer else self._spool.size)
        if mark and (found := self._opened(block, kind, mark)):
            self.note("multipart with another boundary")
            return found
        return None

    def _opened(self, block: Block, kind: str, mark: bytes) -> Delimiter | None:
        self._stack.append(_Open(mark, Container(kind), self._forwarded))
        found = self._next(block.body)
        if found and found.index == len(self._stack) - 1:
            self._stray(block.body, found.cut)
            return found
        self._stack.pop()
        return None

    def _leaf(self, block: Block, kind: str, end: int) -> None:
        self.note(TOO_MANY if len(self.result.leaves) >= self._most else block.defect)
        around = tuple(each.container for each in self._stack if not each.closed)
        start = min(block.body, end)
        self.result.leaves.append(Leaf(self._spool, block.head, kind, start, end, around, self._forwarded))

    def _stray(self, start: int, end: int) -> None:
        """Before the first delimiter and behind the last nothing counts, but for a part whose delimiter is damaged."""
        octets = self._spool.read(start, min(end, start + _STRAY_IN))
        match = _DESCRIBED.search(octets)
        described = start + match.start() if match else end
        if _ENCODED_LINES.search(octets, 0, described - start):
            self._leaf(Block(b"", Head(), start, STRAY), "application/octet-stream", described)
        if match:
            block = read_block(self._spool, described)
            self._leaf(Block(b"", block.head, block.body, STRAY), content_type(block.head), end)

    def _next(self, start: int) -> Delimiter | None:
        """The next delimiter, innermost open multipart first, closed ones last; its index is that of the stack."""
        self._searches += 1
        if self._searches > MAX_DELIMITERS:
            self.note(TOO_MANY)
            return None
        order = sorted(range(len(self._stack)), key=lambda index: (self._stack[index].closed, -index))
        found = next_delimiter(self._spool, start, [self._stack[index].boundary for index in order])
        return Delimiter(found.cut, found.after, order[found.index], found.closing) if found else None

    def _follow(self, found: Delimiter | None) -> Block | None:
        """The part behind a delimiter. Behind an end delimiter there is epilogue up to the next delimiter."""
        while found is not None:
            self._leave_inner(found.index)
            current = self._stack[found.index]
            self._forwarded = current.forwarded
            if not found.closing:
                if current.closed:
                    self.note("parts behind the end")
                current.closed = False
                return read_block(self._spool, found.after)
            current.closed = True
            start, found = found.after, self._next(found.after)
            self._stray(start, found.cut if found else self._spool.size)
        self._leave_inner(-1)
        return None

    def _leave_inner(self, index: int) -> None:
        """Leave the multiparts inside the one at `index`."""
        if any(not each.closed for each in self._stack[index + 1 :]):
            self.note("multipart without its end")
        del self._stack[index + 1 :]
