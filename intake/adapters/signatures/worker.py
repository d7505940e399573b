"""The child process: verifies the signatures of one mail with keys it was handed, and tells whose are valid.

It has no network; a key it was not handed is one that is not there. Words: a JSON object, DNS name to TXT record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

import dkim
from dkim.crypto import UnparsableKeyError

from intake.adapters.sandbox.inside import Errand

PRELOADED: Final = ("dkim.crypto", "dkim.canonicalization")

MOST: Final = 5
"""Signatures of one mail that are looked at, topmost first."""
_SHORTEST_KEY: Final = 1024
_ALGORITHMS: Final = (b"rsa-sha256", b"ed25519-sha256")


def main(errand: Errand) -> None:
    """Tell the domains with a valid signature of the whole mail, in the order of the signatures."""
    (words,) = errand.words
    keys: dict[str, str] = json.loads(words)
    errand.tell(list(dict.fromkeys(signers(errand.file.read(), keys.get))))


def signers(octets: bytes, key: Callable[[str], str | None]) -> Iterator[str]:
    """The domain of every signature that is valid, speaks for the whole body and for From, and is no toy.

    dkimpy checks dates and the length of the key; `l=` lets anybody add to the body, rsa-sha1 is broken (RFC 8301).
    """

    def asked(name: bytes, timeout: int = 0) -> bytes | None:  # noqa: ARG001 - dkimpy hands it over
        found = key(name.decode("ascii", "replace").lower().rstrip("."))
        return found.encode("ascii", "replace") if found else None

    try:
        mail = dkim.DKIM(octets, minkey=_SHORTEST_KEY, timeout=1)
    except dkim.DKIMException:
        return
    for index in range(min(MOST, sum(name.lower() == b"dkim-signature" for name, _value in mail.headers))):
        try:
            tags, signed, _all = mail.verify_headerprep(index)
            proper = b"l" not in tags and tags[b"a"] in _ALGORITHMS and b"from" in signed
            if proper and mail.verify(index, dnsfunc=asked):
                yield tags[b"d"].decode("ascii").lower()
        except (dkim.DKIMException, UnparsableKeyError, ValueError, KeyError):
            continue
