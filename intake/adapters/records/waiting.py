"""Answers of the outbox that a newer one may take the place of, and what their mails came to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from intake.adapters.records.cleaning import storable
from intake.adapters.records.shapes import assessment_of, findings_from_json, letter_ref, mail_ref
from intake.adapters.records.tables import EventRow, LetterRow, MailRow, MaterialRow
from intake.domain.burst import Earlier, Waiting
from intake.domain.letter import LetterKind

UNTOUCHED = (
    LetterRow.kind.in_((LetterKind.RECEIPT, LetterKind.RETURN)),
    LetterRow.state.in_(("due", "held")),
    LetterRow.attempts == 0,
    LetterRow.doubts == 0,
)
"""An answer of which no octet has left."""


def waiting(session: Session, sender: str, unit: str, notice: str) -> tuple[Waiting, ...]:
    """The answers to a sender about a unit and a notice that have not gone out, oldest first; locks them."""
    about = LetterRow.meant_for == storable(sender), LetterRow.unit_code == unit, LetterRow.notice_id == notice
    query = select(LetterRow).where(*UNTOUCHED, *about).order_by(LetterRow.id).with_for_update()
    return tuple(
        Waiting(row.id, _mails(session, row, unit, notice), held=row.state == "held", idle=row.idle)
        for row in session.scalars(query)
    )


def _mails(session: Session, letter: LetterRow, unit: str, notice: str) -> tuple[Earlier, ...]:
    """The mails that the letter speaks for, as they stand now; one that is another unit's by now is left out."""
    own = select(LetterRow.mail_id).where(or_(LetterRow.id == letter.id, LetterRow.superseded_by == letter.id))
    query = select(MailRow).where(MailRow.id.in_(own), MailRow.state == "decided")
    query = query.where(MailRow.unit_code == unit, MailRow.notice_id == notice).order_by(MailRow.id)
    return tuple(_earlier(session, row) for row in session.scalars(query))


def _earlier(session: Session, mail: MailRow) -> Earlier:
    rows = session.scalars(select(MaterialRow).where(MaterialRow.mail_id == mail.id).order_by(MaterialRow.position))
    found = findings_from_json(mail.findings)
    return Earlier(mail_ref(mail.id), mail.received_at, tuple(assessment_of(row) for row in rows), found)


def supersede(session: Session, letters: tuple[int, ...], by: LetterRow, now: datetime) -> None:
    """The letter `by` goes out in place of these and speaks for their mails."""
    for row in session.scalars(select(LetterRow).where(LetterRow.id.in_(letters), *UNTOUCHED)):
        row.state, row.settled_at, row.superseded_by = "superseded", now, by.id
        detail = {"by": letter_ref(by.id)}
        told = {"mail_id": row.mail_id, "letter_id": row.id, "unit_code": row.unit_code, "detail": detail}
        session.add(EventRow(at=now, what="letter superseded", **told))
    session.execute(update(LetterRow).where(LetterRow.superseded_by.in_(letters)).values(superseded_by=by.id))
