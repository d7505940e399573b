"""Text of rich text files: control words stripped, code pages and \\u escapes decoded, pictures and tables left out.

Own code: no library of the trade reads code page 936 by the font in use, and 100 lines do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

from intake.adapters.inspection.outcome import Damaged, Exceeded, Note
from intake.adapters.inspection.text import Gathered
from intake.domain.material import Facts

_MAX_SIZE: Final = 64 << 20
_MAX_DEPTH: Final = 2_000

_TOKEN: Final = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<symbol>[^a-zA-Z])"
    rb"|(?P<open>\{)|(?P<close>\})|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\"
)
_HIDING: Final = frozenset(
    b"fonttbl colortbl stylesheet pict object listtable listoverridetable rsidtbl generator themedata"
    b" colorschememapping datastore latentstyles fldinst xmlnstbl".split()
)
_ASIDE: Final = frozenset(
    b"header footer headerl headerr headerf footerl footerr footerf shptxt info annotation".split()
)
"""Not part of what the paper says, and where markings stand."""
_BREAKS: Final = {b"par": "\n", b"line": "\n", b"row": "\n", b"page": "\n", b"sect": "\n", b"tab": "\t", b"cell": "\t"}
_SYMBOLS: Final = {b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}
_LITERALS: Final = frozenset(b"\\{}"[at : at + 1] for at in range(3))
_CHARSETS: Final = {
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254", 204: "cp1251",
    238: "cp1250",
}  # fmt: skip
_CODE_PAGES: Final = {
    936: "gb18030", 950: "big5", 65001: "utf-8", **{page: f"cp{page}" for page in (874, 932, 949, *range(1250, 1259))}
}  # fmt: skip


@dataclass(frozen=True)
class _State:
    """What a group inherits from the one around it."""

    hidden: bool = False
    aside: bool = False
    in_fonts: bool = False
    font: int = -1
    skip_after_unicode: int = 1


@dataclass
class _Reader:
    """Runs over the tokens; octets wait in `pending` until it is clear in which encoding they end."""

    gathered: Gathered = field(default_factory=Gathered)
    aside: Gathered = field(default_factory=Gathered)
    state: _State = _State()
    outer: list[_State] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)
    default_encoding: str = "gb18030"
    fonts: dict[int, str] = field(default_factory=dict)
    to_skip: int = 0
    starred: bool = False

    def run(self, octets: bytes) -> None:
        at = 0
        while found := _TOKEN.match(octets, at):
            at = found.end()
            if found["word"] == b"bin":
                at += max(0, int(found["number"] or 0))
                continue
            self._take(found)
        self._flush()

    def _take(self, found: re.Match[bytes]) -> None:
        kind = found.lastgroup
        if kind in {"word", "number"}:
            self._control(found["word"], int(found["number"]) if found["number"] else None)
        elif kind is not None:
            handler: dict[str, Callable[[bytes], None]] = {
                "hex": lambda value: self._octets(bytes.fromhex(value.decode("ascii"))),
                "symbol": self._symbol,
                "open": self._open,
                "close": self._close,
                "text": self._octets,
            }
            handler[kind](found[kind])

    def _open(self, _: bytes) -> None:
        if len(self.outer) >= _MAX_DEPTH:
            raise Exceeded(Note.TOO_LARGE)
        self.outer.append(self.state)

    def _close(self, _: bytes) -> None:
        self._flush()
        self.to_skip = 0
        inner_end = len(self.outer) > 1
        self.state = self.outer.pop() if inner_end else _State(hidden=True)
        self.outer = self.outer if inner_end else []

    def _symbol(self, value: bytes) -> None:
        if value == b"*":
            self._change(replace(self.state, hidden=True))
        elif value in _LITERALS:
            self._octets(value)
        else:
            self._say(_SYMBOLS.get(value, ""))

    def _octets(self, value: bytes) -> None:
        skipped = min(self.to_skip, len(value))
        self.to_skip -= skipped
        if not self.state.hidden:
            self.pending += value[skipped:]

    def _control(self, word: bytes, number: int | None) -> None:
        if word in _BREAKS:
            self._say(_BREAKS[word])
        elif word == b"u" and number is not None:
            self._say(chr(number % 0x10000))
            self.to_skip = self.state.skip_after_unicode
        elif word in _ASIDE:
            self._change(replace(self.state, hidden=False, aside=True))
        elif word in _HIDING:
            self._change(replace(self.state, hidden=True, in_fonts=word == b"fonttbl"))
        elif number is not None:
            self._parameter(word, number)

    def _parameter(self, word: bytes, number: int) -> None:
        if word == b"ansicpg":
            self.default_encoding = _CODE_PAGES.get(number, "cp1252")
        elif word == b"uc":
            self._change(replace(self.state, skip_after_unicode=number))
        elif word == b"f":
            self._change(replace(self.state, font=number))
        elif word == b"fcharset" and self.state.in_fonts:
            self.fonts[self.state.font] = _CHARSETS.get(number, self.default_encoding)

    def _change(self, state: _State) -> None:
        self._flush()
        self.state = state

    def _say(self, text: str) -> None:
        self._flush()
        if not self.state.hidden:
            self._gather(text)

    def _flush(self) -> None:
        if self.pending:
            encoding = self.fonts.get(self.state.font, self.default_encoding)
            self._gather(bytes(self.pending).decode(encoding, "replace"))
            self.pending.clear()

    def _gather(self, text: str) -> None:
        (self.aside if self.state.aside else self.gathered).add(text)


def measure(file: BinaryIO, _: str) -> Facts:
    """Facts of a rich text file; raises Damaged when a group is left open, Exceeded."""
    octets = file.read(_MAX_SIZE + 1)
    if len(octets) > _MAX_SIZE:
        raise Exceeded(Note.TOO_LARGE)
    reader = _Reader()
    reader.run(octets)
    if reader.outer:
        raise Damaged(Note.TRUNCATED)
    facts = reader.gathered.facts()
    return replace(facts, marked=facts.marked or reader.aside.is_marked())
