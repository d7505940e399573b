"""What is new in one folder: where it was left, what came since, what is none of our business, and that all adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from intake import journal
from intake.ports import Arrival, Blobs, Clock, FolderState, Mailbox, OpenMailbox, Records

BATCH = 500
"""Mails from before every notice that are counted in one transaction."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What receive works with. `opens` is when the first notice opened: older mail is counted and left alone.

    Of a mail of more than `max_mail` octets only the beginning is fetched, and a person is told; `require` raises
    DiskLow when the disk has no room for one of so many octets. With `junk` the folders for unwanted mail are read
    too. `pause` is made before a lost connection is opened again.
    """

    open_mailbox: OpenMailbox
    records: Records
    blobs: Blobs
    folders: tuple[str, ...]
    opens: datetime
    clock: Clock
    max_mail: int
    require: Callable[[int], None] = lambda _size: None
    stopping: Callable[[], bool] = lambda: False
    junk: bool = False
    pause: Callable[[], None] = lambda: None


def new_mail(intake: Intake, box: Mailbox, state: FolderState, *, singly: bool) -> Iterator[Arrival]:
    """The mails of a folder that are to be fetched now, in order; older ones are counted on the way.

    The caller takes or postpones each before it asks for the next.
    """
    above = _begin(intake, box, state)
    journal.polling(state.folder, state.uidvalidity, state.exists, above)
    arrivals = box.arrivals(state, above, singly=singly)
    yield from _worth_reading(intake, arrivals if state.uidvalidity else _unfamiliar(intake, state, arrivals))
    if not intake.stopping():
        _finish(intake, box, state)


def _begin(intake: Intake, box: Mailbox, state: FolderState) -> int:
    """The watermark. When the server's count is not that of the books, find out which mails have left."""
    with intake.records.ledger() as ledger:
        above = ledger.watermark(state, intake.clock())
        gap = state.exists - ledger.known(state)
    there = None
    if state.uidvalidity and gap and gap != len(box.uids(state, above + 1)):
        there = box.uids(state, 1, above)
    with intake.records.ledger() as ledger:
        if there is not None:
            ledger.reconcile(state.folder, there, intake.clock())
        ledger.counted(state, intake.clock())
    return above


def _unfamiliar(intake: Intake, state: FolderState, arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
    """Where UIDs prove nothing, the mails whose UID, size and date together are not on record."""
    with intake.records.ledger() as ledger:
        familiar = ledger.particulars(state)
    for each in arrivals:
        if (each.locator.uid, each.size, each.internal_date) not in familiar:
            yield each


def _worth_reading(intake: Intake, arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
    """The arrivals since the first notice opened; older ones are counted on the way, many at a time."""
    older: list[Arrival] = []
    for arrival in arrivals:
        if intake.stopping():
            break
        if arrival.internal_date < intake.opens:
            older.append(arrival)
        if older and (arrival is not older[-1] or len(older) >= BATCH):
            count_older(intake, older)
            older = []
        if arrival.internal_date >= intake.opens:
            yield arrival
    if older:
        count_older(intake, older)


def count_older(intake: Intake, older: list[Arrival]) -> None:
    """Put mails from before every notice on record, unread."""
    with intake.records.ledger() as ledger:
        ledger.older(older)
    journal.older(older[0].locator.folder, len(older))


def _finish(intake: Intake, box: Mailbox, state: FolderState) -> None:
    """Count again what came or went while we read."""
    there = None if state.uidvalidity else box.uids(state, 1)
    with intake.records.ledger() as ledger:
        if there is not None:
            ledger.reconcile(state.folder, there, intake.clock())
            ledger.counted(replace(state, exists=len(there)), intake.clock())
        more = ledger.known(state) > state.exists
    if more and state.uidvalidity:
        state = box.select(state.folder)
        with intake.records.ledger() as ledger:
            ledger.counted(state, intake.clock())
