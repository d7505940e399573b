"""Measures plain text of whatever encoding a Chinese office writes."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO, Final

from intake.adapters.inspection.outcome import Exceeded, Note
from intake.adapters.inspection.text import Gathered
from intake.domain.material import Facts
from intake.domain.secrecy import marked, marked_up

_MAX_SIZE: Final = 4 << 20


def measure(file: BinaryIO, _: str) -> Facts:
    """Facts of a text file; raises Exceeded beyond 4 MiB."""
    octets = file.read(_MAX_SIZE + 1)
    if len(octets) > _MAX_SIZE:
        raise Exceeded(Note.TOO_LARGE, marked=marked(decoded(octets)) is not None)
    gathered, text = Gathered(), decoded(octets)
    gathered.add(text)
    facts = gathered.facts()
    return replace(facts, marked=facts.marked or marked_up(text) is not None)


def decoded(octets: bytes) -> str:
    """What a byte order mark says, else UTF-8, else GB 18030, else Big5."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return octets.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "gb18030", "big5"):
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError:
            continue
    return octets.decode("gb18030", "replace")
