"""What goes out of the records on purpose, and what stays: counts, decisions, hashes and events, which name nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from intake.adapters.records.columns import Base
from intake.adapters.records.discards import DiscardRow, discard
from intake.adapters.records.holdings import is_referred_to
from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import AttachmentRow, EventRow, LetterRow, LinkRow, MailRow, MaterialRow
from intake.domain.letter import LetterKind
from intake.domain.mail import Octets
from intake.domain.retention import Terms
from intake.domain.verdict import Disposition

LEFT = ("sent", "failed", "superseded")
"""States of letters that nothing is done with any more."""
BATCH = 200
"""Mails emptied in one round; the next one goes on."""


@dataclass(frozen=True, slots=True)
class Due:
    """How much is removed at the next poll: mails emptied, heads and letters forgotten, blobs discarded."""

    mails: int
    heads: int
    letters: int
    blobs: int


class SqlRetention:
    """Implements ports.Retention on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, terms: Terms, now: datetime) -> Due:
        """What the next round would remove."""
        heads, letters = _emptied(now - terms.head), _to_staff(now - terms.head)
        return Due(
            self._count(MailRow, *_unrelated(), MailRow.decided_at <= now - terms.body),
            self._count(MailRow, *heads),
            self._count(LetterRow, *letters),
            self._count(DiscardRow),
        )

    def _count(self, table: type[Base], *which: ColumnElement[bool]) -> int:
        return self._session.scalar(select(func.count()).select_from(table).where(*which)) or 0

    def unrelated(self, before: datetime) -> tuple[int, ...]:
        query = select(MailRow.id).where(*_unrelated(), MailRow.decided_at <= before)
        return tuple(self._session.scalars(query.order_by(MailRow.decided_at, MailRow.id).limit(BATCH)))

    def empty(self, mail_id: int, now: datetime) -> str | None:
        query = select(MailRow).where(MailRow.id == mail_id, *_unrelated()).with_for_update(key_share=True)
        row = self._session.scalar(query)
        if row is None:
            return None
        without_content(self._session, row)
        row.octets = Octets.PURGED
        self._session.add(EventRow(at=now, what="purged", mail_id=mail_id, unit_code=row.unit_code, detail={}))
        return mail_ref(mail_id)

    def forget_heads(self, before: datetime) -> int:
        query = select(MailRow).where(*_emptied(before)).limit(BATCH).with_for_update(key_share=True)
        rows = self._session.scalars(query).all()
        for row in rows:
            without_head(row)
        return len(rows)

    def forget_letters(self, before: datetime) -> int:
        numbers = self._session.scalars(select(LetterRow.id).where(*_to_staff(before)).limit(BATCH)).all()
        if numbers:
            without_words(self._session, LetterRow.id.in_(numbers))
        return len(numbers)

    def discards(self) -> tuple[str, ...]:
        return tuple(self._session.scalars(select(DiscardRow.sha256).order_by(DiscardRow.sha256)))

    def in_use(self, sha256: str) -> bool:
        return is_referred_to(self._session, sha256)

    def discarded(self, sha256: str) -> None:
        self._session.execute(delete(DiscardRow).where(DiscardRow.sha256 == sha256))


def _unrelated() -> tuple[ColumnElement[bool], ...]:
    """A mail that is none of our business, waits for nobody, and never was our business: we have not answered it, and
    staff added no file to it, which would be nowhere else.
    """
    answered = exists().where(LetterRow.mail_id == MailRow.id)
    added_to = exists().where(AttachmentRow.mail_id == MailRow.id)
    decided = MailRow.state == "decided", MailRow.disposition == Disposition.IGNORED
    return (*decided, MailRow.octets == Octets.WHOLE, MailRow.needs_person.is_(False), ~answered, ~added_to)


def _emptied(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """A mail that was emptied because it is none of our business, decided at or before a time."""
    emptied = MailRow.disposition == Disposition.IGNORED, MailRow.octets == Octets.PURGED
    return (*emptied, MailRow.state == "decided", MailRow.decided_at <= before)


def _to_staff(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """A letter to staff that has left, written at or before a time."""
    to_staff = LetterRow.kind.in_((LetterKind.DIGEST, LetterKind.ALARM)), LetterRow.purged.is_(False)
    return (*to_staff, LetterRow.state.in_(LEFT), LetterRow.created_at <= before)


def without_content(session: Session, row: MailRow) -> None:
    """Takes out of the records what was in a mail, and names its octets and theirs as to be discarded."""
    discard(session, [row.sha256, *blobs_in(session, row.id)])
    for table in (MaterialRow, LinkRow, AttachmentRow):
        session.execute(delete(table).where(table.mail_id == row.id))
    row.unscanned = False


def blobs_in(session: Session, mail_id: int) -> list[str]:
    """The hashes of the files in a mail, of their small pictures, and of what staff added to it."""
    parts = session.execute(select(MaterialRow.sha256, MaterialRow.preview).where(MaterialRow.mail_id == mail_id))
    added = session.scalars(select(AttachmentRow.sha256).where(AttachmentRow.mail_id == mail_id))
    return [*(each for pair in parts for each in pair if each), *added]


def without_head(row: MailRow) -> None:
    """Forgets who sent a mail and what its head says. Its hash stays, so that it is known when it comes again."""
    row.octets = Octets.ERASED
    row.message_id, row.sender, row.shown_sender, row.subject, row.waive_reason = None, "", "", "", ""
    row.evidence, row.findings, row.error = [], [], None


def without_words(session: Session, which: ColumnElement[bool]) -> None:
    """Forgets what letters said and to whom they went; that they went, and their Message-IDs, stays."""
    nobody: dict[str, Any] = {"meant_for": "", "envelope_from": "", "envelope_to": [], "subject": "", "error": None}
    session.execute(update(LetterRow).where(which).values(octets=b"", purged=True, **nobody))
