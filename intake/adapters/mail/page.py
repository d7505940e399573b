"""The text of an HTML page as its reader sees it, and where in the source each piece of it stands.

Own code, because html.parser takes quadratic time on unclosed comments (0.5 s for 32 KB, so minutes for 1 MB),
drops the rest of a page behind an unclosed <style>, and a mail is written by strangers. A page is cut into
tags and text in one pass; nothing is fetched, nothing is executed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BREAKING = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "dl", "dt", "dd", "table", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"blockquote", "hr", "section", "center", "form", "pre", "textarea"}
)
_KEEPING_BREAKS = frozenset({"pre", "textarea"})
_SPACING = frozenset({"td", "th"})
_HIDDEN = frozenset({"script", "style", "title"})
_MARKUP = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)|<[!?/]")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_ZERO_WIDTH = re.compile("[\u200b\ufeff]")


@dataclass(frozen=True, slots=True)
class Page:
    """The visible text, and for each piece of it its offset in the text and in the source."""

    text: str
    places: tuple[tuple[int, int], ...]

    def source_offset(self, offset: int) -> int:
        """Where in the source the piece begins that holds the character at `offset` of the text."""
        return max((source for at, source in self.places if at <= offset), default=0)


def read_page(source: str) -> Page:
    """Read an HTML source; never raises, in linear time."""
    text: list[str] = []
    places: list[tuple[int, int]] = []
    length = 0
    for at, piece in _pieces(source):
        shown = _fitting(piece, text[-1] if text else "\n")
        if shown:
            places.append((length, at))
            text.append(shown)
            length += len(shown)
    return Page("".join(text).rstrip(), tuple(places))


def _fitting(piece: str, before: str) -> str:
    """A piece as it follows the one before: no line break or space twice."""
    if before.endswith("\n"):
        piece = piece.lstrip(" ")
        return "" if piece == "\n" else piece
    return piece.lstrip(" ") if before.endswith(" ") else piece


def _pieces(source: str) -> Iterator[tuple[int, str]]:
    """Text and the line breaks that tags make, each with its offset in the source."""
    kept_breaks = 0
    for at, token, tag in _Scanner(source).tokens():
        if not tag:
            piece = _ZERO_WIDTH.sub("", html.unescape(token))
            yield at, re.sub("\r\n?", "\n", piece) if kept_breaks else _SPACES.sub(" ", piece)
            continue
        if tag in _KEEPING_BREAKS:
            kept_breaks = max(0, kept_breaks + (-1 if token.startswith("</") else 1))
        if tag in _BREAKING:
            yield at, "\n"
        elif tag in _SPACING and not token.startswith("</"):
            yield at, " "


class _Scanner:
    """Cuts a source into text and tags. What was once not found is not looked for again: that keeps it linear."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._absent: set[str] = set()

    def tokens(self) -> Iterator[tuple[int, str, str]]:
        """Offset, source and tag name (empty for text) of what is shown; comments and scripts are not."""
        source, text, at = self._source, 0, 0
        while (less := source.find("<", at)) >= 0:
            at, tag = self._markup(less)
            if tag is None:
                continue
            if less > text:
                yield text, source[text:less], ""
            if tag:
                yield less, source[less : less + 2], tag
            text = at
        yield text, source[text:], ""

    def _markup(self, less: int) -> tuple[int, str | None]:
        """The end of what begins with "<", and its tag name: "" for what is not shown, None for a mere "<"."""
        if self._source.startswith("<!--", less):
            return max(less + 4, self._behind("-->", less + 2)), ""
        match = _MARKUP.match(self._source, less)
        end = self._tag_end(less) if match else 0
        if match is None or not end:
            return less + 1, None
        tag = (match[1] or "").lower()
        if tag in _HIDDEN and not match[0].startswith("</"):
            closing = self._behind(f"</{tag}", end)
            return (self._behind(">", closing) or closing) if closing else end, ""
        return end, tag

    def _behind(self, needle: str, start: int) -> int:
        """The offset behind the next `needle`, in any case of letters; 0 when there is none."""
        if needle in self._absent:
            return 0
        match = re.compile(re.escape(needle), re.IGNORECASE).search(self._source, start)
        if match is None:
            self._absent.add(needle)
            return 0
        return match.end()

    def _tag_end(self, less: int) -> int:
        """The offset behind the ">" of a tag; one inside quotes does not count, if the quotes are closed."""
        first = end = self._behind(">", less)
        for _attempt in range(_QUOTED_BRACKETS):
            quote = next(
                (
                    each
                    for each in "\"'"
                    if self._source.count("=" + each, less, end) and self._source.count(each, less, end) % 2
                ),
                "",
            )
            closing = self._behind(quote, end) if quote and end else 0
            if not closing:
                return end
            end = self._behind(">", closing)
        return first


_QUOTED_BRACKETS = 8
"""Brackets in the attributes of one tag that are looked through."""
