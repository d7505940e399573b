"""The letters as the digest tells of them: how many went out, which did not get through, when the last digest was."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from intake.adapters.records.news import LINES
from intake.adapters.records.shapes import letter_ref
from intake.adapters.records.tables import LetterRow
from intake.domain.digest import LetterCounts, LetterLine
from intake.domain.letter import LetterKind
from intake.domain.notice import Roster


def letter_counts(session: Session, since: datetime | None) -> LetterCounts:
    settled = LetterRow.settled_at > since if since else true()
    query = select(LetterRow.kind, LetterRow.state, func.count()).where(or_(LetterRow.state == "due", settled))
    counts = {(kind, state): n for kind, state, n in session.execute(query.group_by(LetterRow.kind, LetterRow.state))}
    return LetterCounts(
        receipts=counts.get((LetterKind.RECEIPT, "sent"), 0),
        returns=counts.get((LetterKind.RETURN, "sent"), 0),
        failed=sum(n for (_kind, state), n in counts.items() if state == "failed"),
        due=sum(n for (_kind, state), n in counts.items() if state == "due"),
    )


def failed_letters(session: Session, roster: Roster, since: datetime | None) -> tuple[LetterLine, ...]:
    query = select(LetterRow).where(LetterRow.state == "failed").order_by(LetterRow.id)
    if since:
        query = query.where(LetterRow.settled_at > since)
    return tuple(
        LetterLine(
            letter_ref(row.id),
            roster.find(row.unit_code) if row.unit_code else None,
            row.meant_for,
            row.subject,
            row.error or "",
            row.attempts,
        )
        for row in session.scalars(query.limit(LINES))
    )


def letter_totals(session: Session) -> dict[str, int]:
    """All letters ever owed, by state."""
    totals = dict.fromkeys(("due", "sent", "failed"), 0)
    for state, count in session.execute(select(LetterRow.state, func.count()).group_by(LetterRow.state)):
        totals[state] = count
    return totals


def last_digest(session: Session) -> tuple[date, datetime] | None:
    query = select(LetterRow).where(LetterRow.kind == LetterKind.DIGEST).order_by(LetterRow.key.desc()).limit(1)
    row = session.scalar(query)
    return (date.fromisoformat(row.key.split(":")[1]), row.created_at) if row else None
