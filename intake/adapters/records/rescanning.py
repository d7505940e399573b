"""Mails with files that no scanner has seen: which are due to be shown to it again, and which were given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ScalarSelect, func, or_, select
from sqlalchemy.orm import Session, aliased

from intake.adapters.records.shapes import assessment_of
from intake.adapters.records.tables import EventRow, MailRow, MaterialRow
from intake.domain.outcome import SCAN_DELAYS, next_scan
from intake.domain.verdict import Assessment, Verdict

TO_BE_SCANNED = "to be scanned"
RETRIED = "retried"
_Fate: TypeAlias = tuple[str, str | None, str | None, frozenset[str]]


def due(session: Session, now: datetime) -> Sequence[MailRow]:
    """Those to show to it now. One that would wait for longer than any does was noted by a clock that was set back."""
    at = MailRow.next_attempt_at
    in_time = or_(at <= now, at > now + max(SCAN_DELAYS))
    return session.scalars(select(MailRow).where(*_WAITING, _tries() < len(SCAN_DELAYS), in_time)).all()


def given_up(session: Session) -> int:
    """How many were shown to it as often as any, and wait for a person."""
    query = select(func.count()).select_from(MailRow)
    return session.scalar(query.where(*_WAITING, MailRow.needs_person, _tries() >= len(SCAN_DELAYS))) or 0


def put_off(session: Session, row: MailRow, now: datetime) -> None:
    """Note when the mail, whose files it did not see this time either, is due again."""
    tries = session.scalar(select(_tries()).where(MailRow.id == row.id)) or 0
    row.next_attempt_at = next_scan(tries, now) or row.next_attempt_at


def differs(session: Session, mail_id: int, verdict: Verdict) -> bool:
    """Whether files fared otherwise than they did when the mail was decided last."""
    rows = session.scalars(select(MaterialRow).where(MaterialRow.mail_id == mail_id))
    return _fates(assessment_of(row) for row in rows) != _fates(verdict.assessments)


def _fates(assessments: Iterable[Assessment]) -> set[_Fate]:
    return {
        (each.examined.material.sha256, each.requirement, each.state, frozenset(said.code for said in each.findings))
        for each in assessments
    }


_WAITING = (MailRow.unscanned, MailRow.state == "decided")


def _tries() -> ScalarSelect[int]:
    """How often a mail was shown to it again, since staff last had it retried."""
    retried = aliased(EventRow)
    since = select(func.max(retried.id)).where(retried.mail_id == MailRow.id, retried.what == RETRIED)
    shown = select(func.count()).where(EventRow.mail_id == MailRow.id, EventRow.what == TO_BE_SCANNED)
    after = func.coalesce(since.correlate(MailRow).scalar_subquery(), 0)
    return shown.where(EventRow.id > after).correlate(MailRow).scalar_subquery()
