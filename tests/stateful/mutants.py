"""Mistakes that the machine must find: those of the kill sweep, and some that no kill shows.

Each is done to a process that does nothing else.
"""

from __future__ import annotations

from typing import Any

from tests.crash import mutants as killed


def doubt_forgotten() -> None:
    """That the final dot is about to leave is not put on record."""
    from intake.pipeline.deliver import Attempt

    Attempt._doubt = lambda _self: None  # type: ignore[method-assign]


def list_believed() -> None:
    """A mail that a list left out once is taken for one from before every notice."""
    from intake.adapters.records.ledger import SqlLedger
    from intake.adapters.records.tables import FolderRow

    reconcile = SqlLedger.reconcile

    def believed(self: SqlLedger, *what: Any) -> list[int]:
        folder, unknown = self._session.get_one(FolderRow, what[0]), reconcile(self, *what)
        folder.older += len(unknown)
        return []

    SqlLedger.reconcile = believed  # type: ignore[method-assign]


def newest_by_number() -> None:
    """What could be fetched last is taken for what was sent last."""
    from intake.domain.submission import Entry

    Entry.place = property(lambda self: (self.order, self.order))  # type: ignore[assignment]


def postponed_forgotten() -> None:
    """The watermark passes a mail that could not be fetched, and nothing brings us back to it."""
    from intake.adapters.records.ledger import SqlLedger

    SqlLedger.postponed = lambda *_: []  # type: ignore[method-assign]


MUTANTS = {name: getattr(killed, name) for name in killed.MUTANTS if name != "synced_too_late"} | {
    each.__name__: each for each in (doubt_forgotten, list_believed, newest_by_number, postponed_forgotten)
}
"""By name. What is synced too late shows when the power is cut only."""
