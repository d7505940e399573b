"""The letters as the digest tells of them: how many went out, and which did not get through."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from intake.adapters.records.news import LINES
from intake.adapters.records.shapes import letter_ref
from intake.adapters.records.spans import later_events
from intake.adapters.records.tables import EventRow, LetterRow
from intake.domain.digest import LetterCounts, LetterLine, Mark
from intake.domain.letter import LetterKind
from intake.domain.notice import Roster

SETTLED = ("letter sent", "letter failed", "letter returned")


def letter_counts(session: Session, since: Mark | None) -> LetterCounts:
    settled = LetterRow.id.in_(_settled(since))
    waits = LetterRow.state.in_(("due", "held"))
    query = select(LetterRow.kind, LetterRow.state, func.count()).where(or_(waits, settled))
    counts = {(kind, state): n for kind, state, n in session.execute(query.group_by(LetterRow.kind, LetterRow.state))}
    return LetterCounts(
        receipts=counts.get((LetterKind.RECEIPT, "sent"), 0),
        returns=counts.get((LetterKind.RETURN, "sent"), 0),
        failed=sum(n for (_kind, state), n in counts.items() if state == "failed"),
        due=sum(n for (_kind, state), n in counts.items() if state == "due"),
        waiting_for=waiting_for(session),
        held=sum(n for (_kind, state), n in counts.items() if state == "held"),
    )


def waiting_for(session: Session) -> str | None:
    """Why the letter that was put off last is still due."""
    put_off = select(LetterRow.error).where(LetterRow.state == "due", LetterRow.error.is_not(None))
    return session.scalar(put_off.order_by(LetterRow.due_at.desc(), LetterRow.id.desc()).limit(1))


def _settled(since: Mark | None) -> Any:
    """Letters that were sent, refused or returned."""
    return select(EventRow.letter_id).where(EventRow.what.in_(SETTLED), later_events(since))


def failed_letters(session: Session, roster: Roster, since: Mark | None) -> tuple[LetterLine, ...]:
    failed = LetterRow.state == "failed", LetterRow.id.in_(_settled(since))
    query = select(LetterRow).where(*failed).order_by(LetterRow.id)
    return tuple(
        LetterLine(
            letter_ref(row.id),
            roster.find(row.unit_code) if row.unit_code else None,
            row.meant_for,
            row.subject,
            row.error or "",
            row.attempts,
            row.doubts,
            LetterKind(row.kind),
        )
        for row in session.scalars(query.limit(LINES))
    )


def unreached(session: Session, since: Mark | None) -> tuple[str, ...]:
    """Letters that failed before, and to whose address none got through since: told once, and not forgotten."""
    if since is None:
        return ()
    later = aliased(LetterRow)
    reached = exists().where(later.meant_for == LetterRow.meant_for, later.id > LetterRow.id, later.state == "sent")
    failed = LetterRow.state == "failed", LetterRow.purged.is_(False)
    query = select(LetterRow.id).where(*failed, LetterRow.id.not_in(_settled(since)), ~reached)
    return tuple(letter_ref(number) for number in session.scalars(query.order_by(LetterRow.id).limit(LINES)))


def has_letter(session: Session, key: str) -> bool:
    """Whether a letter to one of several readers was posted under this key."""
    posted = LetterRow.key.startswith(f"{key}:", autoescape=True)
    return session.scalar(select(LetterRow.id).where(posted).limit(1)) is not None


def letter_totals(session: Session) -> dict[str, int]:
    """All letters ever owed, by state."""
    totals = dict.fromkeys(("due", "held", "sent", "failed", "superseded"), 0)
    for state, count in session.execute(select(LetterRow.state, func.count()).group_by(LetterRow.state)):
        totals[state] = count
    return totals
