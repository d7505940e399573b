"""Five ways to get it wrong, each done to one run before it begins. The sweep must find every one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import inspect, update

MUTANTS = ("synced_too_late", "outbox_apart", "no_dedupe", "watermark_first", "claim_released_first")


def changed(name: str) -> str:
    """What `Warm.start` is told to call."""
    return f"{__name__}:{name}"


def synced_too_late() -> None:
    """The records are committed before the octets of a mail are durable."""
    import os

    from intake.adapters.records.records import SqlRecords

    ledger, owed = SqlRecords.ledger, list[int]()

    @contextmanager
    def committed_first(self: SqlRecords) -> Iterator[Any]:
        with ledger(self) as session:
            yield session
        while owed:
            fsync(owed[0])
            os.close(owed.pop(0))

    fsync = os.fsync
    os.fsync = lambda handle: owed.append(os.dup(handle))  # type: ignore[assignment, arg-type]
    SqlRecords.ledger = committed_first  # type: ignore[method-assign]


def outbox_apart() -> None:
    """A letter is put into the outbox in a transaction of its own, after the decision."""
    from intake.adapters.records.claims import GlancedClaim
    from intake.adapters.records.desk import SqlDesk

    settle, post, owed = GlancedClaim.settle, SqlDesk.post, list[tuple[Any, ...]]()

    def settled(self: GlancedClaim, result: Any) -> Any:
        answer = settle(self, result)
        with self._database.writing() as session:
            while owed:
                post(SqlDesk(session), *owed.pop())
        return answer

    def posted(_self: SqlDesk, *letter: Any) -> bool:
        owed.append(letter)
        return True

    GlancedClaim.settle = settled  # type: ignore[method-assign]
    SqlDesk.post = posted  # type: ignore[method-assign]


def no_dedupe() -> None:
    """A content that is known is taken for a new mail, and the database has nothing against it."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    from intake.adapters.records import ledger
    from intake.adapters.records.database import Database
    from intake.adapters.records.tables import MailRow

    migrate, select = Database.migrate, ledger.select

    def migrated(self: Database) -> None:
        migrate(self)
        if inspect(self.engine).get_unique_constraints("mail"):
            with self.engine.begin() as connection:
                operations = Operations(MigrationContext.configure(connection))
                with operations.batch_alter_table("mail") as batch:
                    batch.drop_constraint("uq_mail_sha256", type_="unique")

    def strange(*what: Any) -> Any:
        return select(*what).where(MailRow.id < 0) if what[0] is MailRow else select(*what)

    Database.migrate = migrated  # type: ignore[method-assign]
    ledger.select = strange  # type: ignore[attr-defined]


def watermark_first() -> None:
    """The watermark passes a mail before the mail is on record, and nobody goes back for what was passed."""
    from intake.adapters.records.ledger import SqlLedger
    from intake.pipeline import receive

    new_mail, reconcile = receive.new_mail, SqlLedger.reconcile

    def never_back(self: SqlLedger, *about: Any) -> list[int]:
        reconcile(self, *about)
        return []

    def passed(intake: Any, *others: Any, **options: Any) -> Iterator[Any]:
        for arrival in new_mail(intake, *others, **options):
            with intake.records.ledger() as ledger:
                ledger._advance(arrival)
            yield arrival

    receive.new_mail = passed  # type: ignore[assignment]
    SqlLedger.reconcile = never_back  # type: ignore[method-assign]


def claim_released_first() -> None:
    """A mail is given out of the hand in one transaction, and the result is written in the next."""
    from intake.adapters.records.claims import GlancedClaim
    from intake.adapters.records.tables import MailRow

    settle = GlancedClaim.settle

    def released(self: GlancedClaim, result: Any) -> Any:
        with self._database.writing() as session:
            session.execute(update(MailRow).where(MailRow.id == self.pending.id).values(state="decided"))
        GlancedClaim._still_ours = lambda *_: True  # type: ignore[method-assign]
        return settle(self, result)

    GlancedClaim.settle = released  # type: ignore[method-assign]
