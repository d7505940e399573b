"""What staff decide: rulings on one mail, extensions for one unit. Each is one transaction with its event."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from intake.adapters.records import rescanning
from intake.adapters.records.cleaning import storable_sender
from intake.adapters.records.tables import (
    AttachmentRow,
    EntryRow,
    EventRow,
    ExaminationRow,
    LearnedRow,
    MailRow,
    SubmissionRow,
)
from intake.adapters.records.troubles import added
from intake.domain.identity import Tier
from intake.domain.mail import Octets
from intake.domain.sealing import Seal
from intake.domain.verdict import Disposition
from intake.ports import Blob

AS_CLAIMED = {"key_share": True}
"""NO KEY UPDATE, as claims.py locks a mail: rows that refer to it are written all the same."""


@dataclass(frozen=True, slots=True)
class MailState:
    """What a ruling needs to know of a mail before it is made."""

    state: str
    disposition: str | None
    unit: str | None
    notice: str | None
    octets: str = Octets.WHOLE
    sender: str = ""
    seal: str = Seal.NONE


def attachments(session: Session, mail_id: int) -> list[AttachmentRow]:
    """The files that staff added to a mail, in order; of one name only the newest."""
    query = select(AttachmentRow).where(AttachmentRow.mail_id == mail_id).order_by(AttachmentRow.id)
    return list({row.filename: row for row in session.scalars(query)}.values())


def _state(row: MailRow | None) -> MailState | None:
    if row is None:
        return None
    return MailState(row.state, row.disposition, row.unit_code, row.notice_id, row.octets, row.sender, row.seal)


class SqlRulings:
    """Staff's decisions on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def mail(self, mail_id: int) -> MailState | None:
        return _state(self._session.get(MailRow, mail_id))

    def held(self, mail_id: int) -> MailState | None:
        """How the mail stands, and will stand until the ruling is made: who examines it now is waited for."""
        return _state(self._session.get(MailRow, mail_id, with_for_update=AS_CLAIMED))

    def _mail(self, mail_id: int) -> MailRow:
        return self._session.get_one(MailRow, mail_id, with_for_update=AS_CLAIMED)

    def assign(self, mail_id: int, unit: str, notice: str | None, now: datetime, *, learn: bool = False) -> None:
        """The mail is of this unit (and for this notice): judge it again so; with `learn` its sender speaks for it."""
        row = self._mail(mail_id)
        row.assigned, row.assigned_notice = unit, notice or row.assigned_notice
        told = {"unit": unit, **({"notice": notice} if notice else {}), **({"learned": "sender"} if learn else {})}
        if learn and self._session.get(LearnedRow, (row.sender, unit)) is None:
            self._session.add(LearnedRow(address=row.sender, unit_code=unit, mail_id=row.id, learned_at=now))
        self._again(row, "assigned", told, now, ruled=True)
        if learn:
            self._also_held(row, now)

    def _also_held(self, ruled: MailRow, now: datetime) -> None:
        """Whatever else of a sender waits for a person is judged anew when staff have said whom he speaks for."""
        waiting = MailRow.sender == ruled.sender, MailRow.id != ruled.id, MailRow.needs_person
        decided = MailRow.state == "decided", MailRow.disposition == Disposition.HELD, MailRow.octets == Octets.WHOLE
        open_ = MailRow.seal.in_([each for each in Seal if not each.closed])
        query = select(MailRow).where(*waiting, *decided, open_).with_for_update(key_share=True)
        for row in self._session.scalars(query.order_by(MailRow.id)):
            self._again(row, "sender learned", {}, now, ruled=True)

    def forget(self, address: str, listed: Collection[str], now: datetime) -> list[str]:
        """Trust an address no longer; the units it was learned for. What it handed in is only claimed again, but for
        the units whose roster lists it.
        """
        sender = storable_sender(address)
        rows = self._session.scalars(select(LearnedRow).where(LearnedRow.address == sender)).all()
        for row in rows:
            self._only(sender, row.unit_code, Tier.KNOWN if row.unit_code in listed else Tier.CLAIMED)
            told = {"unit": row.unit_code}
            self._session.add(
                EventRow(at=now, what="forgotten", mail_id=row.mail_id, unit_code=row.unit_code, detail=told)
            )
            self._session.delete(row)
        return [row.unit_code for row in rows]

    def _only(self, sender: str, unit: str, tier: Tier) -> None:
        """What counted as confirmed because its sender was learned, not because staff said so of the mail itself."""
        of_unit = select(SubmissionRow.id).where(SubmissionRow.unit_code == unit)
        of_sender = select(MailRow.id).where(MailRow.sender == sender, MailRow.assigned.is_(None))
        which = EntryRow.submission_id.in_(of_unit), EntryRow.mail_id.in_(of_sender), EntryRow.tier == Tier.CONFIRMED
        self._session.execute(update(EntryRow).where(*which).values(tier=tier))

    def waive_holds(self, mail_id: int, now: datetime) -> None:
        """A person has looked: what was held counts."""
        row = self._mail(mail_id)
        row.waive_holds = True
        self._again(row, "released", {}, now, ruled=True)

    def waive_faults(self, mail_id: int, reason: str, now: datetime) -> None:
        """Count it in spite of its faults, for a reason."""
        row = self._mail(mail_id)
        row.waive_holds = row.waive_faults = True
        row.waive_reason = reason
        self._again(row, "accepted by staff", {"reason": reason}, now, ruled=True)

    def retry(self, mail_id: int, now: datetime) -> None:
        """Examine the mail again from the start; what was answered already is not answered again."""
        self._again(self._mail(mail_id), rescanning.RETRIED, {}, now, ruled=False)

    def attach(self, mail_id: int, filename: str, blob: Blob, now: datetime) -> None:
        """Add a file that staff fetched to a mail; the same octets once."""
        row = self._mail(mail_id)
        if all(each.sha256 != blob.sha256 for each in attachments(self._session, mail_id)):
            file = AttachmentRow(mail_id=mail_id, filename=filename, sha256=blob.sha256, size=blob.size)
            file.added_at = now
            self._session.add(file)
            self._session.flush()
        if row.seal == Seal.LIFTED:
            row.seal = Seal.NONE  # what two people saw was not this
        self._again(row, "attached", {"sha256": blob.sha256}, now, ruled=True)

    def scan_again(self, now: datetime) -> int:
        """Have the mails examined again that are due to be shown to the scanner; how many. It is no ruling of staff's:
        what they came to is answered again only when that is not what it was."""
        rows = rescanning.due(self._session, now)
        for row in rows:
            self._again(row, rescanning.TO_BE_SCANNED, {}, now, ruled=False)
        return len(rows)

    def _again(self, row: MailRow, what: str, detail: dict[str, str], now: datetime, *, ruled: bool) -> None:
        row.state, row.attempts, row.next_attempt_at = "received", 0, now
        if Octets(row.octets).removed:
            row.octets = Octets.SPOILT  # so that it is fetched from the mailbox once more
        row.rulings += ruled
        self._session.execute(delete(ExaminationRow).where(ExaminationRow.mail_id == row.id))
        self._session.add(EventRow(at=now, what=what, mail_id=row.id, unit_code=row.unit_code, detail=detail))

    def extend(self, notice_id: str, unit: str, until: datetime, now: datetime) -> None:
        """Give a unit until another time."""
        query = select(SubmissionRow).where(SubmissionRow.notice_id == notice_id, SubmissionRow.unit_code == unit)
        row = self._session.scalar(query)
        if row is None:
            added(self._session, SubmissionRow(notice_id=notice_id, unit_code=unit))
            row = self._session.scalars(query).one()
        row.extended_until = until
        detail = {"notice": notice_id, "until": until.isoformat()}
        self._session.add(EventRow(at=now, what="extended", unit_code=unit, detail=detail))
