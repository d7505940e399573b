"""The Message-IDs that a mail carries in its body: what a bounce says it could not deliver.

Own code: a report of RFC 3464 returns the head in a part of its own, but Aliyun and Sina return it in
attachments of any type or in plain text. Whoever asks looks the ids up among the letters that were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from intake.adapters.mail.headers import Head
from intake.adapters.mail.leaf import Leaf

NEAR = 64 << 10
"""Octets of each leaf that are looked at."""
MOST = 100
"""Ids that are told."""

_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{3,300}>")


def returned_ids(heads: Iterable[Head], leaves: Iterable[Leaf]) -> tuple[str, ...]:
    """Message-IDs in the heads of the mails inside and in the leaves, each once."""
    found: dict[str, None] = {}
    for head in heads:
        found |= _ids(head.first("message-id"))
    for leaf in leaves:
        if len(found) < MOST:
            found |= _ids(_beginning(leaf))
    return tuple(found)[:MOST]


def _beginning(leaf: Leaf) -> bytes:
    octets = b""
    for chunk in leaf.octets():
        octets += chunk
        if len(octets) >= NEAR:
            break
    return octets[:NEAR]


def _ids(octets: bytes) -> dict[str, None]:
    return dict.fromkeys(match.decode("ascii") for match in _MESSAGE_ID.findall(octets))
