"""Mails that lie on the server and could not be fetched often enough for people to be told."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.tables import PostponedRow
from intake.domain.digest import UnfetchedLine
from intake.domain.mail import Locator
from intake.domain.outcome import TOLD_AFTER


def unfetched(session: Session) -> tuple[UnfetchedLine, ...]:
    """Those that have been tried in vain at least TOLD_AFTER times, the oldest trouble first."""
    query = select(PostponedRow).where(PostponedRow.attempts >= TOLD_AFTER)
    rows = session.scalars(query.order_by(PostponedRow.first_failed_at, PostponedRow.id))
    return tuple(
        UnfetchedLine(
            place=Locator(row.folder, row.uidvalidity, row.uid),
            received_at=row.internal_date,
            size=row.size or None,
            since=row.first_failed_at,
            attempts=row.attempts,
            error=row.error,
        )
        for row in rows
    )
