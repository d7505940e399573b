"""The outbox: letters as they are put into it, as they stand in it, and what deliver reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.domain.identity import Tier
from intake.domain.letter import LetterKind
from intake.domain.outcome import Outcome
from intake.ports.world import Deferred


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to be put into the outbox. `key` is unique per decision: the same key is never posted twice."""

    key: str
    kind: LetterKind
    subject: str
    message_id: str
    octets: bytes
    envelope_from: str
    envelope_to: tuple[str, ...]
    meant_for: str
    unit: str | None = None
    notice_id: str | None = None
    identity: Tier = Tier.UNKNOWN
    held: str | None = None
    """The rule for which it waits until staff let it go."""
    idle: bool = False
    """It answers a mail that brought nothing new, or only a link below an answer to one of ours."""
    due_at: datetime | None = None
    """When it goes out at the earliest; None: at once."""
    replaces: tuple[int, ...] = ()
    """Letters that have not gone out and in whose place it goes."""


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A letter whose time has come, as it stands in the outbox.

    `doubts` counts the copies whose fate is unknown; `dotted`: the last of them is the one being sent just now.
    """

    id: int
    ref: str
    envelope_from: str
    envelope_to: tuple[str, ...]
    octets: bytes
    attempts: int
    doubts: int = 0
    dotted: bool = False


class Overtaken(Deferred):
    """Another process has moved this letter on: it is no longer ours to send."""


class Outbox(Protocol):
    """What deliver reads and writes. A letter is changed only while it stands as `letter` says (compare and swap)."""

    def due(self, now: datetime) -> list[int]:
        """The ids of letters whose time has come, those that have waited longest first; at most some hundreds."""

    def letter(self, number: int, now: datetime) -> DueLetter | None:
        """One of them, with its octets; None when it is not due any more."""

    def doubt(self, letter: DueLetter, now: datetime) -> DueLetter:
        """Note that from now on nobody knows the letter's fate until the server answers; the letter as it stands then.

        Overtaken when another process was faster.
        """

    def settle(self, letter: DueLetter, outcome: Outcome, now: datetime) -> bool:
        """Write what became of it, and take the doubt back if that is known; False when another process was faster."""
