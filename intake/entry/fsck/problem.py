"""One thing that is wrong with the store, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from intake.adapters.census import Found
from intake.adapters.records.holdings import Holding


class Fault(StrEnum):
    """What can be wrong. Stable: programs rely on these words.

    UNRECORDED is a mail that no row tells of, ORPHAN any other such file, STRANGER what is no file of ours, SEALED a
    sealed mail that is not as it should be.
    """

    MISSING = "missing"
    SPOILT = "spoilt"
    SIZE = "size"
    ORPHAN = "orphan"
    UNRECORDED = "unrecorded"
    TEMPORARY = "temporary"
    PERMISSIONS = "permissions"
    STRANGER = "stranger"
    SEALED = "sealed"


@dataclass(slots=True)
class Problem:
    """`todo` says what to do while it is not repaired, `detail` what was found or done."""

    fault: Fault
    path: Path
    todo: str
    detail: str = ""
    holding: Holding | None = None
    found: Found | None = None
    mode: int = 0
    repaired: bool = False

    @property
    def sha256(self) -> str | None:
        if self.holding is not None:
            return self.holding.sha256
        return self.found.sha256 if self.found else None

    def mended(self, how: str) -> None:
        self.repaired, self.detail = True, how

    def line(self) -> str:
        """All on one line, for people."""
        whose = f"{self.holding.ref} {self.holding.use}: " if self.holding else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{whose}{self.fault} {self.path}{detail}{': repaired' if self.repaired else f'; to do: {self.todo}'}"
