"""Header octets to text: encoded words (RFC 2047), parameters and their continuations (RFC 2231), file names.

Own code, because mail-parser 4.8 and the standard library lose characters that Chinese mailers split across
encoded words, spell charset labels differently from word to word, or write raw in GBK, whose second octet
may be a backslash or a quote's escape.
"""

from __future__ import annotations

import quopri
import re
from email.message import Message as Head
from urllib.parse import unquote_to_bytes

from intake.adapters.mail.charsets import decode, label
from intake.adapters.mail.transfer import decode_base64

_ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_SEGMENT = re.compile(r"^(?:file)?name(?:\*(\d{1,3}))?(\*)?$")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_FOLD = re.compile(rb"\r?\n[ \t]+")


def octets_of(value: object) -> bytes:
    """The octets behind a header value that the compat32 parser keeps as surrogate-escaped text."""
    return str(value).encode("utf-8", "surrogateescape")


def fields(block: bytes) -> list[tuple[str, bytes]]:
    """Names (lower case) and raw values of a header block, in order. Only LF and CRLF end a line.

    The standard library and mail-parser also split at a bare CR, which lets one header smuggle in another.
    """
    found: list[tuple[str, bytes]] = []
    for line in (each.removesuffix(b"\r") for each in block.split(b"\n")):
        if line[:1] in (b" ", b"\t") and found:
            name, value = found[-1]
            found[-1] = (name, value + b"\n" + line)
        elif match := _FIELD.match(line):
            found.append((match[1].decode("ascii").lower(), line[match.end() :]))
    return found


def values(head: Head, name: str) -> list[bytes]:
    """All raw values of a header, in order."""
    return [octets_of(value) for key, value in head.raw_items() if key.lower() == name]


def words(octets: bytes) -> str:
    """Unstructured header text. Adjacent words of one charset are joined before decoding: mailers cut characters."""
    octets = _FOLD.sub(b" ", octets).strip()
    pieces: list[tuple[str | None, bytes]] = []
    position = 0
    for match in _ENCODED_WORD.finditer(octets):
        gap = octets[position : match.start()]
        position = match.end()
        if gap.strip() or (gap and not pieces):
            pieces.append((None, gap))
        pieces.append(_word(match))
    pieces.append((None, octets[position:]))
    return "".join(decode(run, charset)[0] for charset, run in _joined(pieces))


def _word(match: re.Match[bytes]) -> tuple[str, bytes]:
    charset = match[1].decode("latin-1").partition("*")[0]
    if match[2] in b"bB":
        return label(charset) or "utf-8", decode_base64(match[3])
    return label(charset) or "utf-8", quopri.decodestring(match[3].replace(b"_", b" "), header=False)


def _joined(pieces: list[tuple[str | None, bytes]]) -> list[tuple[str | None, bytes]]:
    joined: list[tuple[str | None, bytes]] = []
    for charset, run in pieces:
        if joined and charset and joined[-1][0] == charset:
            joined[-1] = (charset, joined[-1][1] + run)
        else:
            joined.append((charset, run))
    return joined


def parameters(octets: bytes) -> list[tuple[str, bytes]]:
    """Parameter names (lower case) and raw values of a structured header, in order; quotes removed."""
    octets = re.sub(rb"\r?\n([ \t])", rb"\1", octets)
    found = []
    position = octets.find(b";")
    while 0 <= position < len(octets):
        equals = octets.find(b"=", position + 1)
        if equals < 0:
            break
        name = octets[position + 1 : equals].strip().lower().decode("latin-1")
        value, position = _value(octets, equals + 1)
        found.append((name, value))
    return found


def _value(octets: bytes, start: int) -> tuple[bytes, int]:
    """One parameter value and the position of the ";" after it (-1 at the end)."""
    while start < len(octets) and octets[start] in b" \t\r\n":
        start += 1
    if octets[start : start + 1] != b'"':
        end = octets.find(b";", start)
        return (octets[start:].strip(), -1) if end < 0 else (octets[start:end].strip(), end)
    value = bytearray()
    position = start + 1
    while position < len(octets) and octets[position] != 0x22:
        if _is_escape(octets, position, value):
            position += 1
        value.append(octets[position])
        position += 1
    return bytes(value), octets.find(b";", position)


def _is_escape(octets: bytes, position: int, before: bytearray) -> bool:
    """A backslash escapes a quote or itself, unless it is the second octet of a GBK character."""
    if octets[position] != 0x5C or octets[position + 1 : position + 2] not in (b'"', b"\\"):
        return False
    run = 0
    while run < len(before) and before[-1 - run] >= 0x81:
        run += 1
    return run % 2 == 0


def filename(head: Head) -> str:
    """The file name of a part as its sender saw it, or "". Disposition before type, lossless before lossy."""
    best = ""
    for header in ("content-disposition", "content-type"):
        for octets in values(head, header):
            name, lossless = _filename(parameters(octets))
            if name and lossless:
                return name
            best = best or name
    return best


def _filename(found: list[tuple[str, bytes]]) -> tuple[str, bool]:
    plain: bytes | None = None
    segments: dict[int, tuple[bytes, bool]] = {}
    for name, value in found:
        match = _SEGMENT.match(name)
        if match is None:
            continue
        if match[1] is None and match[2] is None:
            plain = value if plain is None else plain
        else:
            segments.setdefault(int(match[1] or 0), (value, bool(match[2])))
    if segments:
        return _continued(segments)
    if plain is None:
        return "", False
    text = words(plain)
    return text.strip(), "\ufffd" not in text


def _continued(segments: dict[int, tuple[bytes, bool]]) -> tuple[str, bool]:
    """RFC 2231 section 3. Percent runs are joined before unquoting: some mailers cut inside "%XX"."""
    charset: str | None = None
    octets = run = b""
    for index in sorted(segments):
        value, percent = segments[index]
        if percent and index == min(segments) and value.count(b"'") >= 2:
            declared, _language, value = value.split(b"'", 2)
            charset = declared.decode("latin-1")
        if percent:
            run += value
        else:
            octets, run = octets + unquote_to_bytes(run) + value, b""
    octets += unquote_to_bytes(run)
    if charset is None and b"=?" in octets:
        text = words(octets)
        return text.strip(), "\ufffd" not in text
    text, lossless = decode(octets, charset)
    return text.strip(), lossless
