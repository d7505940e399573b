"""The mails whose octets are not in the store as they were, as mending needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.ports.world import Arrival


@dataclass(frozen=True, slots=True)
class Patient:
    """A mail of which stored octets were spoilt. `places` are where it lies on the server, seen last first.

    `attached` are the hashes of files that staff added, `cut` says that only its beginning was fetched, `lost` that it
    was found to be nowhere, `due` that it is time to ask for it.
    """

    id: int
    ref: str
    sha256: str
    size: int
    cut: bool
    places: tuple[Arrival, ...]
    attached: tuple[str, ...] = ()
    lost: bool = False
    due: bool = True


class Mending(Protocol):
    """What mend reads and writes."""

    def patients(self, now: datetime) -> tuple[Patient, ...]:
        """Those that have waited longest for their turn come first."""

    def postpone(self, mail_id: int, why: str, now: datetime) -> datetime:
        """Note that a mail could not be fetched once more; when it is tried again."""

    def whole(self, mail_id: int, now: datetime) -> None:
        """Note that all octets are in the store again: the mail goes on as if nothing had been."""

    def lost(self, mail_id: int, why: str, now: datetime) -> None:
        """Note that the octets cannot be had again: a person must know."""
