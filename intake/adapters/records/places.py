"""Where a mail lies on the server."""

from __future__ import annotations

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from intake.adapters.records.tables import FolderRow, SightingRow


def junk_folder(session: Session, mail_id: int) -> str | None:
    """The folder for unwanted mail in which a mail lies; None when it lies somewhere else too, or nowhere any more."""
    here = and_(SightingRow.folder == FolderRow.name, SightingRow.uidvalidity == FolderRow.uidvalidity)
    query = (
        select(FolderRow.name, FolderRow.junk)
        .join(SightingRow, here)
        .where(SightingRow.mail_id == mail_id, SightingRow.gone_at.is_(None), FolderRow.checked_at.is_not(None))
        .order_by(SightingRow.id)
    )
    places = session.execute(query).all()
    return places[0].name if places and all(place.junk for place in places) else None
