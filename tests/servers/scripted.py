"""An IMAP server of our own that serves a little mailbox as RFC 3501 says, and misbehaves at one command on demand.

What real servers do wrong only once in a thousand sessions, it does at the very command that a test names.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_COMMAND = re.compile(rb"(\S+) (?:UID )?(\S+) ?(.*)\r\n")
_RANGE = re.compile(rb"BODY\.PEEK\[\]<(\d+)\.(\d+)>")


@dataclass
class Mail:
    uid: int
    octets: bytes
    date: str = "05-Jun-2024 10:00:00 +0800"


@dataclass
class Folder:
    """`told` are the response codes that EXAMINE gives beside EXISTS; by default both UIDVALIDITY and UIDNEXT."""

    mails: list[Mail] = field(default_factory=list)
    uidvalidity: int = 7
    attributes: bytes = b""
    told: bytes | None = None

    @property
    def codes(self) -> bytes:
        if self.told is not None:
            return self.told
        uidnext = max((mail.uid for mail in self.mails), default=0) + 1
        return b"* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT %d] ok\r\n" % (self.uidvalidity, uidnext)


@dataclass
class Exchange:
    """One command on its way to an answer: a fault changes `answer` (untagged lines), `tagged`, or takes the socket."""

    tag: bytes
    name: bytes
    rest: bytes
    sock: socket.socket
    answer: bytes
    tagged: bytes
    done: bool = False
    """The fault has sent what is to be sent; the connection ends."""

    @property
    def whole(self) -> bytes:
        return self.answer + self.tagged


Fault = Callable[[Exchange], None]


@dataclass
class Scripted:
    """`seen` names every command since `forget`, the greeting first. `fault` meets the `at`-th of them (0-based), and
    all of that name from there on when `lasting`."""

    folders: dict[bytes, Folder]
    capability: bytes = b"IMAP4rev1 ID"
    port: int = 0
    seen: list[bytes] = field(default_factory=list)
    fault: Fault | None = None
    at: int = -1
    only: Callable[[Exchange], bool] = lambda _: True
    lasting: bool = False
    connections: int = 0
    selected: Folder | None = None

    def misbehave(self, fault: Fault | None, at: int = 0, *, lasting: bool = False) -> None:
        self.seen.clear()
        self.fault, self.at, self.lasting = fault, at, lasting

    def serve(self, sock: socket.socket) -> None:
        self.connections += 1
        with suppress(OSError, ValueError), sock.makefile("rb") as lines:
            if not self._exchange(Exchange(b"*", b"GREETING", b"", sock, b"", b"* OK ready\r\n")):
                return
            for line in lines:
                tag, name, rest = _COMMAND.fullmatch(line).groups()  # type: ignore[union-attr]
                answer = self._answer(name.upper(), rest)
                lost = name.upper() == b"EXAMINE" and self.selected is None
                tagged = tag + (b" NO no such folder\r\n" if lost else b" OK done\r\n")
                exchange = Exchange(tag, name.upper(), rest, sock, answer, tagged)
                if not self._exchange(exchange) or exchange.name == b"LOGOUT":
                    return

    def _exchange(self, exchange: Exchange) -> bool:
        number = len(self.seen)
        self.seen.append(exchange.name + (b" facts" if b"RFC822.SIZE" in exchange.rest else b""))
        if self.fault and self.only(exchange) and (number == self.at or (self.lasting and number > self.at)):
            self.fault(exchange)
        if not exchange.done:
            exchange.sock.sendall(exchange.whole)
        return not exchange.done

    def _answer(self, name: bytes, rest: bytes) -> bytes:
        make = getattr(self, f"_{name.decode().lower()}", None)
        return make(rest) if make else b""

    def _capability(self, _rest: bytes) -> bytes:
        return b"* CAPABILITY " + self.capability + b"\r\n"

    def _id(self, _rest: bytes) -> bytes:
        return b'* ID ("name" "Scripted")\r\n'

    def _list(self, _rest: bytes) -> bytes:
        return b"".join(
            b'* LIST (%s) "/" "%s"\r\n' % (folder.attributes, name) for name, folder in self.folders.items()
        )

    def _examine(self, rest: bytes) -> bytes:
        self.selected = self.folders.get(rest.strip(b'"'))
        if self.selected is None:
            return b""
        return b"* %d EXISTS\r\n%s" % (len(self.selected.mails), self.selected.codes)

    def _search(self, rest: bytes) -> bytes:
        uids = b" ".join(b"%d" % mail.uid for mail in self._chosen(rest.split()[1]))
        return b"* SEARCH %s\r\n" % uids

    def _fetch(self, rest: bytes) -> bytes:
        chosen, items = rest.split(b" ", 1)
        return b"".join(self._described(mail, items) for mail in self._chosen(chosen))

    def _described(self, mail: Mail, items: bytes) -> bytes:
        assert self.selected is not None
        number = self.selected.mails.index(mail) + 1
        part = _RANGE.search(items)
        if part is None:
            told = b'RFC822.SIZE %d INTERNALDATE "%s"' % (len(mail.octets), mail.date.encode())
        else:
            start, length = map(int, part.groups())
            octets = mail.octets[start : start + length]
            told = b"BODY[]<%d> {%d}\r\n%s" % (start, len(octets), octets)
        return b"* %d FETCH (UID %d %s)\r\n" % (number, mail.uid, told)

    def _chosen(self, which: bytes) -> list[Mail]:
        mails = self.selected.mails if self.selected else []
        last = max((mail.uid for mail in mails), default=0)
        chosen: set[int] = set()
        for each in which.split(b","):
            ends = [last if end == b"*" else int(end) for end in each.split(b":")]
            chosen |= {mail.uid for mail in mails if min(ends) <= mail.uid <= max(ends)}
        return [mail for mail in mails if mail.uid in chosen]


# Faults: what to do with the answer to a command.


def say(octets: bytes) -> Fault:
    """Answer this (TAG stands for the tag) instead, and go on."""

    def fault(exchange: Exchange) -> None:
        exchange.answer, exchange.tagged = b"", octets.replace(b"TAG", exchange.tag)

    return fault


def before(octets: bytes) -> Fault:
    """Say this before the right answer."""

    def fault(exchange: Exchange) -> None:
        exchange.answer = octets.replace(b"TAG", exchange.tag) + exchange.answer

    return fault


def changed(change: Callable[[bytes], bytes]) -> Fault:
    """Give the right answer, changed."""

    def fault(exchange: Exchange) -> None:
        exchange.answer = change(exchange.answer)

    return fault


def hang_up(exchange: Exchange) -> None:
    """Close the connection without a word."""
    exchange.done = True


def hang_up_halfway(exchange: Exchange) -> None:
    exchange.sock.sendall(exchange.whole[: len(exchange.whole) // 2])
    exchange.done = True


def reset(exchange: Exchange) -> None:
    """End with RST, as a host that was restarted does."""
    exchange.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.done = True


def say_goodbye(exchange: Exchange) -> None:
    exchange.sock.sendall(b"* BYE shutting down\r\n")
    exchange.done = True


def fall_silent(exchange: Exchange) -> None:
    """Say nothing until the other side hangs up."""
    exchange.done = True
    with suppress(OSError):
        while exchange.sock.recv(4096):
            pass


def trickle(exchange: Exchange) -> None:
    """The right answer, so slowly that no read times out and no command ends."""
    exchange.done = True
    with suppress(OSError):
        for octet in exchange.whole + b"* OK still here\r\n" * 1000:
            exchange.sock.sendall(bytes([octet]))
            time.sleep(0.1)


def never_end(exchange: Exchange) -> None:
    """Untagged lines for as long as anybody listens."""
    exchange.done = True
    with suppress(OSError):
        while True:
            exchange.sock.sendall(b"* 5 EXISTS\r\n" * 5000)


@contextmanager
def running(server: Scripted) -> Iterator[Scripted]:
    """Serve on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        taken: list[socket.socket] = []

        def serve(sock: socket.socket) -> None:
            with sock:
                server.serve(sock)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    taken.append(sock)
                    threading.Thread(target=serve, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for sock in taken:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
