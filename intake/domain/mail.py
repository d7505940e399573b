"""What a mail says, decoded: Locator, Address, Link, Message. The octets themselves stay in the blob store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from intake.domain.vouching import HostVerdict


@dataclass(frozen=True, slots=True, order=True)
class Locator:
    """Where IMAP keeps a mail (RFC 3501 section 2.3.1.1: a bare UID means nothing)."""

    folder: str
    uidvalidity: int
    uid: int

    def __str__(self) -> str:
        return f"{self.folder}/{self.uidvalidity}/{self.uid}"


class Octets(StrEnum):
    """What the store has of a mail: all of it; not what it should be, and to be fetched again; not to be had again.

    PURGED: removed on purpose, with all that was in it; ERASED: and the records tell nothing of what its head said.
    """

    WHOLE = "whole"
    SPOILT = "spoilt"
    LOST = "lost"
    PURGED = "purged"
    ERASED = "erased"

    @property
    def removed(self) -> bool:
        """Whether it was removed on purpose: nobody fetches it again but for staff."""
        return self in (Octets.PURGED, Octets.ERASED)


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the display name as the sender wrote it, and the addr-spec in lower case."""

    name: str
    spec: str


@dataclass(frozen=True, slots=True)
class Link:
    """A file that came as a link only. `size` in bytes, `expires` aware; None where the mail does not tell."""

    url: str
    provider: str
    filename: str | None = None
    size: int | None = None
    expires: datetime | None = None


CUT_SHORT = "reading was cut short"
"""Reading took too long, or broke the process that read."""

UNREAD = frozenset(
    {
        "too many parts",
        "nested too deep",
        "forwarded too deep",
        "too many mails inside",
        "message in parts",
        "header too long",
        "boundary too long",
        CUT_SHORT,
    }
)
"""Defects which say that something in a mail was not looked at."""


@dataclass(frozen=True, slots=True)
class Message:
    """The decoded head and text of one mail.

    `sender` is set only when the mail has exactly one From header with exactly one address (RFC 5322
    section 3.6.2); `shown_sender` is what a reader would see, for listings only. `text` is the body as a
    person reads it, `own_text` the same without quoted earlier mail. `headers` maps lower-case names to
    all their values, decoded. `defects` names what was wrong with the octets. `returned` are Message-IDs that
    the body of a report carries: what could not be delivered. `verdicts` are those that stand where only the last
    mail host could put them, not yet asked whether it is one that we believe. `marked`: a mail inside it, or a version
    of its text that is not shown, bears the marking of a classified paper (domain/secrecy.py).
    """

    subject: str = ""
    sender: Address | None = None
    shown_sender: str = ""
    message_id: str | None = None
    references: tuple[str, ...] = ()
    text: str = ""
    own_text: str = ""
    links: tuple[Link, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    content_type: str = "text/plain"
    part_types: tuple[str, ...] = ()
    relayed_at: datetime | None = None
    defects: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    verdicts: tuple[HostVerdict, ...] = ()
    marked: bool = False

    @property
    def unread(self) -> bool:
        """Whether it is built so that not all of it was read: thousands of parts, dozens of levels, endless headers."""
        return bool(UNREAD & set(self.defects))

    def header(self, name: str) -> str:
        """The first value of a header, or an empty string."""
        values = self.headers.get(name.lower(), ())
        return values[0] if values else ""
