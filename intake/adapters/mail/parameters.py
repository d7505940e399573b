"""Parameters of structured headers: quotes, continuations and charsets (RFC 2045 section 5.1, RFC 2231), file names.

Own code, because mail-parser 4.8 drops octets of a file name labelled gb2312 that is GBK, of a raw GBK one, and
takes the second octet of a GBK character (0x5C) for an escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from intake.adapters.mail.charsets import decode
from intake.adapters.mail.headers import Head, words

LONGEST_HEADER = 64 << 10
"""Octets of one structured header that are read."""

_SEGMENT = re.compile(r"(?P<name>[^*]+)(?:\*(?P<index>\d{1,3}))?(?P<percent>\*)?")
_FOLD = re.compile(rb"[\r\n]+([ \t])")
_LOOSE = rb"\b%s\s*=\s*(?:\"([^\"\r\n]{1,300})|([^\s;\"]{1,300}))"


def parameters(octets: bytes) -> list[tuple[str, bytes]]:
    """Parameter names (lower case) and raw values of a structured header, in order; quotes removed."""
    octets = _FOLD.sub(rb"\1", octets[:LONGEST_HEADER])
    found = []
    position = octets.find(b";")
    while 0 <= position < len(octets):
        equals = octets.find(b"=", position + 1)
        if equals < 0:
            break
        name = octets[position + 1 : equals].rpartition(b";")[2].strip().lower().decode("latin-1")
        value, position = _value(octets, equals + 1)
        found.append((name, value))
    return found


def parameter(octets: bytes, wanted: str) -> str:
    """One parameter as text, or ""; found also where no semicolon stands before it."""
    text = _assembled(parameters(octets), (wanted,))
    if not text and (match := re.search(_LOOSE % wanted.encode(), octets[:LONGEST_HEADER], re.IGNORECASE)):
        return decode(match[1] or match[2])[0].strip()
    return text


def filename(head: Head) -> str:
    """The file name of a part as its sender saw it, or "". Disposition before type, whole before damaged."""
    best = ""
    for header in ("content-disposition", "content-type"):
        for octets in head.values(header):
            name = _assembled(parameters(octets), ("filename", "name"))
            if name and "\ufffd" not in name:
                return name
            best = best or name
    return best


def filenames(head: Head) -> Iterator[str]:
    """All names that a part is given: programs differ in which one they show."""
    for header in ("content-disposition", "content-type"):
        for found in map(parameters, head.values(header)):
            yield from (_assembled(found, (wanted,)) for wanted in ("filename", "name"))


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
    return run % 2 == 0 or _ends_utf8(before[-run:])


def _ends_utf8(run: bytearray) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _assembled(found: list[tuple[str, bytes]], wanted: tuple[str, ...]) -> str:
    """The value of the first of the wanted names that is there; its segments win over the plain one."""
    plain: bytes | None = None
    segments: dict[int, tuple[bytes, bool]] = {}
    for name, value in found:
        match = _SEGMENT.fullmatch(name)
        if match is None or match["name"].strip() not in wanted:
            continue
        if match["index"] is None and match["percent"] is None:
            plain = value if plain is None else plain
        else:
            segments.setdefault(int(match["index"] or 0), (value, bool(match["percent"])))
    if segments:
        return _continued(segments)
    return words(plain).strip() if plain is not None else ""


def _continued(segments: dict[int, tuple[bytes, bool]]) -> str:
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
    if b"=?" in octets and b"?=" in octets:
        return words(octets).strip()
    return decode(octets, charset)[0].strip()
