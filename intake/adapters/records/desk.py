"""What examine reads and writes about one mail: acquaintance, submission so far, the decision, the letter owed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from intake.adapters.records import correspondence, rescanning
from intake.adapters.records.cleaning import storable, storable_sender
from intake.adapters.records.confirmed import confirmed_senders, confirmed_units, entry_now
from intake.adapters.records.discards import blobs_in, discard
from intake.adapters.records.sealing import seal
from intake.adapters.records.shapes import (
    entry_row,
    findings_to_json,
    letter_ref,
    link_row,
    material_row,
)
from intake.adapters.records.spans import note_digest
from intake.adapters.records.tables import EntryRow, EventRow, LetterRow, LinkRow, MailRow, MaterialRow, SubmissionRow
from intake.adapters.records.troubles import added
from intake.adapters.records.waiting import supersede, waiting
from intake.domain.burst import Waiting
from intake.domain.case import Case
from intake.domain.digest import Mark
from intake.domain.finding import Severity
from intake.domain.handing import entries_of
from intake.domain.identity import Acquaintance, Thread, Tier
from intake.domain.mail import Message, Octets
from intake.domain.material import Scanned
from intake.domain.notice import Notice
from intake.domain.replying import Letters
from intake.domain.submission import Entry, UnitState, checklist
from intake.domain.verdict import Disposition, Verdict
from intake.ports import Draft, Pending


class SqlDesk:
    """Implements ports.Desk on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def acquaintance(self, pending: Pending, message: Message) -> Acquaintance:
        return Acquaintance(
            assigned=pending.ruling.assigned,
            assigned_notice=pending.ruling.notice,
            thread=self._thread(message.references),
            claimed_before=self._claimed_before(pending, message),
            learned=confirmed_units(self._session, message.sender.spec) if message.sender else frozenset(),
        )

    def _thread(self, references: tuple[str, ...]) -> Thread | None:
        """The newest letter of ours that the mail refers to. Its Message-ID is keyed: only who got it can know it."""
        if not references:
            return None
        named = [storable(reference) for reference in references[-MAX_REFERENCES:]]
        letter = self._session.scalar(
            select(LetterRow).where(LetterRow.message_id.in_(named)).order_by(LetterRow.id.desc())
        )
        if letter is None:
            return None
        sent_to = frozenset(address.lower() for address in letter.envelope_to)
        return Thread(letter.unit_code, letter.notice_id, self._addressee(letter), sent_to)

    def _addressee(self, letter: LetterRow) -> Tier:
        """As Thread says: what staff said of a mail stays said, a list speaks for itself."""
        tier, of_mail = Tier(letter.identity), select(MailRow.assigned).where(MailRow.id == letter.mail_id)
        by_list = tier is Tier.KNOWN or (tier is Tier.CONFIRMED and self._session.scalar(of_mail) is None)
        return Tier.CLAIMED if by_list else tier

    def _claimed_before(self, pending: Pending, message: Message) -> frozenset[str]:
        if message.sender is None:
            return frozenset()
        query = (
            select(MailRow.unit_code)
            .where(
                MailRow.sender == storable_sender(message.sender.spec),
                MailRow.id != pending.id,
                MailRow.unit_code.is_not(None),
                MailRow.disposition == Disposition.ACCEPTED,
            )
            .distinct()
        )
        return frozenset(code for code in self._session.scalars(query) if code)

    def came_first(self, pending: Pending, message: Message, files: Collection[str]) -> datetime:
        if message.sender is None or message.message_id is None:
            return pending.received_at
        query = select(MailRow.id, MailRow.received_at).where(
            MailRow.sender == storable_sender(message.sender.spec),
            MailRow.message_id == message.message_id,
            MailRow.id != pending.id,
            MailRow.received_at < pending.received_at,
            MailRow.disposition == Disposition.ACCEPTED,
        )
        for number, received_at in self._session.execute(query.order_by(MailRow.received_at)):
            had = select(MaterialRow.sha256).where(MaterialRow.mail_id == number)
            if set(self._session.scalars(had)) == set(files):
                return received_at
        return pending.received_at

    def entries(self, unit: str, notice_id: str, other_than: int) -> tuple[Entry, ...]:
        submission = self._submission(unit, notice_id)
        rows = self._session.scalars(
            select(EntryRow).where(EntryRow.submission_id == submission.id, EntryRow.mail_id != other_than)
        )
        confirmed = confirmed_senders(self._session)
        return tuple(entry_now(row, unit, confirmed) for row in rows)

    def deadline(self, unit: str, notice: Notice) -> datetime:
        return self._submission(unit, notice.id).extended_until or notice.deadline

    def _submission(self, unit: str, notice_id: str) -> SubmissionRow:
        query = select(SubmissionRow).where(SubmissionRow.unit_code == unit, SubmissionRow.notice_id == notice_id)
        query = query.with_for_update().execution_options(populate_existing=True)
        row = self._session.scalar(query)
        if row is None:
            added(self._session, SubmissionRow(unit_code=unit, notice_id=notice_id))
            row = self._session.scalars(query).one()
        return row

    def letters(self, case: Case, now: datetime, waiting: Sequence[Waiting] = ()) -> Letters:
        return correspondence.letters(self._session, case, now, [each.letter for each in waiting])

    def waiting(self, case: Case, unit: str, notice_id: str) -> tuple[Waiting, ...]:
        return waiting(self._session, case.sender, unit, notice_id)

    def renew(self, pending: Pending, verdict: Verdict) -> Pending:
        if not pending.unscanned or not rescanning.differs(self._session, pending.id, verdict):
            return pending
        row = self._session.get_one(MailRow, pending.id)
        row.rulings += 1
        return replace(pending, ruling=replace(pending.ruling, number=row.rulings))

    def record(  # noqa: PLR0913, PLR0917
        self,
        case: Case,
        verdict: Verdict,
        pending: Pending,
        now: datetime,
        reply: str = "",
        stored: Sequence[str] = (),
    ) -> None:
        row = self._session.get_one(MailRow, pending.id)
        self._describe(row, case)
        row.state, row.error, row.decided_at = "decided", None, now
        row.octets, row.refetches, row.refetch_failed_at = Octets.WHOLE, 0, None
        row.disposition, row.unit_code, row.notice_id = verdict.disposition, verdict.identity.unit, verdict.notice_id
        row.identity, row.evidence = verdict.identity.tier, list(verdict.identity.told)
        row.late, row.needs_person = verdict.late, verdict.has(Severity.HOLD)
        row.unscanned = any(each.examined.scan.outcome is Scanned.UNSCANNED for each in verdict.assessments)
        if row.unscanned:
            rescanning.put_off(self._session, row, now)
        row.findings = findings_to_json(verdict.findings)
        before = blobs_in(self._session, row.id)
        self._replace_parts(row, case, verdict)
        named = {row.sha256, *blobs_in(self._session, row.id)}
        discard(self._session, {*before, *stored} - named)
        self._file(row, case, verdict, now)
        self._session.add(
            EventRow(at=now, what="decided", mail_id=row.id, unit_code=row.unit_code, detail=_told(verdict, reply))
        )

    @staticmethod
    def _describe(row: MailRow, case: Case) -> None:
        message = case.message
        row.message_id = message.message_id
        row.sender = storable_sender(case.sender)
        row.shown_sender = message.shown_sender
        row.subject = message.subject

    def _replace_parts(self, row: MailRow, case: Case, verdict: Verdict) -> None:
        """A mail decided again says anew what is in it; what was decided before stays in the events."""
        for table in (MaterialRow, LinkRow, EntryRow):
            self._session.execute(delete(table).where(table.mail_id == row.id))
        self._session.add_all(material_row(row.id, position, each) for position, each in enumerate(verdict.assessments))
        self._session.add_all(link_row(row.id, link) for link in case.message.links)

    def _file(self, row: MailRow, case: Case, verdict: Verdict, now: datetime) -> None:
        notice = case.recognised.notice
        entries = entries_of(case, verdict) if verdict.disposition is not Disposition.IGNORED else ()
        if not entries or notice is None or verdict.identity.unit is None:
            return
        submission = self._submission(verdict.identity.unit, notice.id)
        self._session.add_all(entry_row(submission.id, row.id, entry) for entry in entries)
        submission.version += 1
        submission.last_mail_at = max(filter(None, (submission.last_mail_at, row.received_at)))
        whole = checklist(notice, [*case.prior, *entries], case.deadline or notice.deadline)
        if whole.state is UnitState.COMPLETE and submission.completed_at is None:
            submission.completed_at = now
            detail = {"notice": notice.id}
            event = EventRow(at=now, what=COMPLETED, mail_id=row.id, unit_code=submission.unit_code, detail=detail)
            self._session.add(event)

    def seal(self, pending: Pending, pieces: Sequence[str], now: datetime) -> None:
        seal(self._session, self._session.get_one(MailRow, pending.id), pieces, now)

    def post(self, draft: Draft, mail_id: int | None, now: datetime) -> bool:
        if self._session.scalar(select(LetterRow.id).where(LetterRow.key == draft.key)):
            return False
        row = LetterRow(
            key=draft.key,
            kind=draft.kind,
            mail_id=mail_id,
            unit_code=draft.unit,
            notice_id=draft.notice_id,
            identity=draft.identity,
            meant_for=draft.meant_for,
            envelope_from=draft.envelope_from,
            envelope_to=list(draft.envelope_to),
            subject=draft.subject,
            message_id=draft.message_id,
            octets=draft.octets,
            created_at=now,
            due_at=draft.due_at or now,
            state="held" if draft.held else "due",
            error=draft.held,
            idle=draft.idle,
        )
        if not added(self._session, row):
            return False
        if draft.replaces:
            supersede(self._session, draft.replaces, row, now)
        detail = {"kind": draft.kind, "ref": letter_ref(row.id), **({"held": draft.held} if draft.held else {})}
        event = EventRow(
            at=now, what="letter owed", mail_id=mail_id, letter_id=row.id, unit_code=draft.unit, detail=detail
        )
        self._session.add(event)
        return True

    def undelivered(self, message_ids: Sequence[str], pending: Pending, now: datetime) -> None:
        named = [storable(message_id) for message_id in message_ids]
        left = or_(LetterRow.state == "sent", and_(LetterRow.state == "due", LetterRow.doubts > 0))
        letters = select(LetterRow).where(LetterRow.message_id.in_(named), left)
        for row in self._session.scalars(letters.order_by(LetterRow.id)):
            row.state, row.settled_at, row.error = "failed", now, f"returned as undeliverable ({pending.ref})"
            row.doubts = 0
            detail = {"bounce": pending.ref}
            self._session.add(
                EventRow(
                    at=now, what="letter returned", mail_id=row.mail_id, letter_id=row.id, unit_code=row.unit_code,
                    detail=detail,
                )
            )  # fmt: skip

    def digested(self, day: date, upto: Mark, now: datetime) -> None:
        note_digest(self._session, day, upto, now)

    def failed(self, pending: Pending, error: str, retry_at: datetime | None, now: datetime) -> None:
        row = self._session.get_one(MailRow, pending.id)
        row.attempts = pending.attempts + 1
        row.error = error
        row.state = "received" if retry_at else "parked"
        row.needs_person = retry_at is None
        row.next_attempt_at = retry_at or row.next_attempt_at
        detail = {"error": row.error, "attempt": row.attempts}
        what = "attempt failed" if retry_at else "parked"
        self._session.add(EventRow(at=now, what=what, mail_id=row.id, detail=detail))

    def spoilt(self, pending: Pending, sha256: str, why: str, now: datetime) -> None:
        row = self._session.get_one(MailRow, pending.id)
        row.error = f"{sha256}: {why}"
        if sha256 == pending.sha256 or any(sha256 == each.sha256 for each in pending.attached):
            row.octets = Octets.SPOILT
        else:
            row.next_attempt_at = now + EXTRACTED_AGAIN
        detail = {"sha256": sha256, "why": why}
        self._session.add(EventRow(at=now, what="octets spoilt", mail_id=row.id, detail=detail))


EXTRACTED_AGAIN = timedelta(minutes=1)
"""When a mail is examined again of which a file was spoilt; that takes the file out of the mail once more."""

COMPLETED = "completed"
"""A unit has handed in everything, for the first time."""

MAX_REFERENCES = 50
"""References looked up per mail; a thread longer than this is cut at its old end."""


def _told(verdict: Verdict, reply: str) -> dict[str, object]:
    return {
        "disposition": verdict.disposition,
        "identity": verdict.identity.tier,
        "findings": sorted({finding.code for finding in verdict.all_findings}),
        **({"reply": reply} if reply else {}),
    }
