"""mail-parser behind one door: it gets the mail with its large bodies cut out, and may fail.

What it is good at is taken from it: the trace (Received) and the defects. Subjects, names and bodies are
decoded by our own modules, because mail-parser 4.8 loses octets of Chinese text without a word (measured:
41 of 356 real subjects). It raises foreign exceptions on real mail (15 of 16,667), so everything it raises
counts as a defect, and nothing is lost with it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import mailparser

from intake.adapters.mail.leaf import Leaf
from intake.adapters.mail.splitter import Split
from intake.adapters.mail.spool import Spool

MAX_SKELETON = 128 << 10
"""Octets handed to mail-parser at most; 50,000 encoded words in one header cost it 9 seconds."""

logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)
"""It reports every oddity of a mail as a warning; what matters to us comes back as a defect."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What mail-parser made of the skeleton: when our server took the mail (None: it does not say), and defects."""

    relayed_at: datetime | None
    defects: tuple[str, ...]


def skeleton(spool: Spool, found: Split, kept: Sequence[Leaf]) -> bytes:
    """The octets of the mail without the bodies of all leaves but the kept ones."""
    pieces: list[bytes] = []
    at = length = 0
    keep = {(leaf.start, leaf.end) for leaf in kept if leaf.spool is spool}
    for leaf in found.leaves:
        if length >= MAX_SKELETON:
            break
        if (leaf.start, leaf.end) not in keep:
            pieces.append(spool.read(at, min(leaf.start, at + MAX_SKELETON)))
            length += len(pieces[-1])
            at = leaf.end
    pieces.append(spool.read(at, at + MAX_SKELETON))
    return b"".join(pieces)[:MAX_SKELETON]


def trace(octets: bytes) -> Trace:
    """Let mail-parser read the skeleton."""
    try:
        parsed = mailparser.parse_from_bytes(octets)
        defects = tuple(sorted(str(category) for category in parsed.defects_categories))
        return Trace(_relayed_at(parsed.message.get_all("received") or []), defects)
    except Exception as error:  # noqa: BLE001 - it raises AttributeError, TypeError, ValueError ... on real mail
        return Trace(None, (f"mail-parser: {type(error).__name__}",))


def _relayed_at(received: list[object]) -> datetime | None:
    """The time in the topmost Received line, which the last server, ours, has written (RFC 5321 section 4.4)."""
    if not received:
        return None
    try:
        stamp = parsedate_to_datetime(str(received[0]).rpartition(";")[2].strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
