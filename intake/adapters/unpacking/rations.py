"""How much may come out of the containers of one mail, counted by the child beforehand and by the parent in earnest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from intake.adapters.unpacking.outcome import Note, State, Unopened

_HARMLESS: Final = 10 << 20
_RATIO: Final = 200


@dataclass(slots=True)
class Budget:
    """What the containers of one mail may still hold, nested ones too: octets and files. Unpacking uses it up."""

    octets: int = 1 << 30
    files: int = 2_000


class Meter:
    """Counts what comes out of one container of `packed` octets, against the budget and against its own size."""

    def __init__(self, budget: Budget, packed: int) -> None:
        self._budget = budget
        self._packed = packed
        self._unpacked = 0

    def file(self) -> None:
        """One more file. Raises Unopened when it is one too many."""
        if self._budget.files <= 0:
            raise Unopened(State.REFUSED, Note.TOO_MANY)
        self._budget.files -= 1

    def take(self, octets: int) -> None:
        """So many more octets. Raises Unopened when the budget has no room, or the container has blown up 200-fold."""
        self._unpacked += octets
        if octets > self._budget.octets:
            raise Unopened(State.REFUSED, Note.TOO_LARGE)
        if self._unpacked > max(_HARMLESS, _RATIO * self._packed):
            raise Unopened(State.REFUSED, Note.RATIO)
        self._budget.octets -= octets
