"""From a spooled mail to a Message and its Materials: every leaf that is not the shown text becomes a Material."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

from intake.adapters.mail.blocks import Block, top_block
from intake.adapters.mail.content import Content
from intake.adapters.mail.envelope import read_envelope
from intake.adapters.mail.headers import Head, words
from intake.adapters.mail.leaf import Leaf, content_type
from intake.adapters.mail.links import find_links
from intake.adapters.mail.nesting import Nesting
from intake.adapters.mail.parameters import filenames
from intake.adapters.mail.parser import Trace, skeleton, trace
from intake.adapters.mail.quotes import is_forward
from intake.adapters.mail.returned import returned_ids
from intake.adapters.mail.splitter import split
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.store import BlobStored, Store
from intake.adapters.mail.text import Body, Text, compose
from intake.domain.mail import Link, Message
from intake.domain.material import Material
from intake.domain.robots import automatic
from intake.domain.sealing import TELLING_FIELDS
from intake.domain.secrecy import marked, marked_up, named
from intake.ports import Blobs


def read_mail(raw: Path, blobs: Blobs) -> tuple[Message, tuple[Material, ...]]:
    """Implements ports.Reader in this process; the service reads in a child (adapters/reading)."""
    with Spool(raw) as spool:
        return read(spool, BlobStored(blobs))


def read(
    spool: Spool, store: Store, tell: Callable[[Message], None] = lambda _head: None
) -> tuple[Message, tuple[Material, ...]]:
    """What a mail says, and its bodies, which go to the store chunk by chunk. `tell` hears of the head first."""
    top = top_block(spool)
    head = _head(top)
    tell(head)
    with ExitStack() as spools:
        found = split(spool, top)
        nesting, content = Nesting(store, spools), Content(store)
        leaves = tuple(nesting.leaves(found))
        for leaf in leaves:
            content.take(leaf)
        seen = trace(skeleton(spool, found, [leaf for leaf, _text in content.texts]))
        message = _message(head, compose(content.texts), seen, leaves, (*nesting.defects, *content.defects))
        message = replace(message, marked=_is_marked(nesting.heads, leaves, [text for _leaf, text in content.texts]))
        if automatic(message, frozenset()) == "bounce":
            message = replace(message, returned=returned_ids(nesting.heads, leaves))
    return message, tuple(content.materials)


def _head(top: Block) -> Message:
    envelope = read_envelope(top)
    return Message(
        subject=envelope.subject,
        sender=envelope.sender,
        shown_sender=envelope.shown_sender,
        message_id=envelope.message_id,
        references=envelope.references,
        headers=envelope.headers,
        content_type=content_type(top.head),
        defects=envelope.defects,
        verdicts=envelope.verdicts,
    )


def _message(head: Message, body: Body, seen: Trace, leaves: Sequence[Leaf], defects: Iterable[str]) -> Message:
    return replace(
        head,
        text=body.shown,
        own_text=body.own,
        links=_links(head.subject, body),
        part_types=tuple(_part_types(head.content_type, leaves)),
        relayed_at=seen.relayed_at,
        defects=(*head.defects, *defects, *seen.defects),
    )


def _is_marked(heads: Iterable[Head], leaves: Sequence[Leaf], texts: Iterable[Text]) -> bool:
    """Whether what no other field of a Message tells bears a marking: heads of mails and parts inside, versions of the
    text that are not shown, what a page does not show.
    """
    told = chain(
        (words(value) for head in heads for name in TELLING_FIELDS for value in head.values(name)),
        (each for leaf in leaves for head in (*leaf.forwarded, leaf.head) for each in _called(head)),
    )
    return any(map(named, told)) or any(marked(text.shown) or marked_up(text.whole_source) for text in texts)


def _called(head: Head) -> Iterator[str]:
    """All that the head of a part calls it."""
    yield from filenames(head)
    yield from map(words, head.values("content-description"))


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
