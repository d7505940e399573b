"""What is read of the records to be told to people: one consistent view."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from intake.domain.alarm import Standing
from intake.domain.digest import (
    Health,
    LetterCounts,
    LetterLine,
    LinkLine,
    MailLine,
    Mark,
    Told,
    UnfetchedLine,
    UnitRow,
)
from intake.domain.notice import Notice, Roster
from intake.domain.patience import Wait
from intake.domain.vitals import Vitals


class Chronicle(Protocol):
    """What the digest and the status read, all from one consistent view of the records.

    `since` is how far the digest before told; None counts from the beginning.
    """

    def unit_rows(self, notice: Notice, roster: Roster) -> tuple[UnitRow, ...]: ...

    def completed_since(self, notice: Notice, since: Mark | None) -> int: ...

    def needing_person(self) -> tuple[MailLine, ...]: ...

    def open_links(self) -> tuple[LinkLine, ...]:
        """Linked files of mails that wait for a person, those that expire soonest first."""

    def unfetched(self) -> tuple[UnfetchedLine, ...]:
        """Mails that the server lists and did not give when asked several times."""

    def decided_since(self, since: Mark | None) -> tuple[MailLine, ...]: ...

    def letter_counts(self, since: Mark | None) -> LetterCounts: ...

    def failed_letters(self, since: Mark | None) -> tuple[LetterLine, ...]: ...

    def unreached(self, since: Mark | None) -> tuple[str, ...]:
        """Letters that failed before that mark, to whose address none got through since."""

    def health(self, since: Mark | None, free_bytes: int, warnings: tuple[str, ...]) -> Health: ...

    def waits(self) -> tuple[Wait, ...]:
        """The servers that refused our login last, with how often in a row."""

    def alarms(self) -> tuple[Standing, ...]:
        """Every alarm that was ever raised, as it stands."""

    def vitals(self, now: datetime) -> Vitals:
        """How the service is; nothing of the disk."""

    def mark(self) -> Mark:
        """How far the records go in this view: what comes later is news of the next digest."""

    def has_digest(self, day: date) -> bool: ...

    def has_letter(self, key: str) -> bool:
        """Whether a letter to one of several readers was posted under this key."""

    def digest_before(self, day: date) -> Told | None:
        """The last digest that was made before that of `day`; before now when that day has none."""
