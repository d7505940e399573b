"""From a spooled mail to a Message and its Materials: every leaf that is not the chosen text becomes a Material."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from pathlib import Path

from intake.adapters.mail.charsets import decode
from intake.adapters.mail.headers import fields, filename, parameters, values, words
from intake.adapters.mail.links import find_links
from intake.adapters.mail.parser import skeleton, trace
from intake.adapters.mail.sender import read_sender
from intake.adapters.mail.splitter import Leaf, Split, content_type, split, top_octets
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.text import html_without_quotes, plain, without_quotes
from intake.adapters.mail.transfer import decoded
from intake.domain.mail import Message
from intake.domain.material import Material
from intake.ports import Blobs

MAX_TEXT = 1 << 20
"""Octets of a text body that are read; more is cut."""
MAX_HEADER_VALUES = 1_000

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}>")
_PATH = re.compile(r"[/\\\x00-\x1f\x7f]+")


def read_mail(raw: Path, blobs: Blobs) -> tuple[Message, tuple[Material, ...]]:
    """Implements ports.Reader. Decoded bodies go to the blob store chunk by chunk."""
    with Spool(raw) as spool:
        found = split(spool)
        texts = [leaf for leaf in found.leaves if _is_text_body(leaf)]
        message = _message(spool, found, texts)
        materials = _materials(spool, [leaf for leaf in found.leaves if leaf not in texts], blobs)
    return message, materials


def _is_text_body(leaf: Leaf) -> bool:
    """Text of the mail itself, shown in place: not forwarded, not named, not declared an attachment."""
    return (
        content_type(leaf.head) in ("text/plain", "text/html")
        and not leaf.forwarded
        and _disposition(leaf) != "attachment"
        and not filename(leaf.head)
    )


def _disposition(leaf: Leaf) -> str | None:
    raw = values(leaf.head, "content-disposition")
    return raw[0].split(b";")[0].strip().lower().decode("latin-1") if raw else None


def _message(spool: Spool, found: Split, texts: Sequence[Leaf]) -> Message:
    block = fields(top_octets(spool, found.body_start))
    raw = {name: [value for key, value in block if key == name] for name, _value in block}
    headers = {name: tuple(words(value) for value in each[:MAX_HEADER_VALUES]) for name, each in raw.items()}
    shown, sources = _bodies(spool, texts)
    seen = trace(skeleton(spool, found, list(texts)))
    own = without_quotes(shown)
    return Message(
        subject=headers.get("subject", ("",))[0],
        sender=read_sender(raw.get("from", [])),
        shown_sender=headers.get("from", ("",))[0],
        message_id=next(iter(_message_ids(headers, "message-id")), None),
        references=(*_message_ids(headers, "references"), *_message_ids(headers, "in-reply-to")),
        text=shown,
        own_text=own,
        links=find_links(own, *(html_without_quotes(source) for source in sources)),
        headers=headers,
        content_type=content_type(found.head),
        part_types=tuple(dict.fromkeys(_part_types(found))),
        relayed_at=seen.relayed_at,
        defects=(*found.defects, *seen.defects),
    )


def _part_types(found: Split) -> list[str]:
    return [kind for leaf in found.leaves for kind in (*leaf.around, content_type(leaf.head))]


def _message_ids(headers: dict[str, tuple[str, ...]], name: str) -> list[str]:
    return [each for value in headers.get(name, ()) for each in _MESSAGE_ID.findall(value)]


def _bodies(spool: Spool, texts: Sequence[Leaf]) -> tuple[str, list[str]]:
    """The text as shown, and the sources of HTML bodies. Of alternatives the plain one is shown if it has words."""
    shown: list[str] = []
    sources: list[str] = []
    groups: dict[object, list[tuple[str, str]]] = {}
    for index, leaf in enumerate(texts):
        alternative = bool(leaf.around) and "multipart/alternative" in leaf.around
        kind, text = content_type(leaf.head), _text(spool, leaf)
        groups.setdefault("alternative" if alternative else index, []).append((kind, text))
        if kind == "text/html":
            sources.append(text)
    for group in groups.values():
        versions = [text for kind, text in group if kind == "text/plain" and text.strip()]
        versions += [plain(text) for kind, text in group if kind == "text/html"]
        shown += versions[:1]
    return "\n".join(shown), sources


def _text(spool: Spool, leaf: Leaf) -> str:
    octets = b"".join(decoded(spool.chunks(leaf.start, min(leaf.end, leaf.start + MAX_TEXT)), leaf.encoding))
    raw = values(leaf.head, "content-type")
    charset = dict(parameters(raw[0])).get("charset", b"").decode("latin-1") if raw else ""
    return decode(octets, charset)[0].replace("\r\n", "\n")


def _materials(spool: Spool, leaves: Sequence[Leaf], blobs: Blobs) -> tuple[Material, ...]:
    kept = [leaf for leaf in leaves if leaf.end > leaf.start or _named(leaf)]
    return tuple(_material(spool, leaf, number, blobs) for number, leaf in enumerate(kept, start=1))


def _named(leaf: Leaf) -> bool:
    return bool(filename(leaf.head)) or _disposition(leaf) == "attachment"


def _material(spool: Spool, leaf: Leaf, number: int, blobs: Blobs) -> Material:
    with blobs.writer() as writer:
        for chunk in decoded(spool.chunks(leaf.start, leaf.end), leaf.encoding):
            writer.write(chunk)
        blob = writer.commit()
    name = (
        base_name(filename(leaf.head)) or f"unnamed-{number}{mimetypes.guess_extension(content_type(leaf.head)) or ''}"
    )
    inside = [base_name(filename(head)) or "message.eml" for head in leaf.forwarded]
    content_id = values(leaf.head, "content-id")
    return Material(
        origin="/".join([*inside, name]),
        filename=name,
        sha256=blob.sha256,
        size=blob.size,
        declared_type=content_type(leaf.head),
        disposition=_disposition(leaf),
        content_id=words(content_id[0]).strip("<> ") if content_id else None,
    )


def base_name(name: str) -> str:
    """A file name without any path of the sender's and without control characters."""
    return _PATH.split(name)[-1].strip(" .") if name else ""
