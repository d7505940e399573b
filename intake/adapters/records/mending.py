"""What mend reads and writes: mails of which the store has not what it should."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.discards import discard
from intake.adapters.records.rulings import attachments
from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import EventRow, MailRow, MaterialRow, SightingRow
from intake.domain.finding import Severity
from intake.domain.mail import Locator, Octets
from intake.domain.outcome import FETCH_DELAYS, next_fetch
from intake.ports import Arrival, Patient


class SqlMending:
    """Implements ports.Mending on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def patients(self, now: datetime) -> tuple[Patient, ...]:
        query = select(MailRow).where(MailRow.octets.in_((Octets.SPOILT, Octets.LOST)))
        rows = self._session.scalars(query.order_by(MailRow.next_attempt_at, MailRow.id))
        return tuple(self._patient(row, now) for row in rows)

    def _patient(self, row: MailRow, now: datetime) -> Patient:
        added = tuple(each.sha256 for each in attachments(self._session, row.id))
        places, lost = self._places(row.id), row.octets == Octets.LOST
        # A time beyond every delay is one that was set by a clock which has gone back since.
        due = not row.refetches or not now < row.next_attempt_at <= now + FETCH_DELAYS[-1]
        return Patient(row.id, mail_ref(row.id), row.sha256, row.size, row.cut, places, added, lost, due)

    def postpone(self, mail_id: int, why: str, now: datetime) -> datetime:
        row = self._locked(mail_id)
        if Octets(row.octets).removed:  # purged while it was asked for, as in `whole` and `lost`
            return now
        row.refetches += 1
        row.refetch_failed_at = row.refetch_failed_at or now
        row.error, row.next_attempt_at = why, next_fetch(row.refetches, now)
        return row.next_attempt_at

    def _places(self, mail_id: int) -> tuple[Arrival, ...]:
        query = select(SightingRow).where(SightingRow.mail_id == mail_id, SightingRow.gone_at.is_(None))
        return tuple(
            Arrival(Locator(row.folder, row.uidvalidity, row.uid), row.size, row.internal_date or row.seen_at)
            for row in self._session.scalars(query.order_by(SightingRow.id.desc()))
        )

    def spoilt(self, mail_id: int, sha256: str, why: str, now: datetime) -> None:
        """Note that octets of a mail are not what they were, whatever state it is in."""
        row = self._locked(mail_id)
        if row.octets == Octets.WHOLE:
            row.octets = Octets.SPOILT
            self._happened(row, "octets spoilt", now, sha256=sha256, why=why)

    def whole(self, mail_id: int, now: datetime) -> None:
        row = self._locked(mail_id)
        if Octets(row.octets).removed:
            discard(self._session, [row.sha256])
            return
        if row.octets == Octets.WHOLE:
            return
        if row.octets == Octets.LOST:
            row.needs_person = row.state == "parked" or self._held(row)
        row.octets, row.next_attempt_at = Octets.WHOLE, min(now, row.next_attempt_at)
        row.refetches, row.refetch_failed_at = 0, None
        self._happened(row, "octets restored", now)

    def _held(self, row: MailRow) -> bool:
        """Whether a person waits for it because of what was decided."""
        parts = self._session.scalars(select(MaterialRow.findings).where(MaterialRow.mail_id == row.id))
        findings = [*row.findings, *(finding for part in parts for finding in part)]
        return row.state == "decided" and any(each["severity"] == Severity.HOLD for each in findings)

    def lost(self, mail_id: int, why: str, now: datetime) -> None:
        row = self._locked(mail_id)
        if Octets(row.octets).removed:
            return
        row.octets, row.needs_person, row.error = Octets.LOST, True, why
        row.refetches, row.refetch_failed_at = 0, None
        self._happened(row, "octets lost", now, why=why)

    def settled(self, mail_id: int, now: datetime) -> None:
        """A person knows, and nothing more can be done. What was removed before staff asked for it is so again."""
        row = self._locked(mail_id)
        row.needs_person = False
        if row.disposition is not None and self._was_removed(mail_id):
            told = row.sender or row.shown_sender or row.subject
            row.octets, row.state, row.error = Octets.PURGED if told else Octets.ERASED, "decided", None
        self._happened(row, "loss settled", now)

    def _was_removed(self, mail_id: int) -> bool:
        """Whether its octets have not been here since they were removed on purpose."""
        told = EventRow.mail_id == mail_id, EventRow.what.in_(("purged", "octets restored"))
        query = select(EventRow.what).where(*told).order_by(EventRow.id.desc()).limit(1)
        return self._session.scalar(query) == "purged"

    def _locked(self, mail_id: int) -> MailRow:
        return self._session.get_one(MailRow, mail_id, with_for_update={"key_share": True})

    def _happened(self, row: MailRow, what: str, now: datetime, **detail: Any) -> None:
        self._session.add(EventRow(at=now, what=what, mail_id=row.id, unit_code=row.unit_code, detail=detail))
