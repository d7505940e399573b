"""The mails that look classified, and where their octets belong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.domain.sealing import Seal


@dataclass(frozen=True, slots=True)
class Sealed:
    """A mail whose octets may not lie where they belong. `pieces` are hashes of what came out of it, `added` those of
    files that staff added, which are nowhere else.
    """

    id: int
    ref: str
    sha256: str
    seal: Seal
    pieces: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


class Sealing(Protocol):
    """What putting them in their places reads and writes."""

    def misplaced(self) -> tuple[Sealed, ...]: ...

    def in_use(self, sha256: str, beside: int | None = None) -> bool:
        """Whether anything else on record refers to these octets, beside the files that staff added to one mail."""

    def placed(self, sealed: Sealed, now: datetime) -> None:
        """Note that all is where it belongs. A mail whose seal was lifted is examined from now on."""
