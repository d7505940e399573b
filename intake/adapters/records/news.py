"""Mails and links as the lines of a list: what waits for a person, and what was decided lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import findings_from_json, mail_ref
from intake.adapters.records.spans import later_events
from intake.adapters.records.tables import EventRow, LinkRow, MailRow, MaterialRow
from intake.domain.digest import LinkLine, MailLine, Mark
from intake.domain.mail import Octets
from intake.domain.notice import Roster
from intake.domain.verdict import Disposition

LINES = 500
"""Mails listed at most in one reading; the digest cuts earlier and says so."""


def needing_person(session: Session, roster: Roster) -> tuple[MailLine, ...]:
    return _lines(session, roster, MailRow.needs_person.is_(True))


def decided(session: Session, roster: Roster, since: Mark | None) -> tuple[MailLine, ...]:
    """Mails about which something was decided, as they stand now."""
    lately = select(EventRow.mail_id).where(EventRow.what == "decided", later_events(since))
    return _lines(session, roster, and_(MailRow.state == "decided", MailRow.id.in_(lately)))


def open_links(session: Session, roster: Roster) -> tuple[LinkLine, ...]:
    """Linked files of mails that wait for a person, those that expire soonest first."""
    query = (
        select(LinkRow, MailRow.unit_code)
        .join(MailRow, MailRow.id == LinkRow.mail_id)
        .where(MailRow.needs_person.is_(True))
        .order_by(LinkRow.expires.is_(None), LinkRow.expires, LinkRow.id)
        .limit(LINES)
    )
    return tuple(
        LinkLine(
            mail_ref(row.mail_id),
            roster.find(code) if code else None,
            row.provider,
            row.filename,
            row.size,
            row.expires,
            row.url,
        )
        for row, code in session.execute(query)
    )


def _lines(session: Session, roster: Roster, which: ColumnElement[bool]) -> tuple[MailLine, ...]:
    """The newest mails that fit, oldest first."""
    newest = select(MailRow).where(which).order_by(MailRow.received_at.desc(), MailRow.id.desc()).limit(LINES)
    rows = list(session.scalars(newest))[::-1]
    parts = _parts(session, [row.id for row in rows])
    return tuple(_line(roster, row, parts[row.id]) for row in rows)


def _parts(session: Session, mail_ids: list[int]) -> defaultdict[int, list[MaterialRow]]:
    parts: defaultdict[int, list[MaterialRow]] = defaultdict(list)
    for row in session.scalars(select(MaterialRow).where(MaterialRow.mail_id.in_(mail_ids))):
        parts[row.mail_id].append(row)
    return parts


def _line(roster: Roster, row: MailRow, materials: Iterable[MaterialRow]) -> MailLine:
    materials = list(materials)
    findings = [finding for material in materials for finding in material.findings]
    return MailLine(
        ref=mail_ref(row.id),
        received_at=row.received_at,
        disposition=Disposition(row.disposition) if row.disposition else None,
        unit=roster.find(row.unit_code) if row.unit_code else None,
        sender=row.shown_sender or row.sender,
        subject=row.subject,
        materials=len(materials),
        findings=findings_from_json([*findings, *row.findings]),
        parked=row.state == "parked",
        lost=row.octets == Octets.LOST,
    )


def mail_totals(session: Session) -> dict[str, int]:
    """All mails ever taken: by disposition in lower case, with "received" for all and "parked"."""
    fate = select(MailRow.state, MailRow.disposition, func.count()).group_by(MailRow.state, MailRow.disposition)
    totals = dict.fromkeys(("received", "accepted", "returned", "held", "ignored", "parked"), 0)
    for state, disposition, count in session.execute(fate):
        totals["received"] += count
        if state == "parked":
            totals["parked"] += count
        elif disposition:
            totals[disposition.lower()] = totals.get(disposition.lower(), 0) + count
    return totals
