"""The table of blobs that are to be discarded, beside those of tables.py."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from intake.adapters.records.columns import Base


class DiscardRow(Base):
    """A blob whose rows were taken away: it is removed unless something else refers to it."""

    __tablename__ = "discard"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)


def discard(session: Session, sha256s: Iterable[str]) -> None:
    """Name blobs as to be discarded; once is enough."""
    for sha256 in sorted(set(sha256s)):
        session.merge(DiscardRow(sha256=sha256))
