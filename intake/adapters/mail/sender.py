"""The one strict reader of From, for identity: exactly one header, exactly one address, or nobody.

Own code, because mail-parser 4.8 takes the first of two From headers and splits headers at a bare CR, and
guesses an address out of malformed ones; it is a forensic tool. RFC 5322 section 3.6.2; design of identity:
who cannot be read without doubt is nobody.
"""

from __future__ import annotations

import re

from intake.adapters.mail.headers import words
from intake.domain.mail import Address

_SPEC = r"(?P<{0}>[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
_MAILBOX = re.compile(
    r'\s*(?:(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<phrase>[^"<>,;:\\]*))\s*<\s*' + _SPEC.format("angle") + r"\s*>|"
    + _SPEC.format("bare") + r")\s*(?:\([^()]*\)\s*)?"
)  # fmt: skip


def read_sender(from_values: list[bytes]) -> Address | None:
    """The mailbox of the only From header (raw values given), or None when there is any doubt."""
    if len(from_values) != 1 or b"\r" in from_values[0] or b"\0" in from_values[0]:
        return None
    match = _MAILBOX.fullmatch(words(from_values[0]))
    if match is None:
        return None
    name = match["quoted"] if match["quoted"] is not None else match["phrase"] or ""
    return Address(re.sub(r"\\(.)", r"\1", name).strip(), (match["angle"] or match["bare"]).lower())
