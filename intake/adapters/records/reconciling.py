"""The sum of all mails in the folders: every one that lies on the server, by what became of it."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from intake.adapters.records.tables import FolderRow, MailRow, PostponedRow, SightingRow
from intake.domain.digest import Reconciliation
from intake.domain.verdict import Disposition

_READ = FolderRow.checked_at.is_not(None)


def reconciliation(session: Session) -> Reconciliation:
    """Every mail that lies on the server now, by what became of it."""
    folders = list(session.scalars(select(FolderRow).where(FolderRow.checked_at.is_not(None))))
    if not folders:
        return Reconciliation(None)
    present = _present(session)
    fates = Counter({fate: mails for fate, _sightings, mails in present})
    copies = sum(sightings for _fate, sightings, _mails in present) - fates.total()
    on_server = sum(folder.on_server for folder in folders)
    older = sum(folder.older for folder in folders)
    postponed = _postponed(session)
    return Reconciliation(
        on_server=on_server,
        accepted=fates[Disposition.ACCEPTED],
        returned=fates[Disposition.RETURNED],
        held=fates[Disposition.HELD],
        ignored=fates[Disposition.IGNORED] + fates[Disposition.COMMAND],
        older=older,
        parked=fates["parked"],
        pending=fates["received"],
        copies=copies,
        unread=max(0, on_server - older - fates.total() - copies - postponed),
        postponed=postponed,
    )


def _postponed(session: Session) -> int:
    here = and_(PostponedRow.folder == FolderRow.name, PostponedRow.uidvalidity == FolderRow.uidvalidity, _READ)
    return session.scalar(select(func.count()).select_from(PostponedRow).join(FolderRow, here)) or 0


def _present(session: Session) -> list[tuple[str, int, int]]:
    """Fate now, sightings and distinct mails of what lies in the folders."""
    fate = case((MailRow.state == "decided", MailRow.disposition), else_=MailRow.state)
    here = and_(SightingRow.folder == FolderRow.name, SightingRow.uidvalidity == FolderRow.uidvalidity, _READ)
    query = (
        select(fate, func.count(), func.count(func.distinct(MailRow.id)))
        .select_from(MailRow)
        .join(SightingRow, SightingRow.mail_id == MailRow.id)
        .join(FolderRow, here)
        .where(SightingRow.gone_at.is_(None))
    )
    return [(fate, sightings, mails) for fate, sightings, mails in session.execute(query.group_by(fate))]
