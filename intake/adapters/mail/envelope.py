"""The head of a mail as values: who, what, in answer to which; all headers decoded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from intake.adapters.mail.authentication import host_verdicts
from intake.adapters.mail.blocks import Block
from intake.adapters.mail.headers import words
from intake.adapters.mail.sender import read_sender
from intake.domain.mail import Address
from intake.domain.vouching import HostVerdict

MAX_VALUES = 1_000
"""Values of one header that are kept, and Message-IDs that are read."""

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}>")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the header block says; the fields are those of domain.Message."""

    subject: str
    sender: Address | None
    shown_sender: str
    message_id: str | None
    references: tuple[str, ...]
    headers: Mapping[str, tuple[str, ...]]
    defects: tuple[str, ...]
    verdicts: tuple[HostVerdict, ...]


def read_envelope(top: Block) -> Envelope:
    """Read the top header block of a mail."""
    raw: dict[str, list[bytes]] = {}
    for name, value in top.head.fields:
        raw.setdefault(name, []).append(value)
    headers = {name: tuple(words(value) for value in values[:MAX_VALUES]) for name, values in raw.items()}
    subject = headers.get("subject", ("",))[0]
    sender = read_sender(top.octets)
    references = (*_message_ids(headers, "references"), *_message_ids(headers, "in-reply-to"))
    return Envelope(
        subject=subject,
        sender=sender,
        shown_sender=headers.get("from", ("",))[0],
        message_id=next(iter(_message_ids(headers, "message-id")), None),
        references=references[:MAX_VALUES],
        headers=headers,
        defects=("lossy subject",) if "\ufffd" in subject else (),
        verdicts=host_verdicts(top.head) if sender else (),
    )


def _message_ids(headers: Mapping[str, tuple[str, ...]], name: str) -> list[str]:
    return [each for value in headers.get(name, ()) for each in _MESSAGE_ID.findall(value)]
