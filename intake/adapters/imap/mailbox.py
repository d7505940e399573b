"""ports.Mailbox on an IMAP session: EXAMINE, UID SEARCH by ranges, FETCH of few items, BODY.PEEK in chunks.

Only what every server can do, and nothing that parses content on the server: SEARCH by words lies on QQ, 163
and Aliyun, and one strange ENVELOPE or BODYSTRUCTURE spoils the answers for all mails beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from intake.adapters.imap.client import ANSWER, ImapSettings
from intake.adapters.imap.folders import LARGEST_NUMBER, Folder, examine, listed
from intake.adapters.imap.session import Session, open_session
from intake.domain.mail import Locator
from intake.ports import Arrival, Clock, Disconnected, FolderState, Oversized, Sink, Unusable

CHUNK = 1024 * 1024
"""Octets asked for at a time, and about what a download keeps in memory."""

WHOLE = 128 << 20
"""Octets that a server without ranges may send at once; it keeps that much memory. Providers' own limits are lower."""

_BATCH = 200
_WIDEST = 50_000
"""UIDs that are sure to fit into one SEARCH line: imaplib refuses lines of more than 1,000,000 octets."""

_SIZE, _DATE = b"RFC822.SIZE", b"INTERNALDATE"
_HEAD = 1024
_YEARS = range(1970, 2200)

Items: TypeAlias = Mapping[bytes, Any]


@contextmanager
def open_mailbox(
    settings: ImapSettings, password: str, *, clock: Clock = lambda: datetime.now(UTC)
) -> Iterator[ImapMailbox]:
    """A logged-in mailbox until the block ends. `clock` dates mails for which the server tells no INTERNALDATE."""
    with open_session(settings, password) as session:
        yield ImapMailbox(session, clock)


class ImapMailbox:
    """Implements ports.Mailbox. Answers about a folder only while it is the one selected last."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._selected: tuple[str, int] | None = None
        self._listed: dict[str, Folder] = {}

    def junk(self) -> tuple[str, ...]:
        self._listed = {folder.name: folder for folder in listed(self._session)}
        return tuple(folder.name for folder in self._listed.values() if folder.junk)

    def select(self, folder: str) -> FolderState:
        self._selected = None
        known = self._listed.get(folder)
        state = examine(self._session, folder, known.octets if known else None)
        self._selected = (folder, state.uidvalidity)
        return replace(state, junk=bool(known and known.junk))

    def uids(self, state: FolderState, first: int, last: int | None = None) -> list[int]:
        return [uid for uids in self._search(state, first, last) for uid in uids]

    def arrivals(self, state: FolderState, uids: Sequence[int], *, singly: bool = False) -> Iterator[Arrival]:
        batch = 1 if singly else _BATCH
        for start in range(0, len(uids), batch):
            self._require(state.folder, state.uidvalidity)
            yield from self._described(state, uids[start : start + batch])

    def look(self, arrival: Arrival) -> Arrival | None:
        place = arrival.locator
        self._require(place.folder, place.uidvalidity)
        items = self._facts_of(place.uid)
        if not _complete(items) and not self._on_server(place.uid):
            return None
        return Arrival(place, _size(items) or arrival.size, _date(items) or arrival.internal_date)

    def exceeds(self, arrival: Arrival, octets: int) -> bool:
        self._require(arrival.locator.folder, arrival.locator.uidvalidity)
        chunk, _labelled = self._chunk(arrival.locator.uid, octets, 1, self._allowed(CHUNK))
        return bool(chunk)

    def download(self, arrival: Arrival, sink: Sink, cap: int) -> int | None:
        self._require(arrival.locator.folder, arrival.locator.uidvalidity)
        uid, started = arrival.locator.uid, time.monotonic()
        head, offset = b"", 0
        while True:
            chunk, labelled = self._chunk(uid, offset, CHUNK, self._pace(arrival, offset, started))
            if not chunk:
                return self._end(arrival, offset)
            if offset and not labelled and chunk.startswith(head):
                return offset  # The server knows no ranges and sent the whole mail once more.
            if offset and len(chunk) > CHUNK:
                raise Unusable(f"{self._session.settings}: mail {uid}: more octets than asked for")
            if offset + len(chunk) > cap:
                raise Oversized(f"mail {arrival.locator} has more than {cap} octets")
            sink.write(chunk)
            head, offset = head or chunk[:_HEAD], offset + len(chunk)
            if len(chunk) != CHUNK and offset == arrival.size:
                return offset

    def beginning(self, arrival: Arrival, sink: Sink) -> int | None:
        self._require(arrival.locator.folder, arrival.locator.uidvalidity)
        chunk, _labelled = self._chunk(arrival.locator.uid, 0, CHUNK, self._allowed(CHUNK))
        return sink.write(chunk[:CHUNK]) if chunk else self._end(arrival, 0)

    def _allowed(self, size: int) -> float:
        """Seconds for `size` octets."""
        settings = self._session.settings
        return settings.grace + size / settings.minimum_pace

    def _pace(self, arrival: Arrival, offset: int, started: float) -> float:
        """Seconds for the next chunk. The first may be the whole mail, of a server that knows no ranges."""
        left = self._allowed(max(arrival.size, offset + CHUNK)) - (time.monotonic() - started)
        return min(left, self._allowed(CHUNK if offset else min(max(arrival.size, CHUNK), WHOLE)))

    def _chunk(self, uid: int, offset: int, length: int, seconds: float) -> tuple[bytes | None, bool]:
        """Octets from `offset`, None when the answer has none, and whether the server said where they begin."""
        try:
            items = self._fetch([uid], f"BODY.PEEK[]<{offset}.{length}>", seconds=seconds, octets=WHOLE).get(uid, {})
        except Unusable:
            if self._on_server(uid):
                raise
            return None, False
        label = b"BODY[]<%d>" % offset
        for key in (label, b"BODY[]"):
            if key in items and isinstance(items[key], bytes | None):
                return items[key] or b"", key == label
        return None, False

    def _end(self, arrival: Arrival, offset: int) -> int | None:
        """What it means that nothing follows `offset`: the end of the mail, or None for one that has gone meanwhile.

        Dovecot gives no octets of a mail that somebody else has deleted, and no error. So an end at another place than
        RFC822.SIZE says is believed only when it is still there and ends there twice; no octets at all, only when its
        size is told as 0.
        """
        uid = arrival.locator.uid
        if offset and offset == arrival.size:
            return offset
        if not self._on_server(uid):
            return None
        if offset == 0:
            ended = _size(self._facts_of(uid)) == 0
        else:
            ended = self._chunk(uid, offset, CHUNK, self._allowed(CHUNK))[0] == b""
        if not ended:
            raise self._withheld(uid)
        return offset

    def _withheld(self, uid: int) -> Unusable:
        return Unusable(f"{self._session.settings}: mail {uid}: the server lists it and does not give its octets")

    def _described(self, state: FolderState, uids: Sequence[int]) -> Iterator[Arrival]:
        for uid, items in self._facts(uids):
            yield Arrival(
                Locator(state.folder, state.uidvalidity, uid),
                _size(items) or 0,
                # Seen now, so it came before now: the kindest date, and the download tells whether there is a mail.
                _date(items) or self._clock(),
            )

    def _facts(self, uids: Sequence[int]) -> Iterator[tuple[int, Items]]:
        """Size and date of the mails that are there, asked for together and, where that fails, one by one."""
        answers = self._facts_together(uids) if len(uids) > 1 else {}
        for uid in uids:
            items = answers.get(uid, {})
            if not _complete(items):
                yield from self._facts_alone(uid)
            else:
                yield uid, items

    def _facts_alone(self, uid: int) -> Iterator[tuple[int, Items]]:
        try:
            items = self._facts_of(uid)
            there = _complete(items) or self._on_server(uid)
        except Disconnected:
            # Named all the same: whoever fetches it next learns that the connection is lost, and over which mail.
            yield uid, {}
            raise
        if there:
            yield uid, items

    def _facts_together(self, uids: Sequence[int]) -> dict[int, Items]:
        try:
            return self._fetch(uids, "RFC822.SIZE", "INTERNALDATE")
        except Unusable:
            return {}

    def _facts_of(self, uid: int) -> Items:
        try:
            return self._fetch([uid], "RFC822.SIZE", "INTERNALDATE").get(uid, {})
        except Unusable:
            return {}

    def _fetch(
        self, uids: Sequence[int], *items: str, seconds: float | None = None, octets: int = ANSWER
    ) -> dict[int, Items]:
        answer: dict[int, Items] = self._session.ask(
            f"FETCH of {len(uids)} mails", lambda: self._session.client.fetch(uids, items), seconds, octets
        )
        return answer

    def _on_server(self, uid: int) -> bool:
        """Whether the mail is there. An empty FETCH is no proof; NOOP first, that the server looks again."""
        self._session.ask("NOOP", self._session.client.noop)
        return uid in self._found(f"{uid}:{uid}")

    def _search(self, state: FolderState, first: int, last: int | None) -> Iterator[list[int]]:
        """The UIDs from `first` to `last` (None: to the end), rising, in portions."""
        self._require(state.folder, state.uidvalidity)
        for start, end in _ranges(first, state, last) if state.exists else ():
            found = self._found(f"{start}:{'*' if end is None else end}")
            # `n:*` always holds the last mail (RFC 3501 section 6.4.8), whether it is above n or not.
            yield sorted(uid for uid in found if start <= uid and (end is None or uid <= end))

    def _found(self, uid_range: str) -> set[int]:
        client = self._session.client
        found = self._session.ask(f"SEARCH UID {uid_range}", lambda: client.uids(uid_range))
        return {uid for uid in found if 0 < uid <= LARGEST_NUMBER}

    def _require(self, folder: str, uidvalidity: int) -> None:
        if self._selected != (folder, uidvalidity):
            raise ValueError(f"{folder}/{uidvalidity} is not the selected folder: {self._selected}")


def _complete(items: Items) -> bool:
    return _size(items) is not None and _date(items) is not None


def _size(items: Items) -> int | None:
    """RFC822.SIZE, if it is a number that can be one."""
    size = items.get(_SIZE)
    return size if isinstance(size, int) and 0 <= size <= LARGEST_NUMBER else None


def _date(items: Items) -> datetime | None:
    """INTERNALDATE, if it can be one: near the ends of the calendar a change of zone leaves it."""
    date = items.get(_DATE)
    return date if isinstance(date, datetime) and date.tzinfo and date.year in _YEARS else None


def _ranges(first: int, state: FolderState, last: int | None) -> Iterator[tuple[int, int | None]]:
    """One range, or as many as it takes to keep each answer to a line; open at the end when `last` is None.

    UIDNEXT only says where to cut: servers that forget to raise it hide no mail.
    """
    ends = last if last is not None else state.uidnext
    start = first
    if state.exists > _WIDEST and ends is not None:
        for start in range(first, ends + 1, _WIDEST):
            yield start, min(start + _WIDEST - 1, ends)
        start = max(first, ends + 1)
    if last is None or start <= last:
        yield start, last
