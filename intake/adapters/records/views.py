"""What the digest and the status read of the records, as domain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from intake.adapters.records.confirmed import confirmed_senders, entry_now
from intake.adapters.records.shapes import findings_from_json, letter_ref, mail_ref
from intake.adapters.records.tables import (
    EntryRow,
    FolderRow,
    LetterRow,
    LinkRow,
    MailRow,
    MaterialRow,
    PollRow,
    SightingRow,
    SubmissionRow,
)
from intake.domain.digest import Health, LetterCounts, LetterLine, LinkLine, MailLine, Reconciliation, UnitRow
from intake.domain.identity import Tier
from intake.domain.letter import LetterKind
from intake.domain.notice import Notice, Roster, Unit
from intake.domain.submission import Entry, checklist
from intake.domain.verdict import Disposition

LINES = 500
"""Mails listed at most in one reading; the digest cuts earlier and says so."""


class SqlChronicle:
    """Implements ports.Chronicle on one transaction."""

    def __init__(self, session: Session, roster: Roster) -> None:
        self._session = session
        self._roster = roster

    def unit_rows(self, notice: Notice, roster: Roster) -> tuple[UnitRow, ...]:
        submissions = {
            row.unit_code: row
            for row in self._session.scalars(select(SubmissionRow).where(SubmissionRow.notice_id == notice.id))
        }
        entries = self._entries(notice)
        waiting = self._waiting(notice)
        return tuple(
            self._unit_row(notice, unit, submissions.get(unit.code), entries[unit.code], waiting)
            for unit in roster.of(notice.unit_codes)
        )

    @staticmethod
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

    def _entries(self, notice: Notice) -> defaultdict[str, list[Entry]]:
        query = select(SubmissionRow.unit_code, EntryRow).join(EntryRow, EntryRow.submission_id == SubmissionRow.id)
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        confirmed = confirmed_senders(self._session)
        for code, row in self._session.execute(query.where(SubmissionRow.notice_id == notice.id)):
            entries[code].append(entry_now(row, code, confirmed))
        return entries

    def _waiting(self, notice: Notice) -> frozenset[tuple[str, bool]]:
        """Units of which a whole mail waits for a person, and whether its sender is trusted."""
        query = select(MailRow.unit_code, MailRow.identity).where(
            MailRow.needs_person, MailRow.notice_id == notice.id, MailRow.disposition == Disposition.HELD
        )
        return frozenset((code, Tier(tier).trusted) for code, tier in self._session.execute(query) if code)

    def completed_since(self, notice: Notice, since: datetime | None) -> int:
        query = select(func.count()).select_from(SubmissionRow)
        query = query.where(SubmissionRow.notice_id == notice.id, SubmissionRow.completed_at.is_not(None))
        if since:
            query = query.where(SubmissionRow.completed_at > since)
        return self._session.scalar(query) or 0

    def needing_person(self) -> tuple[MailLine, ...]:
        return self._lines(MailRow.needs_person.is_(True))

    def open_links(self) -> tuple[LinkLine, ...]:
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
                self._roster.find(code) if code else None,
                row.provider,
                row.filename,
                row.size,
                row.expires,
                row.url,
            )
            for row, code in self._session.execute(query)
        )

    def decided_since(self, since: datetime | None) -> tuple[MailLine, ...]:
        decided = MailRow.state == "decided"
        return self._lines(and_(decided, MailRow.decided_at > since) if since else decided)

    def _lines(self, which: ColumnElement[bool]) -> tuple[MailLine, ...]:
        """The newest mails that fit, oldest first."""
        newest = select(MailRow).where(which).order_by(MailRow.received_at.desc(), MailRow.id.desc()).limit(LINES)
        rows = list(self._session.scalars(newest))[::-1]
        parts = self._parts([row.id for row in rows])
        return tuple(self._line(row, parts[row.id]) for row in rows)

    def _parts(self, mail_ids: list[int]) -> defaultdict[int, list[MaterialRow]]:
        parts: defaultdict[int, list[MaterialRow]] = defaultdict(list)
        for row in self._session.scalars(select(MaterialRow).where(MaterialRow.mail_id.in_(mail_ids))):
            parts[row.mail_id].append(row)
        return parts

    def _line(self, row: MailRow, materials: Iterable[MaterialRow]) -> MailLine:
        materials = list(materials)
        findings = [finding for material in materials for finding in material.findings]
        return MailLine(
            ref=mail_ref(row.id),
            received_at=row.received_at,
            disposition=Disposition(row.disposition) if row.disposition else None,
            unit=self._roster.find(row.unit_code) if row.unit_code else None,
            sender=row.shown_sender or row.sender,
            subject=row.subject,
            materials=len(materials),
            findings=findings_from_json([*findings, *row.findings]),
            parked=row.state == "parked",
        )

    def previews(self) -> dict[str, str]:
        """The preview of every counted material that has one, by the material's sha256."""
        query = select(MaterialRow.sha256, MaterialRow.preview).where(MaterialRow.counted.is_(True))
        return {sha256: preview for sha256, preview in self._session.execute(query) if preview}

    def letter_counts(self, since: datetime | None) -> LetterCounts:
        settled = LetterRow.settled_at > since if since else true()
        query = select(LetterRow.kind, LetterRow.state, func.count()).where(or_(LetterRow.state == "due", settled))
        counts = {
            (kind, state): n
            for kind, state, n in self._session.execute(query.group_by(LetterRow.kind, LetterRow.state))
        }
        return LetterCounts(
            receipts=counts.get((LetterKind.RECEIPT, "sent"), 0),
            returns=counts.get((LetterKind.RETURN, "sent"), 0),
            failed=sum(n for (_kind, state), n in counts.items() if state == "failed"),
            due=sum(n for (_kind, state), n in counts.items() if state == "due"),
        )

    def failed_letters(self, since: datetime | None) -> tuple[LetterLine, ...]:
        query = select(LetterRow).where(LetterRow.state == "failed").order_by(LetterRow.id)
        if since:
            query = query.where(LetterRow.settled_at > since)
        return tuple(
            LetterLine(
                letter_ref(row.id),
                self._roster.find(row.unit_code) if row.unit_code else None,
                row.meant_for,
                row.subject,
                row.error or "",
                row.attempts,
            )
            for row in self._session.scalars(query.limit(LINES))
        )

    def mail_totals(self) -> dict[str, int]:
        """All mails ever taken: by disposition in lower case, with "received" for all and "parked"."""
        fate = select(MailRow.state, MailRow.disposition, func.count()).group_by(MailRow.state, MailRow.disposition)
        totals = dict.fromkeys(("received", "accepted", "returned", "held", "ignored", "parked"), 0)
        for state, disposition, count in self._session.execute(fate):
            totals["received"] += count
            if state == "parked":
                totals["parked"] += count
            elif disposition:
                totals[disposition.lower()] = totals.get(disposition.lower(), 0) + count
        return totals

    def letter_totals(self) -> dict[str, int]:
        """All letters ever owed, by state."""
        totals = dict.fromkeys(("due", "sent", "failed"), 0)
        for state, count in self._session.execute(select(LetterRow.state, func.count()).group_by(LetterRow.state)):
            totals[state] = count
        return totals

    def health(self, since: datetime | None, free_bytes: int, warnings: tuple[str, ...]) -> Health:
        passed = and_(PollRow.finished_at.is_not(None), PollRow.started_at > since if since else true())
        grouped = self._session.execute(select(PollRow.ok, func.count()).where(passed).group_by(PollRow.ok))
        counts = {ok: n for ok, n in grouped}  # noqa: C416 - dict() does not take rows
        finished = select(PollRow).where(PollRow.finished_at.is_not(None))  # one under way has neither failed nor not
        last = self._session.scalar(finished.order_by(PollRow.id.desc()).limit(1))
        return Health(
            polls=sum(counts.values()),
            failed_polls=counts.get(False, 0),
            last_poll_at=last.started_at if last else None,
            last_success_at=self._session.scalar(select(func.max(PollRow.started_at)).where(PollRow.ok)),
            last_error=last.error if last else None,
            backlog=self._session.scalar(select(func.count()).where(MailRow.state == "received")) or 0,
            free_bytes=free_bytes,
            reconciliation=self.reconciliation(),
            warnings=warnings,
            last_ok=last.ok if last else None,
        )

    def reconciliation(self) -> Reconciliation:
        """Every mail that lies on the server now, by what became of it."""
        folders = list(self._session.scalars(select(FolderRow)))
        if not any(folder.checked_at for folder in folders):
            return Reconciliation(None)
        present = self._present()
        fates = Counter({fate: mails for fate, _sightings, mails in present})
        copies = sum(sightings for _fate, sightings, _mails in present) - fates.total()
        on_server = sum(folder.on_server for folder in folders)
        older = sum(folder.older for folder in folders)
        return Reconciliation(
            on_server=on_server,
            accepted=fates[Disposition.ACCEPTED],
            returned=fates[Disposition.RETURNED],
            held=fates[Disposition.HELD],
            ignored=fates[Disposition.IGNORED] + fates[Disposition.COMMAND],
            older=older,
            parked=fates["parked"],
            pending=fates["received"],
            copies=copies,
            unread=max(0, on_server - older - fates.total() - copies),
        )

    def _present(self) -> list[tuple[str, int, int]]:
        """Fate now, sightings and distinct mails of what lies in the folders."""
        fate = case((MailRow.state == "decided", MailRow.disposition), else_=MailRow.state)
        here = and_(SightingRow.folder == FolderRow.name, SightingRow.uidvalidity == FolderRow.uidvalidity)
        query = (
            select(fate, func.count(), func.count(func.distinct(MailRow.id)))
            .select_from(MailRow)
            .join(SightingRow, SightingRow.mail_id == MailRow.id)
            .join(FolderRow, here)
            .where(SightingRow.gone_at.is_(None))
        )
        return [(fate, sightings, mails) for fate, sightings, mails in self._session.execute(query.group_by(fate))]

    def last_digest(self) -> tuple[date, datetime] | None:
        query = select(LetterRow).where(LetterRow.kind == LetterKind.DIGEST).order_by(LetterRow.key.desc()).limit(1)
        row = self._session.scalar(query)
        return (date.fromisoformat(row.key.split(":")[1]), row.created_at) if row else None
