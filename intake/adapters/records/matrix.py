"""The matrix of a notice: every unit with its checklist as it is now, and what is filed for it."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.adapters.records.confirmed import confirmed_senders, entry_now
from intake.adapters.records.desk import COMPLETED
from intake.adapters.records.spans import later_events
from intake.adapters.records.tables import EntryRow, EventRow, MailRow, MaterialRow, SubmissionRow
from intake.domain.digest import Mark, UnitRow
from intake.domain.identity import Tier
from intake.domain.notice import Notice, Roster, Unit
from intake.domain.submission import Entry, checklist
from intake.domain.verdict import Disposition


def unit_rows(session: Session, notice: Notice, roster: Roster) -> tuple[UnitRow, ...]:
    """One row for every unit that the notice asks, in roster order."""
    query = select(SubmissionRow).where(SubmissionRow.notice_id == notice.id)
    submissions = {row.unit_code: row for row in session.scalars(query)}
    entries = _entries(session, notice)
    waiting = _waiting(session, notice)
    return tuple(
        _unit_row(notice, unit, submissions.get(unit.code), entries[unit.code], waiting)
        for unit in roster.of(notice.unit_codes)
    )


def _unit_row(
    notice: Notice,
    unit: Unit,
    row: SubmissionRow | None,
    entries: list[Entry],
    waiting: frozenset[tuple[str, bool]],
) -> UnitRow:
    deadline = (row.extended_until if row else None) or notice.deadline
    known = any(entry.tier.trusted for entry in entries)
    waits = (unit.code, True) in waiting or (not known and (unit.code, False) in waiting)
    return UnitRow(unit, checklist(notice, entries, deadline, waits), row.last_mail_at if row else None, deadline)


def _entries(session: Session, notice: Notice) -> defaultdict[str, list[Entry]]:
    query = select(SubmissionRow.unit_code, EntryRow).join(EntryRow, EntryRow.submission_id == SubmissionRow.id)
    entries: defaultdict[str, list[Entry]] = defaultdict(list)
    confirmed = confirmed_senders(session)
    for code, row in session.execute(query.where(SubmissionRow.notice_id == notice.id)):
        entries[code].append(entry_now(row, code, confirmed))
    return entries


def _waiting(session: Session, notice: Notice) -> frozenset[tuple[str, bool]]:
    """Units of which a whole mail waits for a person, and whether its sender is trusted. A forged one is nobody's."""
    query = select(MailRow.unit_code, MailRow.identity).where(
        MailRow.needs_person,
        MailRow.notice_id == notice.id,
        MailRow.disposition == Disposition.HELD,
        MailRow.identity != Tier.REFUTED,
    )
    return frozenset((code, Tier(tier).trusted) for code, tier in session.execute(query) if code)


def completed(session: Session, notice: Notice, since: Mark | None) -> int:
    """How many units became complete for the first time."""
    if since is None:
        query = select(func.count()).where(SubmissionRow.completed_at.is_not(None))
        return session.scalar(query.where(SubmissionRow.notice_id == notice.id)) or 0
    of_notice = EventRow.detail["notice"].as_string() == notice.id
    query = select(func.count(func.distinct(EventRow.unit_code))).where(EventRow.what == COMPLETED, of_notice)
    return session.scalar(query.where(later_events(since))) or 0


def previews(session: Session) -> dict[str, str]:
    """The preview of every counted material that has one, by the material's sha256."""
    query = select(MaterialRow.sha256, MaterialRow.preview).where(MaterialRow.counted.is_(True))
    return {sha256: preview for sha256, preview in session.execute(query) if preview}
