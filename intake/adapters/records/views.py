"""What the digest and the status read of the records, as domain values; each module beside this one is a part of it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from intake.adapters.records import alarms, health, matrix, news, posted, reconciling, spans, vitals
from intake.adapters.records.patience import waits
from intake.adapters.records.unfetched import unfetched
from intake.domain.alarm import Standing
from intake.domain.digest import (
    Health,
    LetterCounts,
    LetterLine,
    LinkLine,
    MailLine,
    Mark,
    Reconciliation,
    Told,
    UnfetchedLine,
    UnitRow,
)
from intake.domain.letter import LetterKind
from intake.domain.notice import Notice, Roster
from intake.domain.patience import Wait
from intake.domain.vitals import Vitals


class SqlChronicle:
    """Implements ports.Chronicle on one transaction."""

    def __init__(self, session: Session, roster: Roster) -> None:
        self._session = session
        self._roster = roster

    def unit_rows(self, notice: Notice, roster: Roster) -> tuple[UnitRow, ...]:
        return matrix.unit_rows(self._session, notice, roster)

    def completed_since(self, notice: Notice, since: Mark | None) -> int:
        return matrix.completed(self._session, notice, since)

    def needing_person(self) -> tuple[MailLine, ...]:
        return news.needing_person(self._session, self._roster)

    def open_links(self) -> tuple[LinkLine, ...]:
        return news.open_links(self._session, self._roster)

    def unfetched(self) -> tuple[UnfetchedLine, ...]:
        return unfetched(self._session)

    def decided_since(self, since: Mark | None) -> tuple[MailLine, ...]:
        return news.decided(self._session, self._roster, since)

    def previews(self) -> dict[str, str]:
        """The preview of every counted material that has one, by the material's sha256."""
        return matrix.previews(self._session)

    def letter_counts(self, since: Mark | None) -> LetterCounts:
        return posted.letter_counts(self._session, since)

    def failed_letters(self, since: Mark | None) -> tuple[LetterLine, ...]:
        return posted.failed_letters(self._session, self._roster, since)

    def unreached(self, since: Mark | None) -> tuple[str, ...]:
        return posted.unreached(self._session, since)

    def mail_totals(self) -> dict[str, int]:
        """All mails ever taken: by disposition in lower case, with "received" for all and "parked"."""
        return news.mail_totals(self._session)

    def letter_totals(self) -> dict[str, int]:
        """All letters ever owed, by state."""
        return posted.letter_totals(self._session)

    def health(self, since: Mark | None, free_bytes: int, warnings: tuple[str, ...]) -> Health:
        return health.health(self._session, since, free_bytes, warnings)

    def reconciliation(self) -> Reconciliation:
        """Every mail that lies on the server now, by what became of it."""
        return reconciling.reconciliation(self._session)

    def alarms(self) -> tuple[Standing, ...]:
        return alarms.standings(self._session)

    def vitals(self, now: datetime) -> Vitals:
        return vitals.vitals(self._session, now)

    def waits(self) -> tuple[Wait, ...]:
        return waits(self._session)

    def has_digest(self, day: date) -> bool:
        return self.has_letter(f"{LetterKind.DIGEST}:{day.isoformat()}")

    def has_letter(self, key: str) -> bool:
        return posted.has_letter(self._session, key)

    def digest_before(self, day: date) -> Told | None:
        return spans.digest_before(self._session, day)

    def mark(self) -> Mark:
        return spans.mark(self._session)
