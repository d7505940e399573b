"""Content-Transfer-Encoding undone in chunks (RFC 2045 section 6), leniently: what can be saved is saved.

Own code, because the standard library answers a base64 body of invalid length with the undecoded text, and
stops at the first "=" of a body that is padded line by line.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator

import pybase64

from intake.adapters.mail.uuencode import uudecoded

LONGEST_LINE = 1 << 16
"""Octets without a line end that are kept together; RFC 2045 allows 76."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_JUNK = bytes(set(range(256)) - set(_ALPHABET))
_PADDING = re.compile(rb"[=\s]*")
_MORE = re.compile(rb"\s*(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?[ \t]*[\r\n]|\s*[A-Za-z0-9+/]*={0,2}\s*\Z")
_UU_NAMES = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def encoding_name(octets: bytes) -> str:
    """The encoding that a Content-Transfer-Encoding value means: "base64" also for "Base64;" and the like."""
    word = re.split(rb"[;,(\s]", octets.strip(), maxsplit=1)[0]
    return word.strip(b"\"'").lower().decode("latin-1")


def is_identity(encoding: str) -> bool:
    """Whether the octets of a body are the body itself."""
    return encoding not in _UU_NAMES | {"base64", "quoted-printable"}


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The decoded body, chunk by chunk. An unknown encoding is taken as it is."""
    if encoding == "base64":
        return _base64(chunks)
    if encoding == "quoted-printable":
        return _quoted_printable(chunks)
    if encoding in _UU_NAMES:
        return uudecoded(chunks)
    return iter(chunks)


def decode_base64(octets: bytes) -> bytes:
    """All of a base64 text at once; junk is skipped, every padded run is decoded."""
    return b"".join(_base64([octets]))


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Padding ends the body, unless a line of nothing but base64 follows: some mailers pad every line."""
    carry = b""
    padded = False
    for chunk in _at_line_ends(chunks):
        for run, ends in _runs(chunk):
            if padded and not _MORE.match(run) and run.strip(b"=\r\n\t "):
                return
            clean = carry + run.translate(None, _JUNK).rstrip(b"=")
            complete = ends and len(clean) % 4 != 1
            padded = complete or (padded and not clean)
            cut = len(clean) if complete else len(clean) // 4 * 4
            yield _quanta(clean[:cut])
            carry = clean[cut:]
    yield _quanta(carry)


def _runs(chunk: bytes) -> Iterator[tuple[bytes, bool]]:
    """A chunk in runs, and whether padding ends each."""
    at = 0
    while (hit := chunk.find(b"=", at)) >= 0:
        padding = _PADDING.match(chunk, hit)
        end = padding.end() if padding else hit + 1
        yield chunk[at:end], True
        at = end
    if at < len(chunk):
        yield chunk[at:], False


def _quanta(run: bytes) -> bytes:
    """A run up to its padding; a last lone character holds no octet and is dropped."""
    run = run[:-1] if len(run) % 4 == 1 else run
    return pybase64.b64decode(run + b"=" * (-len(run) % 4))


def _quoted_printable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return (binascii.a2b_qp(chunk) for chunk in _at_line_ends(chunks))


def _at_line_ends(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same octets, cut at line ends: no "=XX", no soft line break and no line of base64 is torn."""
    carry = b""
    for chunk in chunks:
        octets = carry + chunk
        cut = octets.rfind(b"\n") + 1
        if not cut and len(octets) > LONGEST_LINE:
            cut = len(octets) - 2 if b"=" in octets[-2:] else len(octets)
        yield octets[:cut]
        carry = octets[cut:]
    yield carry
