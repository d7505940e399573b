"""Claims: which mail a process examines, so that each is decided once, and what its death leaves behind.

PostgreSQL: the claim is a row lock, held by the very transaction that records the result. A process that dies or is
paused for too long loses its connection, and with it the lock and whatever it was about to write. SQLite, whose one
writer must not be kept from writing: a glance, and the transaction of the result looks again.

That an examination begins is committed as a row of its own, on another connection; the result removes it. A row that
is left over is an examination that never ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TypeAlias, TypeVar

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from intake import journal
from intake.adapters.records.database import Database
from intake.adapters.records.desk import SqlDesk
from intake.adapters.records.places import junk_folder
from intake.adapters.records.rulings import attachments
from intake.adapters.records.shapes import mail_ref, pending_of
from intake.adapters.records.tables import EventRow, ExaminationRow, MailRow
from intake.adapters.records.troubles import repeated, was_idle, world
from intake.domain.mail import Octets
from intake.domain.outcome import EXAMINATIONS, LONGEST_WAIT, after_deaths
from intake.ports import Deferred, Desk, Pending

T = TypeVar("T")


class LockedClaim:
    """Implements ports.Claim on PostgreSQL: `session` is in the transaction that holds the row."""

    def __init__(self, database: Database, pending: Pending, began: int, session: Session) -> None:
        self.pending = pending
        self.began = began
        self.ended = False
        self._database = database
        self._session = session

    def keep(self) -> None:
        with self._watched():
            self._session.connection().exec_driver_sql("SELECT 1")

    def settle(self, result: Callable[[Desk], T]) -> T | None:
        with self._watched():
            answer = repeated(lambda: self._written(result))
            self._session.commit()
        self.ended = True
        return answer

    def _written(self, result: Callable[[Desk], T]) -> T:
        """The result on a savepoint: when it fails, the lock that was taken before stays."""
        with self._session.begin_nested():
            return _written(self._session, self.pending, result)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """A claim that was lost because we were away for too long counts like a death: its row stays."""
        try:
            with world():
                yield
        except Deferred as error:
            self.ended = was_idle(error)
            raise


class GlancedClaim:
    """Implements ports.Claim on SQLite: no transaction is open while the mail is examined."""

    def __init__(self, database: Database, pending: Pending, began: int) -> None:
        self.pending = pending
        self.began = began
        self.ended = False
        self._database = database

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
            claim = self._begun(session, _next(session, now, only, passing), now)
            try:
                yield claim
            finally:
                if claim is not None and not claim.ended:
                    self._to_take_back.append(claim.began)
                    with suppress(Deferred):
                        self._take_back()

    def _begun(self, session: Session, row: MailRow | None, now: datetime) -> SqlClaim | None:
        """Note that the examination begins: on PostgreSQL beside the transaction that holds the row."""
        if row is None:
            return None
        pending = pending_of(
            row, attachments(session, row.id), len(_unended(session, row)), junk_folder(session, row.id)
        )
        if not self._database.shared:
            began = _noted(session, row, now)
            session.commit()
            return GlancedClaim(self._database, pending, began)
        with self._database.writing() as beside:
            began = _noted(beside, row, now)
        return LockedClaim(self._database, pending, began, session)

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


def _noted(session: Session, row: MailRow, now: datetime) -> int:
    began = ExaminationRow(mail_id=row.id, began_at=now)
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
