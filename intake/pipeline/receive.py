"""Stage 1, receive: from the office mailbox to durable octets and a ledger row. Nothing is understood here.

The mailbox is left as it is: nothing is marked, moved or deleted. What has been read is what lies at or
below the watermark of its (folder, UIDVALIDITY). A crash anywhere costs a refetch, never a mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from intake import journal
from intake.ports import Arrival, Blob, Blobs, Clock, Deferred, LoginRefused, Mailbox, OpenMailbox, Oversized, Records

MAX_MAIL = 300 << 20
"""Octets of one mail that are fetched at most; of a larger one only the beginning is, and a person is told."""

BATCH = 500
"""Mails from before every notice that are counted in one transaction."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What receive works with. `opens` is when the first notice opened: older mail is counted and left alone."""

    open_mailbox: OpenMailbox
    records: Records
    blobs: Blobs
    folders: tuple[str, ...]
    opens: datetime
    clock: Clock
    stopping: Callable[[], bool] = lambda: False


def receive(intake: Intake) -> int:
    """Take everything new in every folder; the number of mails taken. Deferred, at the end, for what failed."""
    taken, trouble = 0, []
    with intake.open_mailbox() as box:
        for folder in intake.folders:
            try:
                taken += _folder(intake, box, folder)
            except LoginRefused:
                raise
            except Deferred as error:  # a folder that was renamed must not stop the others
                trouble.append(str(error))
    if trouble:
        raise Deferred("; ".join(trouble))
    return taken


def _folder(intake: Intake, box: Mailbox, folder: str) -> int:
    state = box.select(folder)
    with intake.records.ledger() as ledger:
        above = ledger.watermark(state, intake.clock())
    journal.polling(folder, state.uidvalidity, state.exists, above)
    taken = 0
    for arrival in _worth_reading(intake, box.arrivals(state, above)):
        if intake.stopping():
            return taken
        taken += _take(intake, box, arrival)
    with intake.records.ledger() as ledger:
        ledger.counted(state, intake.clock())
        upto = ledger.watermark(state, intake.clock())
        differs = ledger.differs(state)
    if differs:
        uids = box.uids(state, upto)
        with intake.records.ledger() as ledger:
            ledger.reconcile(folder, uids, intake.clock())
    return taken


def _worth_reading(intake: Intake, arrivals: Iterable[Arrival]) -> Iterable[Arrival]:
    """The arrivals since the first notice opened; older ones are counted on the way, many at a time."""
    older: list[Arrival] = []
    for arrival in arrivals:
        if arrival.internal_date < intake.opens:
            older.append(arrival)
        if older and (arrival is not older[-1] or len(older) >= BATCH):
            _count(intake, older)
            older = []
        if arrival.internal_date >= intake.opens:
            yield arrival
    if older:
        _count(intake, older)


def _count(intake: Intake, older: list[Arrival]) -> None:
    with intake.records.ledger() as ledger:
        ledger.older(older)
    journal.older(older[0].locator.folder, len(older))


def _take(intake: Intake, box: Mailbox, arrival: Arrival) -> int:
    """Octets first, then the row: only what is durable is recorded."""
    cut = arrival.size > MAX_MAIL
    try:
        blob = _fetched(intake, box, arrival, cut=cut)
    except Oversized:  # its size was said to be smaller
        cut, blob = True, _fetched(intake, box, arrival, cut=True)
    with intake.records.ledger() as ledger:
        if blob is None:
            ledger.step_over(arrival, "gone before it was read", intake.clock())
            journal.gone(arrival, "gone before it was read")
            return 0
        taken = ledger.take(arrival, blob, intake.clock(), cut=cut)
    journal.taken(taken.ref, arrival, new=taken.new)
    return int(taken.new)


def _fetched(intake: Intake, box: Mailbox, arrival: Arrival, *, cut: bool) -> Blob | None:
    """The mail's octets made durable; None when the mail is gone."""
    with intake.blobs.writer() as writer:
        octets = box.beginning(arrival, writer) if cut else box.download(arrival, writer, MAX_MAIL)
        return writer.commit(octets) if octets is not None else None
