"""The parent of the child that verifies DKIM signatures: asks DNS for the keys, believes only names it asked about.

Only evidence comes of it: what cannot be looked up, or takes too long, or breaks the child, is no signature.
dkimpy verifies; it reads a mail whole, so that a mail beyond LARGEST is not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from intake.adapters.sandbox.child import OutOfTime, again_if_orphaned, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.hearing import Ear, Nonsense
from intake.domain.mail import Message
from intake.domain.vouching import aligned

_WORKER: Final = "intake.adapters.signatures.worker"
_LIMITS: Final = Limits(memory=512 * MIB, cpu_seconds=10, wall_seconds=30)
LARGEST: Final = 48 * MIB
"""Octets of a mail that is verified: dkimpy keeps it some six times in memory."""
_MOST: Final = 5
_LONGEST_KEY: Final = 4_000
_TAG: Final = re.compile(r"(?:^|;)\s*([ds])\s*=\s*([A-Za-z0-9._-]{1,253})\s*(?=;|$)")
_DOMAINS: Final = msgspec.json.Decoder(list[str])

FindKey = Callable[[str], str | None]
"""The TXT record of a DNS name, its strings joined; None when there is none, or no answer."""


class SignatureChecker:
    """Implements ports.Signatures."""

    def __init__(self, find_key: FindKey) -> None:
        self._find_key = find_key

    def __call__(self, raw: Path, message: Message) -> frozenset[str]:
        keys = {name: key for name in sorted(_asked(message)) if (key := self._find_key(name))}
        keys = {name: key for name, key in keys.items() if len(key) <= _LONGEST_KEY}
        if not keys or raw.stat().st_size > LARGEST:
            return frozenset()
        try:
            told = again_if_orphaned(lambda: _verified(raw, keys))
        except OSError:
            return frozenset()
        return told & {name.partition("._domainkey.")[2] for name in keys}


def _asked(message: Message) -> set[str]:
    """Where the keys of those signatures are that could speak for the sender (RFC 6376 section 3.6.2.1)."""
    return set(_names(message)) if message.sender else set()


def _names(message: Message) -> Iterator[str]:
    sender = message.sender.spec.rpartition("@")[2] if message.sender else ""
    for value in message.headers.get("dkim-signature", ())[:_MOST]:
        tags = dict(_TAG.findall(value))
        domain, selector = tags.get("d", "").lower(), tags.get("s", "").lower()
        if selector and aligned(sender, domain):
            yield f"{selector}._domainkey.{domain}"


def _verified(raw: Path, keys: dict[str, str]) -> frozenset[str]:
    with raw.open("rb") as file, started(_WORKER, file, (json.dumps(keys),), _LIMITS) as child:
        ear = Ear(child)
        try:
            return frozenset(_DOMAINS.decode(ear.line())) if ear.ready() else frozenset()
        except (OutOfTime, Nonsense, EOFError, msgspec.DecodeError):
            return frozenset()
