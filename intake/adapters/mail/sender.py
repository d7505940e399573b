"""The one strict reader of From, for identity: exactly one header, exactly one address, or nobody.

Own code, because mail-parser 4.8 takes the first of two From headers, splits headers at a bare CR, and guesses
an address out of malformed ones; it is a forensic tool. RFC 5322 section 3.6.2; who cannot be read without
doubt is nobody.
"""

from __future__ import annotations

import re

from intake.adapters.mail.blocks import MAX_BLOCK
from intake.adapters.mail.headers import fields, words
from intake.domain.mail import Address

LONGEST_FROM = 2_000
_LONGEST_SPEC = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""

_ANYWHERE = re.compile(rb"(?:^|[\r\n])[ \t]*from[ \t]*:", re.IGNORECASE)
_PROPER = re.compile(rb"(?:^|\n)from:", re.IGNORECASE)
_BARE_CR = re.compile(rb"\r(?!\n)")
_GB_CHARACTER = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SPEC = rb"(?=[^@]{1,64}@)" + _ATOM + rb"(?:\." + _ATOM + rb")*@" + _LABEL + rb"(?:\." + _LABEL + rb")+"
_MAILBOX = re.compile(
    rb'\s*(?:(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<phrase>[^"<>,;:\\()]*))\s*<' + rb"(?P<angle>" + _SPEC + rb")>|"
    + rb"(?P<bare>" + _SPEC + rb")\s*(?:\((?P<comment>[^()]*)\))?)\s*",
    re.DOTALL,
)  # fmt: skip


def read_sender(block: bytes) -> Address | None:
    """The mailbox in the only From header of a header block, or None when there is any doubt.

    Doubt is also what other readers may see otherwise: a bare CR or NUL anywhere in the block, a line of
    a folded header that looks like another From.
    """
    if len(block) >= MAX_BLOCK or b"\0" in block or _BARE_CR.search(block):
        return None
    if len(_ANYWHERE.findall(block)) != 1 or len(_PROPER.findall(block)) != 1:
        return None
    values = fields(block).values("from")
    return _mailbox(values[0]) if len(values) == 1 and len(values[0]) <= LONGEST_FROM else None


def _mailbox(octets: bytes) -> Address | None:
    """The octets are matched before they are decoded: what hides in an encoded word is a name, no address."""
    match = _MAILBOX.fullmatch(_masked(octets))
    if match is None:
        return None
    spec = match["angle"] or match["bare"]
    if len(spec) > _LONGEST_SPEC or b"=?" in spec:
        return None
    return Address(_name(octets, match), spec.decode("ascii").lower())


def _masked(octets: bytes) -> bytes:
    """The same octets with raw GBK characters made opaque: their second octet may be a backslash."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return _GB_CHARACTER.sub(b"\x80\x80", octets)
    return octets


def _name(octets: bytes, match: re.Match[bytes]) -> str:
    for group in ("quoted", "phrase", "comment"):
        start, end = match.span(group)
        if end > start:
            raw = octets[start:end]
            raw = re.sub(rb'\\(["\\])', rb"\1", raw) if group == "quoted" else raw
            return words(raw).strip()
    return ""
