"""Records with a folder open, and short names for what the stages do with them; for tests of the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select

from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.rulings import SqlRulings
from intake.adapters.records.tables import EventRow, MailRow
from intake.domain.case import Case
from intake.domain.digest import Reconciliation
from intake.domain.judge import judge
from intake.domain.mail import Locator, Message
from intake.domain.material import Examined
from intake.domain.recognise import recognise
from intake.domain.submission import UnitState
from intake.domain.verdict import Verdict
from intake.ports import Arrival, Blob, Claim, Desk, FolderState, Pending
from tests.unit.builders import MONDAY, NOTICE, OFFICE, ROSTER, WEISHAN, digest_of

NOW = MONDAY
INBOX = FolderState("INBOX", 7, 0, None)


class Box:
    """Records with a folder open, and short names for what the stages do with them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.records = SqlRecords(database, ROSTER)
        self.opened()

    def opened(self, state: FolderState = INBOX) -> int:
        with self.records.ledger() as ledger:
            return ledger.watermark(state, NOW)

    def take(
        self, uid: int, content: str = "", *, uidvalidity: int = 7, folder: str = "INBOX", at: datetime = NOW
    ) -> str:
        arrival = Arrival(Locator(folder, uidvalidity, uid), 100, at)
        with self.records.ledger() as ledger:
            return ledger.take(arrival, Blob(digest_of(content or str(uid)), 100), NOW).ref

    def decide(
        self, mail: Message, *examined: Examined, uid: int | None = None, again: Pending | None = None
    ) -> tuple[Pending, Verdict]:
        """Take a mail (unless it is one to be decided again) and decide it as examine does."""
        ref = again.ref if again else self.take(uid or self.count(MailRow) + 1)
        with self.records.claim(NOW, only=int(ref[1:])) as claim:
            assert claim is not None
            verdict = claim.settle(lambda desk: self._decided(desk, claim.pending, mail, examined))
            assert verdict is not None
        return claim.pending, verdict

    @staticmethod
    def _decided(desk: Desk, pending: Pending, mail: Message, examined: tuple[Examined, ...]) -> Verdict:
        seen = recognise(mail, examined, pending.received_at, OFFICE, desk.acquaintance(pending, mail))
        unit, notice = seen.identity.unit, seen.notice
        case = Case(
            pending.ref,
            pending.id,
            pending.sha256,
            mail,
            examined,
            pending.received_at,
            seen,
            waived=pending.ruling.waived,
        )
        if unit and notice:
            prior = desk.entries(unit, notice.id, pending.id)
            case = replace(case, deadline=desk.deadline(unit, notice), prior=prior)
        verdict = judge(case)
        desk.record(case, verdict, pending, NOW)
        return verdict

    @staticmethod
    def fail(claim: Claim, error: str, retry_at: datetime | None, now: datetime = NOW) -> None:
        """Note, as examine does, that an exception of ours ended the examination."""
        claim.settle(lambda desk: desk.failed(claim.pending, error, retry_at, now))

    def ruled(self, how: Callable[[SqlRulings], None]) -> None:
        with self.database.writing() as session:
            how(SqlRulings(session))

    def next_pending(self, now: datetime = NOW) -> Pending | None:
        """What would be examined now; the claim is let go again."""
        with self.records.claim(now) as claim:
            return claim.pending if claim else None

    def rows(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(table).order_by(*inspect(table).primary_key)))

    def count(self, table: type[Any]) -> int:
        return len(self.rows(table))

    def events(self) -> list[str]:
        return [event.what for event in self.rows(EventRow)]

    def reconcile(self, state: FolderState, *uids: int) -> None:
        with self.records.ledger() as ledger:
            ledger.counted(state, NOW)
            if ledger.known(state) != state.exists:
                ledger.reconcile(state.folder, uids, NOW)

    def sums(self) -> Reconciliation:
        with self.records.chronicle() as chronicle:
            return chronicle.reconciliation()

    def state(self, unit: str = WEISHAN) -> UnitState:
        with self.records.chronicle() as chronicle:
            (row,) = (row for row in chronicle.unit_rows(NOTICE, ROSTER) if row.unit.code == unit)
            return row.checklist.state
