"""What deliver reads and writes: the letters whose time has come, and what became of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import letter_ref, storable
from intake.adapters.records.tables import EventRow, LetterRow
from intake.domain.outcome import Failed, Later, Outcome, Sent, Untried
from intake.ports import DueLetter


class SqlOutbox:
    """Implements ports.Outbox on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, now: datetime) -> list[DueLetter]:
        query = select(LetterRow).where(LetterRow.state == "due", LetterRow.due_at <= now).order_by(LetterRow.id)
        return [
            DueLetter(row.id, letter_ref(row.id), row.envelope_from, tuple(row.envelope_to), row.octets, row.attempts)
            for row in self._session.scalars(query.limit(BATCH))
        ]

    def settle(self, letter: DueLetter, outcome: Outcome, now: datetime) -> None:
        row = self._session.get_one(LetterRow, letter.id)
        row.attempts += not isinstance(outcome, Untried)
        match outcome:
            case Sent():
                row.state, row.settled_at, row.error = "sent", now, None
            case Later(at, why) | Untried(at, why):
                row.due_at, row.error = at, storable(why)
            case Failed(why):
                row.state, row.settled_at, row.error = "failed", now, storable(why)
        detail = {"attempt": row.attempts, "error": row.error}
        what = {"due": "letter deferred", "sent": "letter sent", "failed": "letter failed"}[row.state]
        event = EventRow(
            at=now, what=what, mail_id=row.mail_id, letter_id=row.id, unit_code=row.unit_code, detail=detail
        )
        self._session.add(event)


BATCH = 200
"""Letters in memory at a time."""
