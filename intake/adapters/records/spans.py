"""What is news: events and polls by their numbers, which no clock can turn back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from intake.adapters.records.tables import EventRow, LetterRow, PollRow
from intake.domain.digest import Mark, Told
from intake.domain.letter import LetterKind

DIGESTED = "digest made"


@dataclass(frozen=True, slots=True)
class Span:
    """What lies after one mark, up to and including another; None: from the beginning, to the end."""

    since: Mark | None
    upto: Mark | None

    @property
    def events(self) -> tuple[ColumnElement[bool], ...]:
        return tuple(self._within(EventRow.id, lambda mark: mark.event))

    @property
    def polls(self) -> tuple[ColumnElement[bool], ...]:
        return tuple(self._within(PollRow.id, lambda mark: mark.poll))

    def _within(self, number: Any, of: Callable[[Mark], int]) -> Iterator[ColumnElement[bool]]:
        if self.since:
            yield number > of(self.since)
        if self.upto:
            yield number <= of(self.upto)


def mark(session: Session) -> Mark:
    """How far the records go, in a writing transaction.

    SQLite lets nobody write beside it. PostgreSQL does: the lock waits for those who have taken a number already and
    not committed, else their events would come in below a mark that was passed.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        session.execute(text(f"LOCK TABLE {EventRow.__tablename__} IN SHARE MODE"))
    last = session.scalar(select(func.max(EventRow.id))), session.scalar(select(func.max(PollRow.id)))
    return Mark(last[0] or 0, last[1] or 0)


def note_digest(session: Session, day: date, upto: Mark, now: datetime) -> None:
    """A day that is noted already stays as it was: a letter to one more reader makes no news untold."""
    if _digested(session, EventRow.detail["day"].as_string() == day.isoformat()) is None:
        detail = {"day": day.isoformat(), "event": upto.event, "poll": upto.poll}
        session.add(EventRow(at=now, what=DIGESTED, detail=detail))


def has_digest(session: Session, day: date) -> bool:
    of_day = LetterRow.key.startswith(f"{LetterKind.DIGEST}:{day.isoformat()}:")
    return session.scalar(select(LetterRow.id).where(of_day).limit(1)) is not None


def digest_before(session: Session, day: date) -> Told | None:
    """The last digest made before that of `day`, by the order of events and not by the dates they are for."""
    own = _digested(session, EventRow.detail["day"].as_string() == day.isoformat())
    row = _digested(session, *([EventRow.id < own.id] if own else []))
    if row is None:
        return None
    return Told(date.fromisoformat(row.detail["day"]), row.at, Mark(row.detail["event"], row.detail["poll"]))


def _digested(session: Session, *which: ColumnElement[bool]) -> EventRow | None:
    return session.scalar(select(EventRow).where(EventRow.what == DIGESTED, *which).order_by(EventRow.id.desc()))
