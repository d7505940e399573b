"""Content-Transfer-Encoding undone in chunks (RFC 2045 section 6), leniently: what can be saved is saved.

Own code, because the standard library answers a base64 body of invalid length with the undecoded text, and
stops at the first "=" of a body that is padded line by line.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator

import pybase64

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_JUNK = bytes(set(range(256)) - set(_ALPHABET))
_PADDING = re.compile(b"=+")


def encoding_name(octets: bytes) -> str:
    """The encoding that a Content-Transfer-Encoding value means: "base64" also for "Base64;" and the like."""
    word = octets.decode("latin-1").split(";")[0].split()[:1]
    return word[0].strip("\"'").lower() if word else ""


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The decoded body, chunk by chunk. An unknown encoding is taken as it is."""
    if encoding == "base64":
        return _base64(chunks)
    if encoding == "quoted-printable":
        return _quoted_printable(chunks)
    return iter(chunks)


def decode_base64(octets: bytes) -> bytes:
    """All of a base64 text at once; junk is skipped, every padded run is decoded."""
    return b"".join(_base64([octets]))


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    carry = b""
    for chunk in chunks:
        clean = carry + chunk.translate(None, _JUNK)
        *runs, rest = _PADDING.split(clean)
        for run in runs:
            yield _quanta(run)
        cut = len(rest) // 4 * 4
        yield pybase64.b64decode(rest[:cut])
        carry = rest[cut:]
    yield _quanta(carry)


def _quanta(run: bytes) -> bytes:
    """A run between paddings; a last lone character holds no octet and is dropped."""
    run = run[:-1] if len(run) % 4 == 1 else run
    return pybase64.b64decode(run + b"=" * (-len(run) % 4))


def _quoted_printable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut at line ends, so that no "=XX" and no soft line break is torn."""
    carry = b""
    for chunk in chunks:
        carry += chunk
        cut = carry.rfind(b"\n") + 1
        if not cut and len(carry) > LONGEST_LINE:
            cut = len(carry) - 2 if b"=" in carry[-2:] else len(carry)
        yield binascii.a2b_qp(carry[:cut])
        carry = carry[cut:]
    yield binascii.a2b_qp(carry)


LONGEST_LINE = 1 << 16
"""Octets without a line end that are kept together; RFC 2045 allows 76."""
