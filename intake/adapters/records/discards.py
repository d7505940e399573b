"""The table of blobs that are to be discarded, beside those of tables.py, and the blobs that a mail has brought."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from intake.adapters.records.columns import Base
from intake.adapters.records.tables import AttachmentRow, MaterialRow


class DiscardRow(Base):
    """A blob whose rows were taken away: it is removed unless something else refers to it."""

    __tablename__ = "discard"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)


def discard(session: Session, sha256s: Iterable[str]) -> None:
    """Name blobs as to be discarded; once is enough, and whoever is about to take such a name out is waited for."""
    names = [{"sha256": sha256} for sha256 in sorted(set(sha256s))]
    if names:
        session.flush()
        session.execute(text(_NAME), names)


_NAME = "INSERT INTO discard (sha256) VALUES (:sha256) ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256"


def blobs_in(session: Session, mail_id: int) -> list[str]:
    """The hashes of the files in a mail, of their small pictures, and of what staff added to it."""
    parts = session.execute(select(MaterialRow.sha256, MaterialRow.preview).where(MaterialRow.mail_id == mail_id))
    added = session.scalars(select(AttachmentRow.sha256).where(AttachmentRow.mail_id == mail_id))
    return [*(each for pair in parts for each in pair if each), *added]
