"""What goes out of the records on purpose, and what stays: counts, decisions, hashes and events, which name nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from intake.adapters.records.columns import Base
from intake.adapters.records.discards import DiscardRow, blobs_in, discard
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
"""Heads or letters forgotten in one transaction."""


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
        return Due(
            self._count(MailRow, *_ignored(), _its_time(terms, now)),
            self._count(MailRow, *_emptied(terms, now)),
            self._count(LetterRow, *_to_staff(terms, now)),
            self._count(DiscardRow),
        )

    def _count(self, table: type[Base], *which: ColumnElement[bool]) -> int:
        return self._session.scalar(select(func.count()).select_from(table).where(*which)) or 0

    def unrelated(self, terms: Terms, now: datetime) -> tuple[int, ...]:
        query = select(MailRow.id).where(*_ignored(), _its_time(terms, now))
        return tuple(self._session.scalars(query.order_by(MailRow.decided_at, MailRow.id)))

    def empty(self, mail_id: int, terms: Terms, now: datetime) -> str | None:
        due = MailRow.id == mail_id, *_ignored(), _its_time(terms, now)
        query = select(MailRow).where(*due).with_for_update(key_share=True)
        row = self._session.scalar(query)
        if row is None:
            return None
        without_content(self._session, row)
        row.octets, row.state = Octets.PURGED, "decided"
        self._session.add(EventRow(at=now, what="purged", mail_id=mail_id, unit_code=row.unit_code, detail={}))
        return mail_ref(mail_id)

    def forget_heads(self, terms: Terms, now: datetime) -> int:
        query = select(MailRow).where(*_emptied(terms, now)).limit(BATCH).with_for_update(key_share=True)
        rows = self._session.scalars(query).all()
        for row in rows:
            without_head(row)
        answers = LetterRow.mail_id.in_([row.id for row in rows]), LetterRow.purged.is_(False)
        without_words(self._session, and_(*answers))
        return len(rows)

    def forget_letters(self, terms: Terms, now: datetime) -> int:
        numbers = self._session.scalars(select(LetterRow.id).where(*_to_staff(terms, now)).limit(BATCH)).all()
        if numbers:
            without_words(self._session, LetterRow.id.in_(numbers))
        return len(numbers)

    def discards(self) -> tuple[str, ...]:
        return tuple(self._session.scalars(select(DiscardRow.sha256).order_by(DiscardRow.sha256)))

    def in_use(self, sha256: str) -> bool:
        self._session.execute(select(DiscardRow.sha256).where(DiscardRow.sha256 == sha256).with_for_update())
        return is_referred_to(self._session, sha256)

    def discarded(self, sha256: str) -> None:
        self._session.execute(delete(DiscardRow).where(DiscardRow.sha256 == sha256))


def _ignored() -> tuple[ColumnElement[bool], ...]:
    """A mail that is none of our business, waits for nobody, and was not emptied yet."""
    ignored = MailRow.disposition == Disposition.IGNORED, MailRow.needs_person.is_(False)
    whole = and_(MailRow.state == "decided", MailRow.octets == Octets.WHOLE)
    return (*ignored, or_(whole, MailRow.octets == Octets.LOST))


def _its_time(terms: Terms, now: datetime) -> ColumnElement[bool]:
    """Whether a mail may be emptied. What may once have been our business is kept for as long as heads are: a mail that
    we have answered, that staff added a file to, or about which it was decided more than once.
    """
    answered = exists().where(LetterRow.mail_id == MailRow.id)
    added_to = exists().where(AttachmentRow.mail_id == MailRow.id)
    decided = EventRow.mail_id == MailRow.id, EventRow.what == "decided"
    again = select(func.count()).select_from(EventRow).where(*decided).scalar_subquery() > 1
    at_once = _over(MailRow.decided_at, terms.body, now) & ~answered & ~added_to & ~again
    return or_(at_once, _over(MailRow.decided_at, terms.head, now))


def _emptied(terms: Terms, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """A mail that was emptied because it is none of our business, whose head has been kept for long enough, and that
    no letter answers which has not left.
    """
    emptied = MailRow.disposition == Disposition.IGNORED, MailRow.octets == Octets.PURGED, MailRow.state == "decided"
    owed = exists().where(LetterRow.mail_id == MailRow.id, LetterRow.state.not_in(LEFT))
    return (*emptied, _over(MailRow.decided_at, terms.head, now), ~owed)


def _to_staff(terms: Terms, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """A letter to staff that has left, and was kept for long enough."""
    to_staff = LetterRow.kind.in_((LetterKind.DIGEST, LetterKind.ALARM)), LetterRow.purged.is_(False)
    return (*to_staff, LetterRow.state.in_(LEFT), _over(LetterRow.created_at, terms.head, now))


def _over(since: InstrumentedAttribute[Any], term: timedelta, now: datetime) -> ColumnElement[bool]:
    """A term is over; also one that begins further ahead than it is long, as only a clock that was wrong has it."""
    return or_(since <= now - term, since > now + term)


def without_content(session: Session, row: MailRow) -> None:
    """Takes out of the records what was in a mail, and names its octets and theirs as to be discarded."""
    discard(session, [row.sha256, *blobs_in(session, row.id)])
    for table in (MaterialRow, LinkRow, AttachmentRow):
        session.execute(delete(table).where(table.mail_id == row.id))
    row.unscanned = False


def without_head(row: MailRow) -> None:
    """Forgets who sent a mail and what its head says. Its hash stays, so that it is known when it comes again."""
    row.octets = Octets.ERASED
    row.message_id, row.sender, row.shown_sender, row.subject, row.waive_reason = None, "", "", "", ""
    row.evidence, row.findings, row.error = [], [], None


def without_words(session: Session, which: ColumnElement[bool]) -> None:
    """Forgets what letters said and to whom they went; that they went, and their Message-IDs, stays."""
    nobody: dict[str, Any] = {"meant_for": "", "envelope_from": "", "envelope_to": [], "subject": "", "error": None}
    session.execute(update(LetterRow).where(which).values(octets=b"", purged=True, **nobody))
