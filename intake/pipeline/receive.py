"""Stage 1, receive: from the office mailbox to durable octets and a ledger row. Nothing is understood here.

The mailbox is left as it is: nothing is marked, moved or deleted. What has been read is what lies at or
below the watermark of its (folder, UIDVALIDITY). A crash anywhere costs a refetch, never a mail; a mail that
the server does not give costs its own delay, never that of the mails behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from intake import journal
from intake.pipeline.folders import Intake, count_older, new_mail, opened
from intake.pipeline.place import place
from intake.ports import (
    Arrival,
    Blob,
    Deferred,
    Disconnected,
    DiskLow,
    LoginRefused,
    Mailbox,
    Oversized,
    Unreachable,
    Unusable,
)

RECONNECTS = 2
"""How often a lost connection is opened again within one pass."""

IN_A_ROW = 3
"""Mails of a folder that may fail one after the other; then it is the server's trouble, and the next pass goes on."""

Task: TypeAlias = Callable[[Mailbox, str], None]


def receive(intake: Intake) -> int:
    """Take everything new in every folder, then what could not be fetched before; the number of mails taken.

    At the end Unreachable when the server could not be held, Deferred for folders that failed.
    """
    work = _Pass(intake)
    for connection in range(RECONNECTS + 1):
        before = work.handled
        try:
            with intake.open_mailbox() as box:
                work.go_on(box)
            break
        except Disconnected as lost:
            journal.disconnected(lost)
            if connection == RECONNECTS:
                raise Unreachable("; ".join([*work.trouble, str(lost)])) from lost
            work.singly = work.handled == before
            intake.pause()
    if work.trouble:
        raise Deferred("; ".join(work.trouble))
    return work.taken


class _Pass:
    """One pass over the mailbox, over as many connections as it takes: what is still to be done, what came of it.

    `handled` counts mails that need no more thought in this pass, `singly` says that the list of mails itself broke a
    connection.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._todo: deque[tuple[Task, str]] | None = None
        self._failures = 0
        self.taken = 0
        self.handled = 0
        self.singly = False
        self.trouble: list[str] = []

    def go_on(self, box: Mailbox) -> None:
        """Do what is left. New mail of all folders comes before anything that failed already."""
        if self._todo is None:
            self._todo = self._plan(self._intake.folders)
            self._todo = self._plan(self._folders(box))
        while self._todo and not self._intake.stopping():
            task, folder = self._todo[0]
            self._failures = 0
            try:
                task(box, folder)
            except (LoginRefused, Disconnected, DiskLow):  # not of this folder alone: its turn comes again
                raise
            except Deferred as error:  # a folder that was renamed must not stop the others
                self.trouble.append(str(error))
            self._todo.popleft()

    def _plan(self, folders: Iterable[str]) -> deque[tuple[Task, str]]:
        return deque((task, folder) for task in (self._read, self._come_back) for folder in folders)

    def _folders(self, box: Mailbox) -> tuple[str, ...]:
        """The configured folders and those for unwanted mail, which a server is asked for once in a pass."""
        try:
            unwanted = box.junk() if self._intake.junk else ()
        except (Unusable, Disconnected) as error:
            self.trouble.append(str(error))
            if isinstance(error, Disconnected):
                raise
            return self._intake.folders
        folders = tuple(dict.fromkeys((*self._intake.folders, *unwanted)))
        with self._intake.records.ledger() as ledger:
            ledger.only(folders)
        return folders

    def _read(self, box: Mailbox, folder: str) -> None:
        for arrival in new_mail(self._intake, box, opened(self._intake, box, folder), singly=self.singly):
            if self._intake.stopping():
                return
            with self._postponing(arrival):
                self._take(box, arrival)
            if self._failures >= IN_A_ROW:
                raise Unusable(f"folder {folder}: {IN_A_ROW} mails in a row could not be fetched")

    def _come_back(self, box: Mailbox, folder: str) -> None:
        """Try again what could not be fetched, when it is time."""
        if not self._due(folder):
            return
        state = opened(self._intake, box, folder)
        with self._intake.records.ledger() as ledger:
            ledger.watermark(state, self._intake.clock())  # nothing is due any more in a folder that was renumbered
            ledger.counted(state, self._intake.clock())  # what came since it was read counts as unread until it is
        for arrival in self._due(folder):
            if self._intake.stopping() or self._failures >= IN_A_ROW:
                return
            with self._postponing(arrival):
                self._take_after_all(box, arrival)

    def _due(self, folder: str) -> list[Arrival]:
        with self._intake.records.ledger() as ledger:
            return ledger.postponed(folder, self._intake.clock())

    @contextmanager
    def _postponing(self, arrival: Arrival) -> Iterator[None]:
        """Deal with one mail; what the server does not give, costs that mail's delay and no other's."""
        try:
            yield
            self._failures = 0
        except (Unusable, Disconnected) as trouble:
            with self._intake.records.ledger() as ledger:
                again = ledger.postpone(arrival, str(trouble), self._intake.clock())
            journal.postponed(arrival, again, trouble)
            self._failures += 1
            if isinstance(trouble, Disconnected):
                raise
        finally:
            self.handled += 1

    def _take_after_all(self, box: Mailbox, arrival: Arrival) -> None:
        found = box.look(arrival)
        same_place = found is not None and (arrival.locator.uidvalidity or found == arrival)
        if found is None or not same_place:
            self._step_over(arrival, "gone before it could be read")
        elif found.internal_date < self._intake.opens:
            count_older(self._intake, [found])
        else:
            self._take(box, found)

    def _take(self, box: Mailbox, arrival: Arrival) -> None:
        """Octets first, then the row: only what is durable is recorded."""
        blob, cut = self._fetched(box, arrival)
        if blob is None:
            self._step_over(arrival, "gone before it was read")
            return
        with self._intake.blobs.held([blob.sha256]), self._intake.records.ledger() as ledger:
            taken = ledger.take(arrival, blob, self._intake.clock(), cut=cut)
        journal.taken(taken.ref, arrival, new=taken.new)
        if taken.sealed:
            place(self._intake.records, self._intake.blobs, self._intake.clock)
        self.taken += taken.new

    def _step_over(self, arrival: Arrival, why: str) -> None:
        with self._intake.records.ledger() as ledger:
            ledger.step_over(arrival, why, self._intake.clock())
        journal.gone(arrival, why)

    def _fetched(self, box: Mailbox, arrival: Arrival) -> tuple[Blob | None, bool]:
        """The mail's octets made durable, None when the mail is gone; and whether only its beginning was fetched."""
        most = self._intake.max_mail
        cut = arrival.size > most and box.exceeds(arrival, most)
        try:
            return self._stored(box, arrival, cut=cut), cut
        except Oversized:  # its size was said to be smaller
            return self._stored(box, arrival, cut=True), True

    def _stored(self, box: Mailbox, arrival: Arrival, *, cut: bool) -> Blob | None:
        most = self._intake.max_mail
        self._intake.require(min(arrival.size, most))
        with self._intake.blobs.writer() as writer:
            octets = box.beginning(arrival, writer) if cut else box.download(arrival, writer, most)
            return writer.commit(octets) if octets is not None else None
