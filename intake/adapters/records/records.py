"""The records as the stages see them: one context per desk, each a transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from sqlalchemy import delete, func, select

from intake.adapters.records import rescanning
from intake.adapters.records.alarms import SqlAlarms
from intake.adapters.records.claims import Claims, SqlClaim
from intake.adapters.records.database import Database
from intake.adapters.records.desk import SqlDesk
from intake.adapters.records.ledger import SqlLedger
from intake.adapters.records.mending import SqlMending
from intake.adapters.records.outbox import SqlOutbox
from intake.adapters.records.patience import SqlPatience
from intake.adapters.records.retention import SqlRetention
from intake.adapters.records.rulings import SqlRulings
from intake.adapters.records.sealing import SqlSealing
from intake.adapters.records.tables import MailRow, PollRow, PostponedRow, SettingRow
from intake.adapters.records.troubles import added
from intake.adapters.records.views import SqlChronicle
from intake.domain.notice import Roster

POLLS_KEPT = 200_000
"""At one poll a minute these are 138 days. Counted, because by date a clock that is wrong for a moment takes all."""


class SqlRecords:
    """Implements ports.Records on a database."""

    def __init__(self, database: Database, roster: Roster) -> None:
        self._database = database
        self._roster = roster
        self._claims = Claims(database)

    def compact(self) -> bool:
        return self._database.compact()

    def unscanned(self, now: datetime) -> int:
        """How many decided mails have files that no scanner has seen, and are due to be shown to it again."""
        with self._database.reading() as session:
            return len(rescanning.due(session, now))

    def scans_given_up(self) -> int:
        """How many mails it failed at so often that they are shown to it no more, and wait for a person."""
        with self._database.reading() as session:
            return rescanning.given_up(session)

    def scan_again(self, now: datetime) -> int:
        """Have those that are due examined again; how many they are."""
        with self._database.writing() as session:
            return SqlRulings(session).scan_again(now)

    @contextmanager
    def ledger(self) -> Iterator[SqlLedger]:
        with self._database.writing() as session:
            yield SqlLedger(session)

    @contextmanager
    def desk(self) -> Iterator[SqlDesk]:
        with self._database.writing() as session:
            yield SqlDesk(session)

    @contextmanager
    def outbox(self) -> Iterator[SqlOutbox]:
        with self._database.writing() as session:
            yield SqlOutbox(session)

    @contextmanager
    def mending(self) -> Iterator[SqlMending]:
        with self._database.writing() as session:
            yield SqlMending(session)

    @contextmanager
    def sealing(self) -> Iterator[SqlSealing]:
        with self._database.writing() as session:
            yield SqlSealing(session)

    @contextmanager
    def retention(self) -> Iterator[SqlRetention]:
        with self._database.writing() as session:
            yield SqlRetention(session)

    @contextmanager
    def patience(self) -> Iterator[SqlPatience]:
        with self._database.writing() as session:
            yield SqlPatience(session)

    @contextmanager
    def alarms(self) -> Iterator[SqlAlarms]:
        with self._database.writing() as session:
            yield SqlAlarms(session)

    @contextmanager
    def chronicle(self) -> Iterator[SqlChronicle]:
        with self._database.reading() as session:
            yield SqlChronicle(session, self._roster)

    def claim(
        self, now: datetime, *, only: int | None = None, passing: Collection[int] = ()
    ) -> AbstractContextManager[SqlClaim | None]:
        return self._claims.claim(now, only, passing)

    def largest_mail(self, cap: int) -> int:
        """Octets of the largest mail that was ever taken or announced; of one that is larger than `cap`, `cap`."""
        with self._database.reading() as session:
            taken = session.scalar(select(func.max(MailRow.size)))
            announced = session.scalar(select(func.max(PostponedRow.size)))
        return min(cap, max(taken or 0, announced or 0))

    def message_key(self) -> bytes:
        with self._database.writing() as session:
            if session.get(SettingRow, "message key") is None:
                added(session, SettingRow(name="message key", value=secrets.token_hex(32)))
            return bytes.fromhex(session.get_one(SettingRow, "message key", populate_existing=True).value)

    def poll_began(self, now: datetime) -> int:
        """Note that a pass over the mailbox begins; its number. Passes that no digest counts any more are forgotten."""
        with self._database.writing() as session:
            row = PollRow(started_at=now)
            session.add(row)
            session.flush()
            session.execute(delete(PollRow).where(PollRow.id <= row.id - POLLS_KEPT))
            return row.id

    def poll_ended(
        self, number: int, now: datetime, taken: int, error: str | None, examine_error: str | None = None
    ) -> None:
        """Note how a pass over the mailbox ended, and what kept mails from being examined after it."""
        with self._database.writing() as session:
            row = session.get_one(PollRow, number)
            row.finished_at, row.ok, row.taken = now, error is None, taken
            row.error, row.examine_error = error, examine_error
