"""What is on record of mails that look classified: that there are some, where they belong, who decided about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from intake.adapters.records.discards import blobs_in
from intake.adapters.records.holdings import is_referred_to
from intake.adapters.records.retention import without_words
from intake.adapters.records.seals import SealRow
from intake.adapters.records.shapes import findings_to_json, mail_ref
from intake.adapters.records.tables import (
    AttachmentRow,
    EntryRow,
    EventRow,
    LetterRow,
    LinkRow,
    MailRow,
    MaterialRow,
)
from intake.domain.mail import Octets
from intake.domain.sealing import SEALED, Seal
from intake.ports import Sealed


@dataclass(frozen=True, slots=True)
class Standing:
    """One such mail as `seal --list` tells it. `asked_by` is the one operator who wants it `asked` ("lifted", ...)."""

    ref: str
    seal: Seal
    received_at: datetime
    sealed_at: datetime
    octets: int
    folder: str
    asked: str | None
    asked_by: str | None


def seal(session: Session, row: MailRow, pieces: Sequence[str], now: datetime) -> None:
    """All that tells what a mail says goes out of its row, and the rows of what was in it go."""
    added = _unnamed(session, row.id)
    parts = {*pieces, *blobs_in(session, row.id)} - added
    _forget(session, row.id)
    _unsaid(session, row.id, now)
    row.state, row.decided_at, row.error, row.octets = "decided", now, None, Octets.WHOLE
    row.seal, row.disposition, row.needs_person, row.unscanned = Seal.SEALED, SEALED.disposition, True, False
    row.message_id, row.sender, row.shown_sender, row.subject, row.waive_reason = None, "", "", "", ""
    row.identity, row.evidence, row.unit_code, row.notice_id = SEALED.identity.tier, [], None, None
    row.late, row.findings = False, findings_to_json(SEALED.findings)
    kept = session.get(SealRow, row.id) or SealRow(mail_id=row.id, sealed_at=now)
    kept.pieces, kept.placed, kept.asked, kept.asked_by = sorted(parts - {row.sha256}), False, None, None
    session.add(kept)
    session.add(EventRow(at=now, what="sealed", mail_id=row.id, detail={}))


def _forget(session: Session, mail_id: int) -> None:
    """Removes what earlier examinations wrote."""
    for table in (MaterialRow, LinkRow, EntryRow):
        session.execute(delete(table).where(table.mail_id == mail_id))


def _unnamed(session: Session, mail_id: int) -> set[str]:
    """Takes the names away from the files that staff added, which are kept apart with the mail; their hashes."""
    rows = session.scalars(select(AttachmentRow).where(AttachmentRow.mail_id == mail_id)).all()
    for row in rows:
        ending = _ENDING.search(row.filename)
        row.filename = f"added-{row.id}{ending[0] if ending else ''}"
    return {row.sha256 for row in rows}


_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def _unsaid(session: Session, mail_id: int, now: datetime) -> None:
    """No letter that speaks for a mail goes out any more, and none is kept. Other mails for which such a letter spoke,
    too, and which it has not answered, are decided once more, without this one.
    """
    by = select(LetterRow.superseded_by).where(LetterRow.mail_id == mail_id, LetterRow.superseded_by.is_not(None))
    speaks = or_(LetterRow.mail_id == mail_id, LetterRow.id.in_(by))
    for letter in session.scalars(select(LetterRow).where(speaks, LetterRow.state.in_(("due", "held")))).all():
        letter.state, letter.settled_at = "superseded", now
        told = {"mail_id": letter.mail_id, "letter_id": letter.id, "detail": {"by": "seal"}}
        session.add(EventRow(at=now, what="letter superseded", **told))
        for other in session.scalars(select(MailRow).where(MailRow.id == letter.mail_id, MailRow.id != mail_id)):
            other.state, other.attempts, other.next_attempt_at = "received", 0, now
            other.rulings += 1
    session.flush()
    without_words(session, speaks)


class SqlSealing:
    """Implements ports.Sealing on one transaction, and what operators decide."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def misplaced(self) -> tuple[Sealed, ...]:
        rows = self._session.execute(_both().where(SealRow.placed.is_(False)).order_by(MailRow.id))
        return tuple(
            Sealed(mail.id, mail_ref(mail.id), mail.sha256, Seal(mail.seal), tuple(kept.pieces), self._added(mail.id))
            for mail, kept in rows
        )

    def _added(self, mail_id: int) -> tuple[str, ...]:
        added = select(AttachmentRow.sha256).where(AttachmentRow.mail_id == mail_id)
        return tuple(self._session.scalars(added.order_by(AttachmentRow.id)))

    def in_use(self, sha256: str, beside: int | None = None) -> bool:
        return is_referred_to(self._session, sha256, beside)

    def placed(self, sealed: Sealed, now: datetime) -> None:
        mail, kept = self._row(sealed.id)
        if mail.seal != sealed.seal:
            return  # decided anew meanwhile
        kept.placed, kept.pieces = True, []
        if mail.seal == Seal.DESTROYED:
            self._session.execute(delete(AttachmentRow).where(AttachmentRow.mail_id == mail.id))
        if mail.seal == Seal.LIFTED and mail.state == "decided":
            mail.state, mail.attempts, mail.next_attempt_at = "received", 0, now

    def all(self) -> tuple[Standing, ...]:
        """Every mail that was ever sealed, oldest first."""
        return tuple(_standing(mail, kept) for mail, kept in self._session.execute(_both().order_by(MailRow.id)))

    def kept(self) -> tuple[tuple[str, str], ...]:
        """The refs of those that are sealed now and should be in their place, with each hash of theirs."""
        which = SealRow.placed, MailRow.seal == Seal.SEALED
        mails = [mail for mail, _kept in self._session.execute(_both().where(*which))]
        return tuple((mail_ref(mail.id), each) for mail in mails for each in (mail.sha256, *self._kept_of(mail.id)))

    def _kept_of(self, mail_id: int) -> list[str]:
        return [each for each in self._added(mail_id) if not self.in_use(each, beside=mail_id)]

    def find(self, mail_id: int) -> Standing | None:
        found = self._session.execute(_both().where(MailRow.id == mail_id)).one_or_none()
        return _standing(found[0], found[1]) if found else None

    def ask(self, mail_id: int, wanted: Seal, operator: str, user: str, now: datetime) -> None:
        """Note what one operator wants; nothing is done until another wants the same."""
        mail, kept = self._row(mail_id)
        kept.asked, kept.asked_by, kept.asked_at = wanted.value, operator, now
        detail = {"wanted": wanted.value, "operator": operator, "user": user}
        self._session.add(EventRow(at=now, what="seal decision asked", mail_id=mail.id, detail=detail))

    def decide(self, mail_id: int, wanted: Seal, operator: str, user: str, now: datetime) -> None:
        """Two operators want it."""
        mail, kept = self._row(mail_id)
        detail = {"first": kept.asked_by, "second": operator, "user": user}
        mail.seal, mail.needs_person, kept.placed = wanted.value, False, False
        kept.asked = kept.asked_by = kept.asked_at = None
        mail.rulings += 1
        self._session.add(EventRow(at=now, what=f"seal {wanted.value}", mail_id=mail.id, detail=detail))

    def _row(self, mail_id: int) -> tuple[MailRow, SealRow]:
        mail = self._session.get_one(MailRow, mail_id, with_for_update={"key_share": True})
        return mail, self._session.get_one(SealRow, mail_id)


def _both() -> Select[MailRow, SealRow]:
    return select(MailRow, SealRow).join(SealRow, SealRow.mail_id == MailRow.id)


def _standing(mail: MailRow, kept: SealRow) -> Standing:
    return Standing(
        mail_ref(mail.id), Seal(mail.seal), mail.received_at, kept.sealed_at, mail.size, mail.folder, kept.asked,
        kept.asked_by,
    )  # fmt: skip
