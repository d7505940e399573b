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


def opened(intake: Intake, box: Mailbox, folder: str) -> FolderState:
    """A folder that is open, and what is true of it: a UIDNEXT that mails have passed says nothing."""
    state = box.select(folder)
    with intake.records.ledger() as ledger:
        back = ledger.went_back(state)
    return replace(state, uidnext=None) if back and box.uids(state, state.uidnext or 1) else state


def new_mail(intake: Intake, box: Mailbox, state: FolderState, *, singly: bool) -> Iterator[Arrival]:
    """The mails of a folder that are to be fetched now, in order; older ones are counted on the way.

    The caller takes or postpones each before it asks for the next.
    """
    with intake.records.ledger() as ledger:
        above, known = ledger.watermark(state, intake.clock()), ledger.known(state)
    journal.polling(state.folder, state.uidvalidity, state.exists, above)
    new = box.uids(state, above + 1)
    if state.uidvalidity:
        there = None if state.exists == known + len(new) else box.uids(state, 1, above)
        passed = _balance(intake, state, there, len(there or ()) + len(new))
        yield from _worth_reading(intake, box.arrivals(state, [*passed, *new], singly=singly))
    else:
        arrivals = box.arrivals(state, new, singly=singly)
        yield from _worth_reading(intake, _unfamiliar(intake, state, arrivals))
        if not intake.stopping():
            _balance(intake, state, new, len(new))


def _balance(intake: Intake, state: FolderState, there: list[int] | None, listed: int) -> list[int]:
    """Put on record how many mails the server has, and which have left if the count does not say that none has.

    More may be listed than the folder had when it was opened: they came meanwhile. Answered are the UIDs of mails that
    an earlier list left out, so that the watermark has passed them.
    """
    with intake.records.ledger() as ledger:
        passed = ledger.reconcile(state.folder, there, intake.clock()) if there is not None else []
        ledger.counted(replace(state, exists=max(state.exists, listed)), intake.clock())
    return passed


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
