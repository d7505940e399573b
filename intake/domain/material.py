"""One file found in a mail, and what inspection measured of it: Material, Facts, Examined."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from intake.domain.notice import Kind


class Condition(StrEnum):
    """How far inspection got with a file. REFUSED: a container that we would not open."""

    SOUND = "sound"
    EMPTY = "empty"
    LOCKED = "locked"
    DAMAGED = "damaged"
    UNMEASURED = "unmeasured"
    REFUSED = "refused"


NOT_ALL_READ = "not-all-read"
"""The note of a file of which parts were skipped."""


@dataclass(frozen=True, slots=True)
class Material:
    """One file found in a mail, at any depth. `origin` is its path inside the mail ("材料.zip/照片/1.jpg")."""

    origin: str
    filename: str
    sha256: str
    size: int
    declared_type: str = "application/octet-stream"
    disposition: str | None = None
    content_id: str | None = None
    provenance: str = "mail"


@dataclass(frozen=True, slots=True)
class Facts:
    """What inspection measured. Seconds are the span of the packets; pixels are as displayed.

    `hidden_seconds` is the span that an edit list keeps from the player. `coverage` is packet octets
    divided by file octets. `text` is the beginning and end of a document's text, enough to see whose it
    is; it is used to judge and not kept. `note` is for staff: why something could not be measured.

    `scanned`: a document of pages with next to no text. `photos_inside`: pictures of a photo's size that a
    document carries. `taken_at`: when the camera says ("2024:05:28 10:11:12", no zone). `has_audio`: whether a
    video has sound, where that was looked at. `preview`: a small JPEG of what a picture or video shows. `marked`: a
    marking of classified papers stands in it (secrecy.py).
    """

    condition: Condition
    format: str = "unknown"
    media_type: str = "application/octet-stream"
    kind: Kind = Kind.OTHER
    seconds: float | None = None
    hidden_seconds: float | None = None
    coverage: float | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    text_length: int | None = None
    text: str = ""
    note: str = ""
    scanned: bool = False
    macros: bool = False
    photos_inside: int = 0
    taken_at: str | None = None
    has_audio: bool | None = None
    marked: bool = False
    preview: bytes | None = field(default=None, repr=False)


class Scanned(StrEnum):
    """What a scan for malware came to. PARTLY: past the scanner's limits, or locked. UNSCANNED: it did not answer."""

    NOT_ASKED = "not-asked"
    CLEAN = "clean"
    INFECTED = "infected"
    PARTLY = "partly"
    UNSCANNED = "unscanned"


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of one file. `name` is the scanner's word for what it found: for staff, never for a sender."""

    outcome: Scanned
    name: str = ""


NOT_ASKED = Scan(Scanned.NOT_ASKED)
"""No scanner is configured."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A material together with its facts. `preview` names the stored preview, where there is one."""

    material: Material
    facts: Facts
    preview: str | None = None
    scan: Scan = NOT_ASKED
