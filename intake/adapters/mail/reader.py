"""From a spooled mail to a Message and its Materials: every leaf that is not the shown text becomes a Material."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from intake.adapters.mail.blocks import Block, top_block
from intake.adapters.mail.content import Content
from intake.adapters.mail.envelope import read_envelope
from intake.adapters.mail.leaf import Leaf, content_type
from intake.adapters.mail.links import find_links
from intake.adapters.mail.nesting import Nesting
from intake.adapters.mail.parser import Trace, skeleton, trace
from intake.adapters.mail.quotes import is_forward
from intake.adapters.mail.returned import returned_ids
from intake.adapters.mail.splitter import split
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.text import Body, compose
from intake.domain.mail import Link, Message
from intake.domain.material import Material
from intake.domain.robots import automatic
from intake.ports import Blobs


def read_mail(raw: Path, blobs: Blobs) -> tuple[Message, tuple[Material, ...]]:
    """Implements ports.Reader. Decoded bodies go to the blob store chunk by chunk."""
    with ExitStack() as spools:
        spool = spools.enter_context(Spool(raw))
        top = top_block(spool)
        found = split(spool, top)
        nesting, content = Nesting(blobs, spools), Content(blobs)
        leaves = tuple(nesting.leaves(found))
        for leaf in leaves:
            content.take(leaf)
        seen = trace(skeleton(spool, found, [leaf for leaf, _text in content.texts]))
        message = _message(top, compose(content.texts), seen, leaves, (*nesting.defects, *content.defects))
        if automatic(message, frozenset()) == "bounce":
            message = replace(message, returned=returned_ids(leaves))
    return message, tuple(content.materials)


def _message(top: Block, body: Body, seen: Trace, leaves: Sequence[Leaf], defects: Iterable[str]) -> Message:
    envelope, kind = read_envelope(top), content_type(top.head)
    return Message(
        subject=envelope.subject,
        sender=envelope.sender,
        shown_sender=envelope.shown_sender,
        message_id=envelope.message_id,
        references=envelope.references,
        text=body.shown,
        own_text=body.own,
        links=_links(envelope.subject, body),
        headers=envelope.headers,
        content_type=kind,
        part_types=tuple(_part_types(kind, leaves)),
        relayed_at=seen.relayed_at,
        defects=(*envelope.defects, *defects, *seen.defects),
    )


def _links(subject: str, body: Body) -> tuple[Link, ...]:
    """The linked files. What somebody forwards is what they hand in; what they only quote is not."""
    if is_forward(subject):
        return find_links(body.shown, *body.whole_sources)
    return find_links(body.own, *body.sources)


def _part_types(kind: str, leaves: Iterable[Leaf]) -> Iterable[str]:
    """The media types of the mail itself; what a forwarded mail is made of says nothing about this one."""
    kinds = [kind]
    for leaf in leaves:
        kinds += ["message/rfc822"] if leaf.forwarded else [*(each.kind for each in leaf.around), leaf.kind]
    return dict.fromkeys(kinds)
