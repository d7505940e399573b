"""Mails that lie on the server and could not be fetched, or fetched once more, often enough for people to be told."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import MailRow, PostponedRow, SightingRow
from intake.domain.digest import UnfetchedLine
from intake.domain.mail import Locator
from intake.domain.outcome import TOLD_AFTER


def unfetched(session: Session) -> tuple[UnfetchedLine, ...]:
    """Those that have been tried in vain at least TOLD_AFTER times, the oldest trouble first."""
    return tuple(sorted((*_never(session), *_not_again(session)), key=lambda line: line.since))


def _not_again(session: Session) -> Iterator[UnfetchedLine]:
    """Mails whose stored octets were spoilt, where they were seen last."""
    for row in session.scalars(select(MailRow).where(MailRow.refetches >= TOLD_AFTER).order_by(MailRow.id)):
        there = SightingRow.mail_id == row.id, SightingRow.gone_at.is_(None)
        place = session.scalar(select(SightingRow).where(*there).order_by(SightingRow.id.desc()).limit(1))
        yield UnfetchedLine(
            place=Locator(place.folder, place.uidvalidity, place.uid) if place else Locator(row.folder, 0, 0),
            received_at=row.received_at,
            size=row.size,
            since=row.refetch_failed_at or row.taken_at,
            attempts=row.refetches,
            error=f"{mail_ref(row.id)}: {row.error}",
        )


def _never(session: Session) -> tuple[UnfetchedLine, ...]:
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
