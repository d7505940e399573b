"""What deliver reads and writes: the letters whose time has come, and what became of them.

A letter in doubt is one whose final dot may have left without an answer. The doubt is committed before the dot,
and taken back by the answer: a process that dies in between leaves it behind. Every change is a compare and swap
on state and doubts, so of two processes that have the same letter one sends it and the other is told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from intake.adapters.records.cleaning import storable
from intake.adapters.records.shapes import letter_ref
from intake.adapters.records.tables import EventRow, LetterRow
from intake.domain.outcome import FURTHEST, Doubtful, Failed, Later, Outcome, Sent, Untried
from intake.ports import DueLetter, Overtaken


class SqlOutbox:
    """Implements ports.Outbox on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, now: datetime) -> list[int]:
        """A letter put off goes behind those that have waited longer: none keeps the others from being tried."""
        query = select(LetterRow.id).where(_is_due(now)).order_by(LetterRow.due_at, LetterRow.id)
        return list(self._session.scalars(query.limit(BATCH)))

    def letter(self, number: int, now: datetime) -> DueLetter | None:
        row = self._session.scalar(select(LetterRow).where(LetterRow.id == number, _is_due(now)))
        if row is None:
            return None
        return DueLetter(
            row.id, letter_ref(row.id), row.envelope_from, tuple(row.envelope_to), row.octets, row.attempts, row.doubts
        )

    def doubt(self, letter: DueLetter, now: datetime) -> DueLetter:
        doubted = replace(letter, doubts=letter.doubts + 1, dotted=True)
        more = {"why": "fate unknown"}
        if not self._change(
            letter, "letter sent once more" if letter.doubts else None, more, now, doubts=doubted.doubts
        ):
            raise Overtaken(f"{letter.ref}: another process sends it")
        return doubted

    def settle(self, letter: DueLetter, outcome: Outcome, now: datetime) -> bool:
        what, values = _settled(outcome, now)
        values["attempts"] = letter.attempts + (not isinstance(outcome, Untried))
        values["doubts"] = letter.doubts - (letter.dotted and not isinstance(outcome, Doubtful))
        detail = {"attempt": values["attempts"], "error": values["error"]}
        if values["doubts"]:
            detail["doubts"] = values["doubts"]
        if isinstance(outcome, Later) and outcome.to is not None:
            values["envelope_to"] = list(outcome.to)
            detail["still owed"] = len(outcome.to)
        return self._change(letter, what, detail, now, **values)

    def _change(
        self, letter: DueLetter, what: str | None, detail: dict[str, Any], now: datetime, **values: Any
    ) -> bool:
        """Change the letter and tell it as an event; False when it does not stand as `letter` says."""
        stands = and_(LetterRow.id == letter.id, LetterRow.state == "due", LetterRow.doubts == letter.doubts)
        query = update(LetterRow).where(stands).values(**values).returning(LetterRow.mail_id, LetterRow.unit_code)
        found = self._session.execute(query).one_or_none()
        if found and what:
            mail_id, unit = found
            self._session.add(
                EventRow(at=now, what=what, mail_id=mail_id, letter_id=letter.id, unit_code=unit, detail=detail)
            )
        return found is not None


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Its time has come, or lies further ahead than any letter is put off: then the clock was set back."""
    return and_(LetterRow.state == "due", or_(LetterRow.due_at <= now, LetterRow.due_at > now + FURTHEST))


def _settled(outcome: Outcome, now: datetime) -> tuple[str, dict[str, Any]]:
    """The name of the event, and what is written for an outcome."""
    match outcome:
        case Sent():
            return "letter sent", {"state": "sent", "settled_at": now, "error": None}
        case Later(at, why, to):
            what = "letter deferred" if to is None else "letter sent to some"
            return what, {"due_at": at, "error": storable(why)}
        case Untried(at, why):
            return "letter deferred", {"due_at": at, "error": storable(why)}
        case Doubtful(at, why) if at is not None:
            return "letter in doubt", {"due_at": at, "error": storable(why)}
        case Doubtful(_, why):
            return "letter failed", {"state": "failed", "settled_at": now, "error": storable(why)}
        case Failed(why):
            return "letter failed", {"state": "failed", "settled_at": now, "error": storable(why)}


BATCH = 200
"""Letters in one round; one at a time is in memory."""
