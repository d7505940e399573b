"""What a refusal of the server is about: this recipient, this letter, or us whatever we send.

The code alone does not tell: NetEase's rate limits are 421, 450, 451, 550 or 554 with a mark of their own, QQ's a
550 in words, and a sender that is not the account's is refused with anything from 450 to 554, at MAIL or as late as
after the final dot. An enhanced status code (RFC 3463) about an address or a mailbox (x.1.x, x.2.x) is about the
recipient, whatever its words are.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeAlias

from intake.adapters.wire import decoded, one_line
from intake.domain.patience import Refusal
from intake.ports import Deferred, LoginRefused, Refused, Throttled

Reply: TypeAlias = tuple[int, bytes]

_NOT_ALLOWED_IN = frozenset({530, 534, 535, 538})
_BAD_SEQUENCE = 503
_STORAGE_EXCEEDED = 552

_RATES = re.compile(
    r"\b(?:HL:[A-Z]{3}|MI:(?:SFQ|STC|CEL|DMC|CCL)|RP:(?:QRC|TRC|CEL|CCL|DRC|RCL))\b"
    r"|frequency limited|fail authentication|throttl|(?:rate|sending|submission|hourly|daily)[\s-]?(?:limit|quota)"
    r"|sending rate|too many (?:e?-?mails?|messages?|letters?|connect)|[45]\.4\.5\b|[45]\.7\.28\b",
    re.IGNORECASE,
)
"""How providers say that we send too much: NetEase's marks, QQ's and others' words, codes of the IANA registry."""

_SENDER = re.compile(
    r"(?:null|empty) sender|sender (?:domain |address )?is empty|mail ?from (?:address )?must|not owned by user"
    r"|sender address rejected|send as this sender|local user only|DT:SUM|[45]\.1\.[78]\b",
    re.IGNORECASE,
)
"""How they say that the envelope sender is not one that this account may use."""

_RECIPIENT = re.compile(r"^\d+ [45]\.(?:1\.\d+|2\.[1-9])\b(?<!\.1\.[78])")
_TOO_LARGE = re.compile(r"[45]\.3\.4\b|[45]\.2\.3\b|\b(?:mail|message )?size\b|too (?:large|big)", re.IGNORECASE)
_FULL = re.compile(r"[45]\.2\.2\b|quota|storage|\bfull\b", re.IGNORECASE)


class Stage(StrEnum):
    """What was answered: MAIL, RCPT, DATA or the final dot."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    LETTER = "letter"


class SenderRefused(Exception):
    """The envelope sender is not taken; another one may be."""


def accepted(reply: Reply, stage: Stage, about: str = "", good: range = range(200, 300)) -> None:
    """Return when the reply is good. Raises Deferred, Refused, LoginRefused, Throttled or SenderRefused.

    ValueError for what is no answer to a command: the connection is of no use any more.
    """
    code, words = reply
    if code in good:
        return
    if code not in range(400, 600):
        raise ValueError(f"no answer to a command: {code} {one_line(decoded(words))}")
    raise _refusal(stage, code, f"{code} {one_line(decoded(words))}", f"{stage}{about}: ")


def throttled(text: str) -> bool:
    """Whether a refusal in the server's words is a rate limit."""
    return _RATES.search(text) is not None


def _refusal(stage: Stage, code: int, said: str, prefix: str) -> Exception:
    text = prefix + said
    if code in _NOT_ALLOWED_IN:
        return LoginRefused(text, Refusal.CLOSED)
    about_recipient = stage is not Stage.SENDER and _RECIPIENT.match(said)
    if throttled(said) and not about_recipient:
        return Throttled(text)
    if _is_too_large(stage, code, said):
        return Refused(f"too large for the server: {text}")
    if _is_about_sender(stage, code, said) and not about_recipient:
        return SenderRefused(text)
    # RFC 5321 section 4.5.3.1.10: a 552 to RCPT means too many recipients, or a full mailbox.
    for_now = code < 500 or code == _BAD_SEQUENCE or (code == _STORAGE_EXCEEDED and stage is Stage.RECIPIENT)
    return (Deferred if for_now else Refused)(text)


def _is_too_large(stage: Stage, code: int, said: str) -> bool:
    """A 552 to MAIL is about the SIZE that stands there (RFC 1870 section 6.1), unless it says our account is full."""
    if _TOO_LARGE.search(said):
        return stage is not Stage.RECIPIENT and code >= 500
    return stage is Stage.SENDER and code == _STORAGE_EXCEEDED and not _FULL.search(said)


def _is_about_sender(stage: Stage, code: int, said: str) -> bool:
    """A 5xx to MAIL says nothing of the letter, which the server has not seen yet."""
    return bool(_SENDER.search(said)) or (stage is Stage.SENDER and code >= 500 and code != _BAD_SEQUENCE)
