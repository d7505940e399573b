"""The whole story of one mail, letter or unit, as plain data for `show`."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import letter_ref, mail_ref
from intake.adapters.records.tables import EventRow, LearnedRow, LetterRow, LinkRow, MailRow, MaterialRow, SightingRow
from intake.domain.mail import Octets
from intake.domain.sealing import Seal

Story = dict[str, Any]


def mail_story(session: Session, mail_id: int) -> Story | None:
    """One mail: where it lay, what was in it, what was decided, what was answered, what happened."""
    row = session.get(MailRow, mail_id)
    if row is None:
        return None
    return {
        **_mail(row),
        "size": row.size,
        "sha256": row.sha256,
        "message_id": row.message_id,
        "attempts": row.attempts,
        "error": row.error,
        "evidence": row.evidence,
        "findings": row.findings,
        "seen_at": [
            _sighting(each) for each in session.scalars(select(SightingRow).where(SightingRow.mail_id == mail_id))
        ],
        "materials": [_material(each) for each in session.scalars(_of(MaterialRow, MaterialRow.mail_id == mail_id))],
        "links": [_link(each) for each in session.scalars(_of(LinkRow, LinkRow.mail_id == mail_id))],
        "letters": [_letter(each) for each in session.scalars(_of(LetterRow, LetterRow.mail_id == mail_id))],
        "events": [_event(each) for each in session.scalars(_of(EventRow, EventRow.mail_id == mail_id))],
    }


def letter_story(session: Session, letter_id: int) -> Story | None:
    """One letter with its text as it goes over the wire, and what happened to it."""
    row = session.get(LetterRow, letter_id)
    if row is None:
        return None
    events = session.scalars(_of(EventRow, EventRow.letter_id == letter_id))
    return {
        **_letter(row),
        "text": None if row.purged else _text(row.octets),
        "events": [_event(each) for each in events],
    }


def unit_story(session: Session, code: str) -> Story:
    """Everything of one unit: its mails, the letters to it, what happened."""
    return {
        "unit": code,
        "learned": [
            {"address": each.address, "learned_at": each.learned_at.isoformat(), "mail": mail_ref(each.mail_id)}
            for each in session.scalars(
                select(LearnedRow).where(LearnedRow.unit_code == code).order_by(LearnedRow.learned_at)
            )
        ],
        "mails": [_mail(each) for each in session.scalars(_of(MailRow, MailRow.unit_code == code))],
        "letters": [_letter(each) for each in session.scalars(_of(LetterRow, LetterRow.unit_code == code))],
        "events": [_event(each) for each in session.scalars(_of(EventRow, EventRow.unit_code == code))],
    }


def _of(table: type[Any], which: ColumnElement[bool]) -> Any:
    return select(table).where(which).order_by(table.id)


def _mail(row: MailRow) -> Story:
    return {
        "ref": mail_ref(row.id),
        "state": row.state,
        "received_at": row.received_at.isoformat(),
        "from": row.sender,
        "subject": row.subject,
        "disposition": row.disposition,
        "unit": row.unit_code,
        "identity": row.identity,
        "notice": row.notice_id,
        "late": row.late,
        "needs_person": row.needs_person,
        **({"seal": row.seal} if row.seal != Seal.NONE else {}),
        **({"octets": row.octets} if row.octets != Octets.WHOLE else {}),
    }


def _sighting(row: SightingRow) -> Story:
    gone = row.gone_at.isoformat() if row.gone_at else None
    return {"folder": row.folder, "uidvalidity": row.uidvalidity, "uid": row.uid, "gone_at": gone}


def _material(row: MaterialRow) -> Story:
    return {
        "origin": row.origin,
        "sha256": row.sha256,
        "size": row.size,
        "requirement": row.requirement,
        "counted": row.counted,
        "state": row.state,
        "provenance": row.provenance,
        "facts": row.facts,
        "findings": row.findings,
    }


def _link(row: LinkRow) -> Story:
    expires = row.expires.isoformat() if row.expires else None
    return {"url": row.url, "provider": row.provider, "filename": row.filename, "size": row.size, "expires": expires}


def _letter(row: LetterRow) -> Story:
    return {
        "ref": letter_ref(row.id),
        "kind": row.kind,
        "mail": mail_ref(row.mail_id) if row.mail_id else None,
        "unit": row.unit_code,
        "to": row.meant_for,
        "subject": row.subject,
        "message_id": row.message_id,
        "state": row.state,
        "attempts": row.attempts,
        "doubts": row.doubts,
        "created_at": row.created_at.isoformat(),
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        "error": row.error,
    }


def _text(octets: bytes) -> str:
    """The plain text of a letter of ours, as it reads."""
    body = message_from_bytes(octets, policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body else ""


def _event(row: EventRow) -> Story:
    return {"at": row.at.isoformat(), "what": row.what, **({"detail": row.detail} if row.detail else {})}
