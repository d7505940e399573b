"""Header octets to fields and text (RFC 5322 section 2.2, RFC 2047).

Own code, because mail-parser 4.8 and the standard library lose characters that Chinese mailers split across
encoded words, spell charset labels differently from word to word, or write raw in GBK.
"""

from __future__ import annotations

import quopri
import re
from dataclasses import dataclass

from intake.adapters.mail.charsets import decode, decode_unlabelled, label
from intake.adapters.mail.transfer import decode_base64

LONGEST_VALUE = 64 << 10
"""Octets of one header value that are decoded to text."""

_ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_LINES = re.compile(rb"\r\n|\n|\r")
_FOLD = re.compile(rb"[\r\n]+[ \t]+")


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of a header block: names in lower case and raw values, in order."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def values(self, name: str) -> list[bytes]:
        """All raw values of a field, in order."""
        return [value for key, value in self.fields if key == name]

    def first(self, name: str) -> bytes:
        """The first raw value of a field, or nothing."""
        return next(iter(self.values(name)), b"")


def fields(block: bytes) -> Head:
    """The fields of a header block. A bare CR ends a line too, as other readers have it; see sender.py for From."""
    found: list[tuple[str, list[bytes]]] = []
    for line in _LINES.split(block):
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
        elif match := _FIELD.match(line):
            found.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
    return Head(tuple((name, b"\n".join(value)) for name, value in found))


def words(octets: bytes) -> str:
    """Unstructured header text; U+FFFD stands where octets are no text.

    Adjacent words of one charset are joined before decoding: mailers cut characters in two.
    """
    octets = _FOLD.sub(b" ", octets[:LONGEST_VALUE]).strip()
    pieces: list[tuple[str, bytes]] = []
    position = 0
    for match in _ENCODED_WORD.finditer(octets):
        gap = octets[position : match.start()]
        position = match.end()
        if gap.strip() or (gap and not pieces):
            pieces.append(("", gap))
        pieces.append(_word(match))
    pieces.append(("", octets[position:]))
    return "".join(_text(charset, run) for charset, run in _joined(pieces))


def _text(charset: str, run: bytes) -> str:
    return (decode(run, charset) if charset else decode_unlabelled(run))[0]


def _word(match: re.Match[bytes]) -> tuple[str, bytes]:
    charset = label(match[1].decode("latin-1").partition("*")[0]) or "utf-8"
    if match[2] in b"bB":
        return charset, decode_base64(match[3])
    return charset, quopri.decodestring(match[3].replace(b"_", b" "), header=False)


def _joined(pieces: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    runs: list[tuple[str, list[bytes]]] = []
    for charset, octets in pieces:
        if runs and charset and runs[-1][0] == charset:
            runs[-1][1].append(octets)
        else:
            runs.append((charset, [octets]))
    return [(charset, b"".join(run)) for charset, run in runs]
