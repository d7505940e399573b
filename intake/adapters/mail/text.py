"""The text of a mail as a person reads it: HTML made plain, and earlier mail that is quoted below cut off."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SKIPPED = frozenset({"script", "style", "head", "title"})
_BREAKS = frozenset({"p", "div", "br", "tr", "li", "table", "h1", "h2", "h3", "blockquote"})

_QUOTED = re.compile(
    r"^[ \t]*(?:"
    r"-{2,}[ \xa0]*(?:原始邮件|原邮件|邮件原件|回复的原邮件|转发的?邮件"
    r"|Original(?: Message)?|Forwarded message)[ \xa0]*-{2,}"
    r"|发件人[:：][^\n]*\n(?:[^\n]*\n){0,3}?[ \t]*(?:发送时间|发送日期|日期|时间)[:：]"
    r"|From:[^\n]*\n(?:[^\n]*\n){0,3}?[ \t]*(?:Sent|Date):"
    r"|(?:在|于)[ \t]?\d{4}[^\n]{4,120}(?:写道|寫道)[:：]"
    r"|At \d{4}-\d\d-\d\d[^\n]{4,160}wrote:"
    r"|On [^\n]{6,160}wrote:"
    r"|>[^\n]*\n[ \t]*>"
    r")",
    re.MULTILINE,
)
_QUOTED_HTML = re.compile(
    r"<blockquote|id=\"(?:isReplyContent|origbody|divNeteaseMailCard)"
    r"|-{2,}(?:&nbsp;|\s)*(?:原始邮件|回复的原邮件|Original)",
    re.IGNORECASE,
)


class _Plain(HTMLParser):
    """Collects the text that a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _SKIPPED:
            self._skipping += 1
        elif tag in _BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED and self._skipping:
            self._skipping -= 1
        elif tag in _BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.pieces.append(re.sub(r"[ \t\r\n]+", " ", data))


def plain(html: str) -> str:
    """The visible text of an HTML body; never raises."""
    reader = _Plain()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError, RecursionError):  # html.parser on malformed declarations
        return re.sub(r"<[^>]*>", " ", html)
    return re.sub(r"[ \t]*\n\s*", "\n", "".join(reader.pieces)).strip()


def without_quotes(text: str) -> str:
    """The text above the first mark of quoted earlier mail."""
    match = _QUOTED.search(text)
    return text[: match.start()] if match else text


def html_without_quotes(html: str) -> str:
    """The same for the source of an HTML body."""
    match = _QUOTED_HTML.search(html)
    return html[: match.start()] if match else html
