"""Asks DNS for the key of a signature (RFC 6376 section 3.6.2), with the machine's own resolver."""

from __future__ import annotations

import dns.exception
import dns.resolver

PATIENCE = 5.0
"""Seconds for one answer, all tries together."""


def find_key(name: str) -> str | None:
    """The TXT record of a name. Several records are no key: which one is meant, nobody can say."""
    try:
        answer = dns.resolver.resolve(f"{name}.", "TXT", lifetime=PATIENCE, search=False)
    except (dns.exception.DNSException, OSError, ValueError):
        return None
    records = [b"".join(record.strings) for record in answer]
    return records[0].decode("ascii", "replace") if len(records) == 1 else None
