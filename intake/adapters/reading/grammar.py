"""What a child that reads a mail may say: lines of JSON, one kind each, and octets in pieces behind `Keep`.

First the head, then the bodies as they are decoded, last the whole. Everything has a cap: what goes beyond is nonsense.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypeAlias

import msgspec

from intake.domain.mail import Message

LONGEST_LINE: Final = 32 << 20
"""Octets of a whole message as JSON: a mebibyte of text twice, and a header block, with every character escaped."""
PIECE: Final = 64 << 10

_Name = Annotated[str, msgspec.Meta(max_length=512 << 10)]
_Text = Annotated[str, msgspec.Meta(max_length=4 << 20)]
_Word = Annotated[str, msgspec.Meta(max_length=1_000)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Keep(msgspec.Struct, tag="keep", forbid_unknown_fields=True):
    """A body comes next, in pieces that announce their length, the last one empty. Bodies are numbered from 0."""


class Lend(msgspec.Struct, tag="lend", forbid_unknown_fields=True):
    """Hand the octets of a body that was kept back to me, to be read."""

    body: _Count


class LinkTold(msgspec.Struct, forbid_unknown_fields=True):
    url: _Name
    provider: _Word
    filename: _Name | None
    size: _Count | None
    expires: Annotated[datetime, msgspec.Meta(tz=True)] | None


class Mailbox(msgspec.Struct, forbid_unknown_fields=True):
    name: _Name
    spec: _Name


class ResultTold(msgspec.Struct, forbid_unknown_fields=True):
    method: _Word
    result: _Word
    properties: Annotated[dict[_Word, _Word], msgspec.Meta(max_length=100)]


class VerdictTold(msgspec.Struct, forbid_unknown_fields=True):
    authserv: _Word
    results: Annotated[list[ResultTold], msgspec.Meta(max_length=100)]
    whole: bool


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of domain.Message."""

    subject: _Name
    sender: Mailbox | None
    shown_sender: _Name
    message_id: _Word | None
    references: Annotated[list[_Word], msgspec.Meta(max_length=2_000)]
    text: _Text
    own_text: _Text
    links: list[LinkTold]
    headers: dict[_Name, list[_Name]]
    content_type: _Name
    part_types: list[_Name]
    relayed_at: Annotated[datetime, msgspec.Meta(tz=True)] | None
    defects: list[_Name]
    returned: Annotated[list[_Word], msgspec.Meta(max_length=100)]
    verdicts: Annotated[list[VerdictTold], msgspec.Meta(max_length=100)]
    marked: bool


class Head(msgspec.Struct, tag="head", forbid_unknown_fields=True):
    """What the header block says, before a body was looked at."""

    message: Told


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """A Material whose octets are the body of that number."""

    origin: _Name
    filename: _Name
    body: _Count
    declared_type: _Name
    disposition: _Name | None
    content_id: _Name | None


class Whole(msgspec.Struct, tag="whole", forbid_unknown_fields=True):
    """The last word."""

    message: Told
    parts: list[Part]


Line: TypeAlias = Head | Keep | Lend | Whole


def told(message: Message) -> Told:
    """What the child tells of a message."""
    return msgspec.convert(message, Told, from_attributes=True)


def message_of(said: Told) -> Message:
    """The message that the parent takes from it."""
    return msgspec.convert(said, Message, from_attributes=True)
