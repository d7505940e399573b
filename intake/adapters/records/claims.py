"""Claims: which mail a process examines, so that each is decided once, and what its death leaves behind.

PostgreSQL: the claim is a row lock, held by the very transaction that records the result. A process that dies or is
paused for too long loses its connection, and with it the lock and whatever it was about to write. SQLite, whose one
writer must not be kept from writing: a glance, and the transaction of the result looks again.

That an examination begins is committed as a row of its own, on another connection; the result removes it. A row that
is left over is an examination that never ended.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TypeAlias, TypeVar

from sqlalchemy import Select, delete, or_, select, text
from sqlalchemy.orm import Session

from intake import journal
from intake.adapters.records.database import Database
from intake.adapters.records.desk import SqlDesk
from intake.adapters.records.places import junk_folder
from intake.adapters.records.rulings import attachments
from intake.adapters.records.shapes import mail_ref, pending_of
from intake.adapters.records.tables import EventRow, ExaminationRow, MailRow
from intake.adapters.records.troubles import repeated, world
from intake.domain.mail import Octets
from intake.domain.outcome import EXAMINATIONS, LONGEST_WAIT, after_deaths
from intake.ports import Deferred, Desk, Pending

T = TypeVar("T")


class LockedClaim:
    """Implements ports.Claim on PostgreSQL: `session` is in the transaction that holds the row.

    `lost`: we were not heard of for longer than the server leaves a transaction alone, as if we had died.
    """

    def __init__(self, database: Database, pending: Pending, session: Session) -> None:
        self.pending = pending
        self.began: int | None = None
        self.ended = self.lost = False
        self._database = database
        self._session = session
        self._heard_of = time.monotonic()
        self._patience = _patience(session)

    def begin(self, now: datetime) -> None:
        """Note it beside the transaction that holds the row: committed whatever becomes of that."""
        with self._database.writing() as beside:
            self.began = _noted(beside, self.pending, now)
        self.keep()

    def keep(self) -> None:
        with self._heard():
            self._session.connection().exec_driver_sql("SELECT 1")

    def settle(self, result: Callable[[Desk], T]) -> T | None:
        with self._heard():
            answer = repeated(lambda: self._written(result))
            self._session.commit()
        self.ended = True
        return answer

    def _written(self, result: Callable[[Desk], T]) -> T:
        """The result on a savepoint: when it fails, the lock that was taken before stays."""
        with self._session.begin_nested():
            return _written(self._session, self.pending, result)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Talk to the server, which may have ended the connection meanwhile, and not always can say why."""
        try:
            with world():
                yield
        except Deferred as error:
            away = time.monotonic() - self._heard_of
            self.lost = away >= self._patience
            raise Deferred(f"claim lost after {away:.0f} s without a word; {error}") if self.lost else error from error
        self._heard_of = time.monotonic()


def _patience(session: Session) -> float:
    """Seconds for which the server leaves a transaction alone."""
    set_to = text("SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'")
    return (session.scalar(set_to) or math.inf) / 1000


class GlancedClaim:
    """Implements ports.Claim on SQLite: no transaction is open while the mail is examined."""

    def __init__(self, database: Database, pending: Pending, session: Session) -> None:
        self.pending = pending
        self.began: int | None = None
        self.ended = self.lost = False
        self._database = database
        self._session = session

    def begin(self, now: datetime) -> None:
        """Note it in the transaction of the glance, and let the writers go on."""
        self.began = _noted(self._session, self.pending, now)
        self._session.commit()

    def keep(self) -> None:
        """Nothing is held that could be lost."""

    def settle(self, result: Callable[[Desk], T]) -> T | None:
        with self._database.writing() as session:
            if not self._still_ours(session):
                return None
            answer = _written(session, self.pending, result)
        self.ended = True
        return answer

    def _still_ours(self, session: Session) -> bool:
        """Whether nobody decided the mail, and staff ruled nothing, since it was glanced at."""
        row = session.get_one(MailRow, self.pending.id)
        return row.state == "received" and row.rulings == self.pending.ruling.number


SqlClaim: TypeAlias = LockedClaim | GlancedClaim


def _written(session: Session, pending: Pending, result: Callable[[Desk], T]) -> T:
    answer = result(SqlDesk(session))
    session.execute(delete(ExaminationRow).where(ExaminationRow.mail_id == pending.id))
    session.flush()
    return answer


class Claims:
    """Gives mails out to be examined, one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._to_take_back: list[int] = []

    @contextmanager
    def claim(self, now: datetime, only: int | None, passing: Collection[int]) -> Iterator[SqlClaim | None]:
        """As ports.Records.claim."""
        self._take_back()
        with self._database.session() as session:
            row = _next(session, now, only, passing)
            claim = self._given(session, row) if row else None
            try:
                if claim is not None:
                    claim.begin(now)
                yield claim
            finally:
                if claim is not None and not claim.ended:
                    with suppress(Deferred):
                        self._broken_off(claim)

    def _given(self, session: Session, row: MailRow) -> SqlClaim:
        unended = len(_unended(session, row))
        pending = pending_of(row, attachments(session, row.id), unended, junk_folder(session, row.id))
        kind = LockedClaim if self._database.shared else GlancedClaim
        return kind(self._database, pending, session)

    def _broken_off(self, claim: SqlClaim) -> None:
        """What the world broke off never began. What we lost counts like a death, unless others were done before us."""
        if claim.began is None:
            return
        if not claim.lost:
            self._to_take_back.append(claim.began)
            self._take_back()
            return
        settled = select(MailRow.id).where(MailRow.id == claim.pending.id, MailRow.state != "received")
        with self._database.writing() as session:
            of_settled = delete(ExaminationRow).where(ExaminationRow.mail_id.in_(settled))
            session.execute(of_settled.where(ExaminationRow.id == claim.began))

    def _take_back(self) -> None:
        """Forget that examinations began which the world broke off. What cannot be forgotten now is later."""
        if self._to_take_back:
            with self._database.writing() as session:
                session.execute(delete(ExaminationRow).where(ExaminationRow.id.in_(self._to_take_back)))
            self._to_take_back.clear()


def _next(session: Session, now: datetime, only: int | None, passing: Collection[int]) -> MailRow | None:
    """The mail to examine, its row held. On the way, what killed us too often is parked, what did so lately waits."""
    while (row := session.scalar(_candidates(now, only, passing))) is not None:
        unended = _unended(session, row)
        if row.attempts + len(unended) >= EXAMINATIONS:
            _park(session, row, len(unended), now)
        elif only is None and (until := after_deaths(len(unended), unended[-1].began_at if unended else now, now)):
            row.next_attempt_at = until
        else:
            return row
        session.commit()
    session.commit()
    return None


def _candidates(now: datetime, only: int | None, passing: Collection[int]) -> Select[MailRow]:
    """NO KEY UPDATE: rows that refer to the mail (a new sighting, an event) are written while it is examined."""
    due = or_(MailRow.next_attempt_at <= now, MailRow.next_attempt_at > now + LONGEST_WAIT)
    which = [MailRow.id == only] if only is not None else [due, MailRow.octets == Octets.WHOLE]
    query = select(MailRow).where(MailRow.state == "received", *which)
    return (
        query.where(MailRow.id.not_in(passing))
        .order_by(MailRow.received_at, MailRow.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )


def _unended(session: Session, row: MailRow) -> Sequence[ExaminationRow]:
    query = select(ExaminationRow).where(ExaminationRow.mail_id == row.id).order_by(ExaminationRow.id)
    return session.scalars(query).all()


def _noted(session: Session, pending: Pending, now: datetime) -> int:
    began = ExaminationRow(mail_id=pending.id, began_at=now)
    session.add(began)
    session.flush()
    return began.id


def _park(session: Session, row: MailRow, deaths: int, now: datetime) -> None:
    """A person looks at it; that is all that is known of a mail in whose examination the process was killed."""
    why = f"{deaths} examinations of this mail began and never ended: the process died or was killed"
    row.attempts, row.state, row.needs_person = row.attempts + deaths, "parked", True
    row.error = "\n".join(filter(None, (row.error, why)))
    session.execute(delete(ExaminationRow).where(ExaminationRow.mail_id == row.id))
    session.add(EventRow(at=now, what="parked", mail_id=row.id, detail={"error": row.error, "attempt": row.attempts}))
    journal.parked(mail_ref(row.id), why)
