"""ports.Mailbox on an IMAP session: EXAMINE, UID SEARCH by ranges, FETCH of few items, BODY.PEEK in chunks.

Only what every server can do, and nothing that parses content on the server: SEARCH by words lies on QQ, 163
and Aliyun, and one strange ENVELOPE or BODYSTRUCTURE spoils the answers for all mails beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

from intake.adapters.imap.session import ImapSettings, Session, Unusable, open_session
from intake.domain.mail import Locator
from intake.domain.patience import Refusal
from intake.ports import Arrival, Clock, Deferred, FolderState, LoginRefused, Oversized, Sink

CHUNK = 1024 * 1024
"""Octets asked for at a time, and about what a download keeps in memory."""

_BATCH = 200
_WIDEST = 50_000
"""UIDs that are sure to fit into one SEARCH line: imaplib refuses lines of more than 1,000,000 octets."""

_SIZE, _DATE = b"RFC822.SIZE", b"INTERNALDATE"
_HEAD = 1024

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

    def select(self, folder: str) -> FolderState:
        self._selected = None
        state = examine(self._session, folder)
        self._selected = (folder, state.uidvalidity)
        return state

    def arrivals(self, state: FolderState, above: int) -> Iterator[Arrival]:
        last = state.uidnext - 1 if state.uidnext is not None else None
        for uids in self._search(state, above + 1, last):
            for start in range(0, len(uids), _BATCH):
                yield from self._described(state, uids[start : start + _BATCH])

    def uids(self, state: FolderState, upto: int) -> list[int]:
        return [uid for uids in self._search(state, 1, upto) for uid in uids]

    def download(self, arrival: Arrival, sink: Sink, cap: int) -> int | None:
        self._require(arrival.locator.folder, arrival.locator.uidvalidity)
        uid, started = arrival.locator.uid, time.monotonic()
        head, offset = b"", 0
        while True:
            limit = self._allowed(max(arrival.size, offset + CHUNK)) - (time.monotonic() - started)
            chunk, labelled = self._chunk(uid, offset, limit)
            if chunk is None or (not chunk and offset == 0 < arrival.size):
                self._confirm_gone(uid)
                return None
            if offset and not labelled and chunk.startswith(head):
                return offset  # The server knows no ranges and sent the whole mail once more.
            if offset and len(chunk) > CHUNK:
                raise Deferred(f"{self._session.settings}: mail {uid}: more octets than asked for")
            if offset + len(chunk) > cap:
                raise Oversized(f"mail {arrival.locator} has more than {cap} octets")
            sink.write(chunk)
            head, offset = head or chunk[:_HEAD], offset + len(chunk)
            if not chunk or (len(chunk) != CHUNK and offset >= arrival.size):
                return offset

    def beginning(self, arrival: Arrival, sink: Sink) -> int | None:
        self._require(arrival.locator.folder, arrival.locator.uidvalidity)
        chunk, _labelled = self._chunk(arrival.locator.uid, 0, self._allowed(CHUNK))
        if chunk is None:
            self._confirm_gone(arrival.locator.uid)
            return None
        return sink.write(chunk[:CHUNK])

    def _allowed(self, size: int) -> float:
        """Seconds for a mail of `size` octets."""
        settings = self._session.settings
        return settings.grace + size / settings.minimum_pace

    def _chunk(self, uid: int, offset: int, seconds: float) -> tuple[bytes | None, bool]:
        """Octets from `offset`, None when the answer has none, and whether the server said where they begin."""
        try:
            items = self._fetch([uid], f"BODY.PEEK[]<{offset}.{CHUNK}>", seconds=seconds).get(uid, {})
        except Unusable:
            if self._on_server(uid):
                raise
            return None, False
        label = b"BODY[]<%d>" % offset
        for key in (label, b"BODY[]"):
            if key in items and isinstance(items[key], bytes | None):
                return items[key] or b"", key == label
        return None, False

    def _confirm_gone(self, uid: int) -> None:
        """Return when the mail is gone. A mail that is there and says nothing is the server's trouble."""
        if self._on_server(uid):
            raise Deferred(f"{self._session.settings}: mail {uid}: the server lists it and does not give its octets")

    def _described(self, state: FolderState, uids: list[int]) -> Iterator[Arrival]:
        for uid, items in self._facts(uids):
            size, date = items.get(_SIZE), items.get(_DATE)
            yield Arrival(
                Locator(state.folder, state.uidvalidity, uid),
                size if isinstance(size, int) else 0,
                # Seen now, so it came before now: the kindest date, and the download tells whether there is a mail.
                date if isinstance(date, datetime) and date.tzinfo else self._clock(),
            )

    def _facts(self, uids: list[int]) -> Iterator[tuple[int, Items]]:
        """Size and date of the mails that are there, asked for together and, where that fails, one by one."""
        try:
            answers = self._fetch(uids, "RFC822.SIZE", "INTERNALDATE")
        except Unusable:
            answers = {}
        for uid in uids:
            items = answers.get(uid, {})
            if not _complete(items):
                items = self._facts_of(uid)
            if _complete(items) or self._on_server(uid):
                yield uid, items

    def _facts_of(self, uid: int) -> Items:
        try:
            return self._fetch([uid], "RFC822.SIZE", "INTERNALDATE").get(uid, {})
        except Unusable:
            return {}

    def _fetch(self, uids: list[int], *items: str, seconds: float | None = None) -> dict[int, Items]:
        answer: dict[int, Items] = self._session.ask(
            f"FETCH of {len(uids)} mails", lambda: self._session.client.fetch(uids, items), seconds
        )
        return answer

    def _on_server(self, uid: int) -> bool:
        """Whether the mail is there. An empty FETCH is no proof; NOOP first, that the server looks again."""
        self._session.ask("NOOP", self._session.client.noop)
        return uid in self._found(f"{uid}:{uid}")

    def _search(self, state: FolderState, first: int, last: int | None) -> Iterator[list[int]]:
        """The UIDs from `first` to `last` (None: to the end), rising, in portions."""
        self._require(state.folder, state.uidvalidity)
        for start, end in _ranges(first, last, state.exists) if state.exists else ():
            found = self._found(f"{start}:{'*' if end is None else end}")
            # `n:*` always holds the last mail (RFC 3501 section 6.4.8), whether it is above n or not.
            yield sorted(uid for uid in found if start <= uid and (end is None or uid <= end))

    def _found(self, uid_range: str) -> set[int]:
        client = self._session.client
        return set(self._session.ask(f"SEARCH UID {uid_range}", lambda: client.search(["UID", uid_range])))

    def _require(self, folder: str, uidvalidity: int) -> None:
        if self._selected != (folder, uidvalidity):
            raise ValueError(f"{folder}/{uidvalidity} is not the selected folder: {self._selected}")


def examine(session: Session, folder: str) -> FolderState:
    """Open a folder read-only (EXAMINE) and tell its state."""
    try:
        answer = session.ask(f"opening folder {folder}", partial(session.client.select_folder, folder, readonly=True))
    except Unusable as refusal:
        closed = _closed(session, str(refusal))
        if closed:
            raise closed from refusal
        raise
    if b"EXISTS" not in answer:
        raise Unusable(
            f"{session.settings}: opening folder {folder}: the server does not tell how many mails there are"
        )
    exists, uidnext = answer[b"EXISTS"], answer.get(b"UIDNEXT")
    # UIDs rise from 1: a UIDNEXT that is not above the number of mails is a lie, and none is better.
    return FolderState(folder, answer.get(b"UIDVALIDITY", 0), exists, uidnext if uidnext and uidnext > exists else None)


def _closed(session: Session, words: str) -> LoginRefused | None:
    """A login that was accepted and then turns out to open nothing; None for trouble with one folder."""
    if "unsafe login" in words.lower():
        return LoginRefused(_unsafe_login(session), Refusal.CLIENT)
    # Exchange Online: basic authentication is off, or the token is for something else.
    return LoginRefused(words) if "authenticated but not connected" in words.lower() else None


def _unsafe_login(session: Session) -> str:
    sent = "although it was sent" if session.server_id else "and does not offer it"
    return (
        f"{session.settings}: the login is accepted but folders stay closed (Unsafe Login): the provider wants the ID "
        f"command {sent}; allow IMAP clients in the settings of the mailbox or ask the provider"
    )


def _complete(items: Items) -> bool:
    date = items.get(_DATE)
    return isinstance(items.get(_SIZE), int) and isinstance(date, datetime) and date.tzinfo is not None


def _ranges(first: int, last: int | None, exists: int) -> Iterator[tuple[int, int | None]]:
    if last is None or exists <= _WIDEST:
        if last is None or first <= last:
            yield first, last
        return
    for start in range(first, last + 1, _WIDEST):
        yield start, min(start + _WIDEST - 1, last)
