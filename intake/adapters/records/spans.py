"""What is news: events by their place on the chain and polls by their number, which no clock can turn back.

The chain is in the order of commits: whoever sees a place on it sees all that come before.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from intake.adapters.records.tables import EventRow, PollRow
from intake.domain.digest import Mark, Told

DIGESTED = "digest made"


def later_events(since: Mark | None) -> ColumnElement[bool]:
    return EventRow.seq > since.event if since else true()


def later_polls(since: Mark | None) -> ColumnElement[bool]:
    return PollRow.id > since.poll if since else true()


def mark(session: Session) -> Mark:
    """How far the records go."""
    last = session.scalar(select(func.max(EventRow.seq))), session.scalar(select(func.max(PollRow.id)))
    return Mark(last[0] or 0, last[1] or 0)


def note_digest(session: Session, day: date, upto: Mark, now: datetime) -> None:
    """A day that is noted already stays as it was: a letter to one more reader makes no news untold."""
    if _digested(session, _of(day)) is None:
        detail = {"day": day.isoformat(), "event": upto.event, "poll": upto.poll}
        session.add(EventRow(at=now, what=DIGESTED, detail=detail))


def digest_before(session: Session, day: date) -> Told | None:
    """The last digest made before that of `day`, by the order of events and not by the dates they are for."""
    own = _digested(session, _of(day))
    row = _digested(session, *([EventRow.seq < own.seq] if own else []))
    if row is None:
        return None
    return Told(date.fromisoformat(row.detail["day"]), row.at, Mark(row.detail["event"], row.detail["poll"]))


def _of(day: date) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = EventRow.detail["day"].as_string() == day.isoformat()
    return matches


def _digested(session: Session, *which: ColumnElement[bool]) -> EventRow | None:
    query = select(EventRow).where(EventRow.what == DIGESTED, *which)
    return session.scalar(query.order_by(EventRow.seq.desc()).limit(1))
