"""What a notice has on record, and how all of it goes: what its mails and letters said, and whose they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from intake.adapters.records.confirmed import confirmed_senders, entry_now
from intake.adapters.records.discards import blobs_in
from intake.adapters.records.retention import LEFT, without_content, without_head, without_words
from intake.adapters.records.shapes import letter_ref, mail_ref
from intake.adapters.records.tables import (
    AttachmentRow,
    EntryRow,
    EventRow,
    LetterRow,
    MailRow,
    MaterialRow,
    PollRow,
    PostponedRow,
    SubmissionRow,
)
from intake.domain.mail import Octets
from intake.domain.retention import Stock
from intake.domain.sealing import Seal

UNSEALED = (Seal.NONE, Seal.LIFTED)
TO_BE_HAD = (Octets.WHOLE, Octets.SPOILT)


@dataclass(frozen=True, slots=True)
class Goer:
    """A mail that would go: `octets` of its own, and how many files it brought."""

    id: int
    ref: str
    received_at: datetime
    unit: str | None
    octets: int
    files: int


def notices(session: Session) -> tuple[str, ...]:
    """The ids of all notices that anything is on record of."""
    found = select(MailRow.notice_id).where(MailRow.notice_id.is_not(None)).distinct()
    return tuple(sorted(each for each in session.scalars(found) if each))


def goers(session: Session, notice_id: str) -> tuple[Goer, ...]:
    """The mails of a notice that are still there, in the order in which they came."""
    query = select(MailRow).where(*_here(notice_id)).order_by(MailRow.received_at, MailRow.id)
    return tuple(
        Goer(row.id, mail_ref(row.id), row.received_at, row.unit_code, row.size, len(set(blobs_in(session, row.id))))
        for row in session.scalars(query)
    )


def stock(session: Session, notice_id: str, deadline: datetime | None) -> Stock:
    """What is on record of a notice; `deadline` is its own."""
    of_notice, here = MailRow.notice_id == notice_id, select(MailRow.id).where(*_here(notice_id))
    extended = session.scalar(
        select(func.max(SubmissionRow.extended_until)).where(SubmissionRow.notice_id == notice_id)
    )
    last = max(filter(None, (deadline, extended)), default=None)
    came = MailRow.received_at <= last if last else true()
    undecided = select(MailRow.id).where(MailRow.state == "received", MailRow.octets.in_(TO_BE_HAD), came)
    may_be_of_it = or_(of_notice, and_(MailRow.notice_id.is_(None), came))
    waiting = select(MailRow.id).where(may_be_of_it, MailRow.needs_person)
    owed = select(LetterRow.id).where(_letters(notice_id), LetterRow.state.not_in(LEFT))
    said = select(func.count()).select_from(LetterRow).where(_letters(notice_id), LetterRow.purged.is_(False))
    erased = select(func.count()).select_from(MailRow).where(of_notice, MailRow.octets == Octets.ERASED)
    sizes = _sizes(session, notice_id)
    return Stock(
        mails=session.scalar(select(func.count()).select_from(here.subquery())) or 0,
        files=len(sizes),
        letters=session.scalar(said) or 0,
        octets=sum(sizes.values()),
        erased=session.scalar(erased) or 0,
        open_until=last,
        unread=last is not None and not _read_since(session, last),
        unfetched=_unfetched(session, last),
        undecided=tuple(map(mail_ref, session.scalars(undecided.order_by(MailRow.id)))),
        waiting=tuple(map(mail_ref, session.scalars(waiting.order_by(MailRow.id)))),
        owed=tuple(map(letter_ref, session.scalars(owed.order_by(LetterRow.id)))),
    )


def _read_since(session: Session, at: datetime) -> bool:
    """Whether the mailbox was read to its end by a poll that began after a time."""
    return session.scalar(select(PollRow.id).where(PollRow.ok, PollRow.started_at > at).limit(1)) is not None


def _unfetched(session: Session, last: datetime | None) -> int:
    """The mails of that time that lie on the server and could not be fetched."""
    came = PostponedRow.internal_date <= last if last else true()
    return session.scalar(select(func.count()).select_from(PostponedRow).where(came)) or 0


def _sizes(session: Session, notice_id: str) -> dict[str, int]:
    """Octets by hash: the mails themselves, and what was in them and added to them."""
    here = select(MailRow.id).where(*_here(notice_id))
    queries = [select(MailRow.sha256, MailRow.size).where(*_here(notice_id))]
    queries += [
        select(table.sha256, table.size).where(table.mail_id.in_(here)) for table in (MaterialRow, AttachmentRow)
    ]
    return {sha256: size for query in queries for sha256, size in session.execute(query)}


def erase(session: Session, mail_id: int, notice_id: str, now: datetime) -> bool:
    """Take all that a mail says out of the records; False when it is not there for that any more."""
    query = select(MailRow).where(MailRow.id == mail_id, *_here(notice_id), MailRow.needs_person.is_(False))
    row = session.scalar(query.with_for_update(key_share=True))
    if row is None:
        return False
    without_content(session, row)
    without_head(row)
    row.state = "decided"
    _without_sender(session, mail_id)
    session.add(EventRow(at=now, what="purged", mail_id=mail_id, unit_code=row.unit_code, detail={"notice": notice_id}))
    return True


def _without_sender(session: Session, mail_id: int) -> None:
    """What was handed in is counted as before. Links are told apart by their names: they keep one of ours."""
    confirmed = confirmed_senders(session)
    query = select(EntryRow, SubmissionRow.unit_code).join(SubmissionRow, SubmissionRow.id == EntryRow.submission_id)
    for row, unit in session.execute(query.where(EntryRow.mail_id == mail_id)):
        row.tier = entry_now(row, unit, confirmed).tier
        row.sender, row.origin = "", f"#{row.id}"


def finish(session: Session, notice_id: str, mails: int, user: str, now: datetime) -> int:
    """Forget what the letters about a notice said, and note that it was purged; how many letters it was."""
    of_notice = _letters(notice_id) & LetterRow.state.in_(LEFT) & LetterRow.purged.is_(False)
    numbers = session.scalars(select(LetterRow.id).where(of_notice)).all()
    without_words(session, LetterRow.id.in_(numbers))
    detail = {"notice": notice_id, "mails": mails, "letters": len(numbers), "user": user}
    session.add(EventRow(at=now, what="notice purged", detail=detail))
    return len(numbers)


def erased(session: Session, notice_id: str) -> frozenset[str]:
    """The refs of the mails of a notice that were purged."""
    which = MailRow.notice_id == notice_id, MailRow.octets == Octets.ERASED
    return frozenset(map(mail_ref, session.scalars(select(MailRow.id).where(*which))))


def _here(notice_id: str) -> tuple[ColumnElement[bool], ...]:
    """Mails of a notice that were decided, or whose loss is settled, that were not purged, and are not sealed."""
    settled = and_(MailRow.octets == Octets.LOST, MailRow.needs_person.is_(False))
    here = MailRow.octets != Octets.ERASED, MailRow.seal.in_(UNSEALED)
    return (MailRow.notice_id == notice_id, or_(MailRow.state == "decided", settled), *here)


def _letters(notice_id: str) -> ColumnElement[bool]:
    """The letters about a notice, and all answers to its mails."""
    answered = select(MailRow.id).where(MailRow.notice_id == notice_id)
    return or_(LetterRow.notice_id == notice_id, LetterRow.mail_id.in_(answered))
