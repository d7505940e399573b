"""ports.Mailbox in memory: folders with UIDs and UIDVALIDITY, people who move and delete, failures on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from intake.domain.mail import Locator
from intake.ports import Arrival, Deferred, Disconnected, FolderState, Oversized, Sink, Unusable

CHUNK = 1024 * 1024
Operation = Literal["open", "junk", "select", "arrivals", "uids", "look", "exceeds", "download", "beginning"]


@dataclass(frozen=True)
class Stored:
    """A mail as it lies in a folder."""

    octets: bytes
    when: datetime


@dataclass
class Folder:
    """UIDs rise and are never used again while `uidvalidity` stays."""

    uidvalidity: int
    junk: bool = False
    uidnext: int = 1
    mails: dict[int, Stored] = field(default_factory=dict)

    def append(self, mail: Stored) -> int:
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.mails[uid] = mail
        return uid


@dataclass
class FakeServer:
    """A mail server with one account. `opened` counts logins, `downloads` mails that were asked for."""

    folders: dict[str, Folder] = field(default_factory=lambda: {"INBOX": Folder(1)})
    opened: int = 0
    downloads: int = 0
    between: Callable[[Operation], None] = lambda _operation: None
    _hidden: list[int] = field(default_factory=list)
    _troubles: dict[Operation, deque[Deferred]] = field(default_factory=dict)
    _validities: int = 100

    def deliver(self, octets: bytes, when: datetime, folder: str = "INBOX") -> int:
        """Put a mail into a folder, which is made if need be; its UID."""
        return self._folder(folder).append(Stored(octets, when))

    def expunge(self, uid: int, folder: str = "INBOX") -> None:
        del self.folders[folder].mails[uid]

    def move(self, uid: int, source: str, target: str) -> int:
        """As people do in webmail: gone there, a new UID here."""
        mail = self.folders[source].mails.pop(uid)
        return self._folder(target).append(mail)

    def renumber(self, folder: str = "INBOX") -> None:
        """Another UIDVALIDITY and UIDs from 1, as after a migration: sessions that stand are cut off."""
        mails = list(self.folders[folder].mails.values())
        self._validities += 1
        renewed = Folder(self._validities, self.folders[folder].junk)
        for mail in mails:
            renewed.append(mail)
        self.folders[folder] = renewed

    def fail(self, operation: Operation, *errors: Deferred) -> None:
        """Let the next calls of an operation fail; Disconnected ends the session, Unusable does not."""
        self._troubles.setdefault(operation, deque()).extend(errors)

    def hide(self, uid: int) -> None:
        """Leave a mail out of the next list, as servers do that answer from an index which lags behind."""
        self._hidden.append(uid)

    def listed(self, mails: Iterable[int]) -> list[int]:
        hidden, self._hidden = self._hidden, []
        return [uid for uid in sorted(mails) if uid not in hidden]

    def heal(self) -> None:
        """Nothing fails any more."""
        self._troubles.clear()
        self._hidden.clear()

    @contextmanager
    def open(self) -> Iterator[FakeMailbox]:
        """Implements ports.OpenMailbox."""
        self.opened += 1
        self.trouble("open")
        yield FakeMailbox(self)

    def trouble(self, operation: Operation) -> None:
        self.between(operation)
        waiting = self._troubles.get(operation)
        if waiting:
            raise waiting.popleft()

    def _folder(self, name: str) -> Folder:
        if name not in self.folders:
            self._validities += 1
            self.folders[name] = Folder(self._validities)
        return self.folders[name]


class FakeMailbox:
    """Implements ports.Mailbox on a FakeServer, until its connection is lost."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._selected: tuple[str, Folder] | None = None
        self._lost = False

    def junk(self) -> tuple[str, ...]:
        self._ask("junk")
        return tuple(name for name, folder in self._server.folders.items() if folder.junk)

    def select(self, folder: str) -> FolderState:
        self._selected = None
        self._ask("select")
        found = self._server.folders.get(folder)
        if found is None:
            raise Unusable(f"no folder {folder}")
        self._selected = folder, found
        return FolderState(folder, found.uidvalidity, len(found.mails), found.uidnext, found.junk)

    def uids(self, state: FolderState, first: int, last: int | None = None) -> list[int]:
        self._require(state.folder, state.uidvalidity)
        there = self._server.listed(self._mails("uids"))
        return [uid for uid in there if uid >= first and (last is None or uid <= last)]

    def arrivals(self, state: FolderState, uids: Sequence[int], *, singly: bool = False) -> Iterator[Arrival]:
        for uid in uids:
            self._require(state.folder, state.uidvalidity)
            self._mails("arrivals")
            arrival = self._described(state.folder, state.uidvalidity, uid)
            if arrival is not None:
                yield arrival

    def look(self, arrival: Arrival) -> Arrival | None:
        place = arrival.locator
        self._require(place.folder, place.uidvalidity)
        self._mails("look")
        return self._described(place.folder, place.uidvalidity, place.uid)

    def exceeds(self, arrival: Arrival, octets: int) -> bool:
        mail = self._mail("exceeds", arrival)
        return mail is not None and len(mail.octets) > octets

    def download(self, arrival: Arrival, sink: Sink, cap: int) -> int | None:
        """A connection that is lost meanwhile has brought the first half."""
        self._server.downloads += 1
        half = len(self._peeked(arrival)) // 2
        try:
            mail = self._mail("download", arrival)
        except Deferred:
            sink.write(self._peeked(arrival)[:half])
            raise
        if mail is None:
            return None
        if len(mail.octets) > cap:
            raise Oversized(f"mail {arrival.locator} has more than {cap} octets")
        return sink.write(mail.octets)

    def beginning(self, arrival: Arrival, sink: Sink) -> int | None:
        mail = self._mail("beginning", arrival)
        return None if mail is None else sink.write(mail.octets[:CHUNK])

    def _described(self, folder: str, uidvalidity: int, uid: int) -> Arrival | None:
        mail = self._folder.mails.get(uid)
        return mail and Arrival(Locator(folder, uidvalidity, uid), len(mail.octets), mail.when)

    def _mail(self, operation: Operation, arrival: Arrival) -> Stored | None:
        self._require(arrival.locator.folder, arrival.locator.uidvalidity)
        return self._mails(operation).get(arrival.locator.uid)

    def _peeked(self, arrival: Arrival) -> bytes:
        mail = self._folder.mails.get(arrival.locator.uid) if self._selected else None
        return mail.octets if mail else b""

    def _mails(self, operation: Operation) -> dict[int, Stored]:
        self._ask(operation)
        name, folder = self._selected or ("", None)
        if self._server.folders.get(name) is not folder:
            self._lost = True
            raise Disconnected(f"folder {name} was made anew, please log in again")
        return self._folder.mails

    @property
    def _folder(self) -> Folder:
        assert self._selected
        return self._selected[1]

    def _ask(self, operation: Operation) -> None:
        if self._lost:
            raise Disconnected("the connection was lost")
        try:
            self._server.trouble(operation)
        except Disconnected:
            self._lost = True
            raise

    def _require(self, folder: str, uidvalidity: int) -> None:
        name, found = self._selected or ("", None)
        if found is None or (name, found.uidvalidity) != (folder, uidvalidity):
            raise ValueError(f"{folder}/{uidvalidity} is not the selected folder")
