"""The vital signs of the service, read from the records: what failed since it last went well.

"Since" is the order of polls and events. The clock may have been turned in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, distinct, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from intake.adapters.records.patience import waits
from intake.adapters.records.shapes import letter_ref, mail_ref
from intake.adapters.records.tables import EventRow, LetterRow, MailRow, PollRow, PostponedRow
from intake.domain.letter import LetterKind
from intake.domain.mail import Octets
from intake.domain.patience import Wait
from intake.domain.vitals import POSTPONED_ATTEMPTS, Streak, Stuck, Vitals

SENT = ("letter sent", "letter sent to some")
PUT_OFF = ("letter deferred", "letter in doubt")
REFUSED = "letter failed"


def vitals(session: Session, now: datetime) -> Vitals:
    """How the service is; nothing of the disk."""
    newest = session.scalar(select(PollRow).order_by(PollRow.id.desc()).limit(1))
    ended = select(PollRow).where(PollRow.finished_at.is_not(None)).order_by(PollRow.id.desc()).limit(1)
    last, good = session.scalar(ended), session.scalar(ended.where(PollRow.ok))
    under_way = newest if newest is not None and newest.finished_at is None else None
    waiting = waits(session)
    unsettled = MailRow.octets == Octets.LOST, MailRow.needs_person
    lost = session.scalars(select(MailRow.id).where(*unsettled).order_by(MailRow.id))
    parked = session.scalars(select(MailRow.id).where(MailRow.state == "parked").order_by(MailRow.id))
    undelivered = _undelivered_digests(session)
    return Vitals(
        now=now,
        polls=_polls(session, good.id if good else 0, under_way),
        examinations=_examinations(session),
        backlog=session.scalar(select(func.count()).where(MailRow.state == "received")) or 0,
        stuck=_stuck(session, next((wait for wait in waiting if wait.server == "smtp"), None)),
        waits=waiting,
        parked=tuple(mail_ref(number) for number in parked),
        lost=tuple(mail_ref(number) for number in lost),
        held=_held(session),
        digests=tuple(letter_ref(row.id) for row in undelivered),
        digest_error=undelivered[-1].error or "" if undelivered else "",
        postponed=_postponed(session),
        last_poll_at=last.finished_at if last else None,
        last_success_at=good.finished_at if good else None,
        under_way=under_way is not None,
    )


def _held(session: Session) -> dict[str, tuple[str, ...]]:
    query = select(LetterRow.id, LetterRow.error).where(LetterRow.state == "held").order_by(LetterRow.id)
    found: dict[str, list[str]] = {}
    for number, rule in session.execute(query):
        found.setdefault(rule or "", []).append(letter_ref(number))
    return {rule: tuple(refs) for rule, refs in found.items()}


def _undelivered_digests(session: Session) -> list[LetterRow]:
    """Of each reader of the newest digest the last one that left or was refused, where it did not arrive."""
    digest = LetterRow.kind == LetterKind.DIGEST
    newest = select(LetterRow.created_at).where(digest).order_by(LetterRow.id.desc()).limit(1).scalar_subquery()
    readers = select(LetterRow.meant_for).where(digest, LetterRow.created_at == newest)
    settled = select(func.max(LetterRow.id)).where(digest, LetterRow.state.in_(("sent", "failed")))
    last = settled.where(LetterRow.meant_for.in_(readers)).group_by(LetterRow.meant_for)
    query = select(LetterRow).where(LetterRow.id.in_(last), LetterRow.state == "failed")
    return list(session.scalars(query.order_by(LetterRow.id)))


def _polls(session: Session, good: int, under_way: PollRow | None) -> Streak:
    """The polls that failed since the last good one; one that never ended failed, unless it is the one under way."""
    upto = PollRow.id != under_way.id if under_way is not None else true()
    return _streak(session, PollRow.error, PollRow.id > good, upto)


def _examinations(session: Session) -> Streak:
    """The polls, since one after which all could be examined, after which the world kept mails from it."""
    went, ended = PollRow.examine_error.is_(None), PollRow.finished_at.is_not(None)
    good = session.scalar(select(func.max(PollRow.id)).where(went, ended)) or 0
    return _streak(session, PollRow.examine_error, PollRow.id > good, ended)


def _streak(session: Session, error: InstrumentedAttribute[str | None], *which: ColumnElement[bool]) -> Streak:
    """So many polls, since the first of them, with the last error that one of them told."""
    count = session.scalar(select(func.count()).select_from(PollRow).where(*which)) or 0
    first = session.scalar(select(PollRow.started_at).where(*which).order_by(PollRow.id).limit(1))
    told = select(error).where(*which, error.is_not(None)).order_by(PollRow.id.desc()).limit(1)
    return Streak(count, first, session.scalar(told) or "")


def _stuck(session: Session, wait: Wait | None) -> Stuck:
    """Letters put off and refused since one was last sent; all that are due while the server is left alone.

    Those about alarms are no evidence for another alarm.
    """
    last = session.scalar(select(EventRow.seq).where(EventRow.what.in_(SENT)).order_by(EventRow.seq.desc()).limit(1))
    since = EventRow.seq > (last or 0)
    query = select(EventRow.letter_id, func.count()).where(since, EventRow.what.in_(PUT_OFF))
    times = {letter: n for letter, n in session.execute(query.group_by(EventRow.letter_id))}  # noqa: C416
    due = select(LetterRow).where(LetterRow.state == "due", LetterRow.kind != LetterKind.ALARM)
    rows = list(session.scalars(due.where(true() if wait else LetterRow.id.in_(times)).order_by(LetterRow.id)))
    refused = select(func.count(distinct(EventRow.letter_id))).where(since, EventRow.what == REFUSED)
    return Stuck(
        letters=len(rows),
        recipients=len({row.meant_for for row in rows}),
        untried=any(row.attempts == 0 for row in rows),
        streak=_waiting(rows, max([wait.failures if wait else 0, *(times.get(row.id, 0) for row in rows)]), wait),
        refused=session.scalar(refused) or 0,
    )


def _waiting(rows: Sequence[LetterRow], tries: int, wait: Wait | None) -> Streak:
    """How often it was tried in vain, since when a letter waits, and why."""
    if not rows:
        return Streak()
    newest = max(rows, key=lambda row: row.due_at)
    return Streak(tries, rows[0].created_at, wait.error if wait else newest.error or "")


def _postponed(session: Session) -> Streak:
    """Mails that could not be fetched, or fetched once more, however often it was tried."""
    never = select(PostponedRow.first_failed_at, PostponedRow.error).where(PostponedRow.attempts >= POSTPONED_ATTEMPTS)
    again = select(MailRow.refetch_failed_at, MailRow.error).where(MailRow.refetches >= POSTPONED_ATTEMPTS)
    found = [(since, error or "") for query in (never, again) for since, error in session.execute(query) if since]
    found.sort(key=lambda each: each[0])
    return Streak(len(found), found[0][0], found[-1][1]) if found else Streak()
