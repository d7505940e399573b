"""The text of a mail as a person reads it, chosen from its text leaves, and the part of it that is not quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intake.adapters.mail.charsets import decode
from intake.adapters.mail.leaf import Container, Leaf
from intake.adapters.mail.page import read_page
from intake.adapters.mail.parameters import parameter
from intake.adapters.mail.quotes import own_part, own_source

_META = re.compile(rb"<meta\b[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_META_IN = 4_000
_POORER = 4
"""How many times more text the HTML must have before the plain alternative counts as a mere notice."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text leaf, decoded: all of it, the part that is not quoted, and for HTML the sources of both."""

    kind: str
    shown: str
    own: str
    source: str = ""
    whole_source: str = ""

    @property
    def cut(self) -> bool:
        """Whether something quoted follows."""
        return len(self.own) < len(self.shown.rstrip())


@dataclass(frozen=True, slots=True)
class Body:
    """What a person reads: all of it, the own part, and the sources of HTML (own, whole) to look for links in."""

    shown: str
    own: str
    sources: tuple[str, ...]
    whole_sources: tuple[str, ...] = ()


def read_text(leaf: Leaf, octets: bytes) -> Text:
    """Decode the octets of a text leaf; U+FFFD stands where they are no text."""
    kind_of_text = leaf.head.first("content-type")
    charset = parameter(kind_of_text, "charset")
    if leaf.kind == "text/html":
        meta = _META.search(octets[:_META_IN])
        return _html(decode(octets, charset or (meta[1].decode("latin-1") if meta else ""))[0])
    text = re.sub("\r\n?", "\n", decode(octets, charset)[0])
    if parameter(kind_of_text, "format").lower() == "flowed":
        text = unflowed(text, parameter(kind_of_text, "delsp").lower() == "yes")
    return Text(leaf.kind, text, own_part(text))


def unflowed(text: str, delete_space: bool) -> str:
    """RFC 3676: a line that ends in a space goes on in the next one, unless it is the signature mark."""
    lines: list[str] = []
    flowing = False
    for stuffed in text.split("\n"):
        line = stuffed.removeprefix(" ")
        flows = line.endswith(" ") and line != "-- " and not line.startswith(">")
        shown = line[:-1] if flows and delete_space else line
        if flowing:
            lines[-1] += shown
        else:
            lines.append(shown)
        flowing = flows
    return "\n".join(lines)


def compose(texts: Sequence[tuple[Leaf, Text]]) -> Body:
    """Put together what is shown: of alternatives one, else all. What follows a quotation belongs to it."""
    groups: dict[object, list[Text]] = {}
    for index, (leaf, text) in enumerate(texts):
        groups.setdefault(_alternative(leaf) or index, []).append(text)
    chosen = [text for group in groups.values() for text in _version(group)]
    end = next((index + 1 for index, text in enumerate(chosen) if text.cut), len(chosen))
    return Body(
        shown=_joined(text.shown for text in chosen),
        own=_joined(text.own for text in chosen[:end]),
        sources=tuple(text.source for _leaf, text in texts if text.source),
        whole_sources=tuple(text.whole_source for _leaf, text in texts if text.whole_source),
    )


def _html(source: str) -> Text:
    page = read_page(source)
    own = own_source(source, page)
    return Text("text/html", page.text, own_part(read_page(own).text), own, source)


def _alternative(leaf: Leaf) -> Container | None:
    """The outermost multipart/alternative around a leaf: its branches say the same thing."""
    return next((each for each in leaf.around if each.kind == "multipart/alternative"), None)


def _version(group: Sequence[Text]) -> list[Text]:
    """The plain version, unless it is empty or a mere notice that there is HTML."""
    plain = [text for text in group if text.kind == "text/plain"]
    pages = [text for text in group if text.kind == "text/html"]
    if not pages or not plain:
        return [*plain, *pages]
    plain_length, page_length = (sum(len(text.shown.strip()) for text in each) for each in (plain, pages))
    return pages if plain_length * _POORER < page_length or not plain_length else plain


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text.strip("\n") for text in texts if text.strip())
