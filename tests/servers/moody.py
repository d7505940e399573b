"""An SMTP server of a few lines that does, at any stage, what no real one does on demand: stall, hang up, babble."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.smtp import Received

Stage = Literal[
    "connect", "greeting", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "octets", "before dot", "dot",
    "RSET", "NOOP", "QUIT",
]  # fmt: skip

LAST_LINE = b"the last line\r\n"
"""What letters must end with, so that "before dot" can be told: all octets are there, and the dot is not."""

USUAL = {
    "greeting": b"220 moody\r\n",
    "EHLO": b"250-moody\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
    "STARTTLS": b"220 go ahead\r\n",
    "AUTH": b"235 welcome\r\n",
    "DATA": b"354 go ahead\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass(frozen=True)
class Act:
    """What the server does at a stage instead of its usual answer.

    It says something, octet by octet when there is a pause (seconds), then goes on, hangs up (FIN), resets (RST), or
    stalls. `take`: at the final dot, the letter is accepted before anything is said.
    """

    say: bytes = b""
    then: Literal["go on", "hang up", "reset", "stall"] = "go on"
    take: bool = False
    pause: float = 0.0

    def __str__(self) -> str:
        words = self.say[:24].decode("ascii", "backslashreplace").split()
        return "-".join(filter(None, [*words, self.then.replace(" ", "-") if self.then != "go on" else ""]))


class _Over(Exception):
    """The connection has ended."""


@dataclass
class Moody:
    """`taken` are the letters that the server accepted, `commands` what came over all connections.

    `script` has the acts of a stage, used up one by one; when there are none the server is friendly. `acted` is set
    when it has acted.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    script: dict[Stage, list[Act]] = field(default_factory=lambda: defaultdict(list))
    taken: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    acted: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def usual(self, stage: Stage) -> bytes:
        extra = b"250-STARTTLS\r\n" if stage == "EHLO" and self.tls and not self.implicit else b""
        return USUAL.get(stage, b"250 OK\r\n").replace(b"250-AUTH", extra + b"250-AUTH")


class _Talk:
    """One connection."""

    def __init__(self, server: Moody, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.sender = ""
        self.recipients: list[str] = []

    def run(self) -> None:
        with suppress(_Over, OSError):
            self._act("connect", b"")
            if self.server.implicit and self.server.tls:
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
            self._act("greeting")
            while True:
                self._command(self._line())
        with suppress(OSError):
            self.sock.close()

    def _command(self, line: str) -> None:
        self.server.commands.append(line)
        verb, _, rest = line.partition(" ")
        address = rest[rest.find("<") + 1 : rest.find(">")]
        said = self._act(verb.upper())  # type: ignore[arg-type]
        good = said[:1] in {b"2", b"3"}
        if verb == "STARTTLS" and good and self.server.tls:
            self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        elif verb == "MAIL" and good:
            self.sender, self.recipients = address, []
        elif verb == "RCPT" and good:
            self.recipients.append(address)
        elif verb.upper() == "DATA" and good:
            self._letter()
        elif verb.upper() == "QUIT":
            raise _Over

    def _letter(self) -> None:
        received = b""
        while not received.endswith((b"\r\n.\r\n", LAST_LINE)):
            received += self._some()
            self._act("octets", b"")
        if not received.endswith(b".\r\n"):
            self._act("before dot", b"")
            while not received.endswith(b"\r\n.\r\n"):
                received += self._some()
        octets = received.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        act = self._next("dot") or Act(b"250 taken\r\n", take=True)
        if act.take:
            self.server.taken.append(Received(self.sender, tuple(self.recipients), octets))
        self._perform(act)

    def _act(self, stage: Stage, usual: bytes | None = None) -> bytes:
        """Do what is scripted for a stage, or the usual; what was said."""
        scripted = self._next(stage)
        act = scripted or Act(self.server.usual(stage) if usual is None else usual)
        self._perform(act)
        if scripted:
            self.server.acted.set()
        return act.say

    def _next(self, stage: Stage) -> Act | None:
        acts = self.server.script[stage]
        return acts.pop(0) if acts else None

    def _perform(self, act: Act) -> None:
        if act.pause:
            for octet in act.say:
                self.sock.sendall(bytes([octet]))
                time.sleep(act.pause)
        elif act.say:
            self.sock.sendall(act.say)
        if act.then == "stall":
            self.server.acted.set()
            self.server.over.wait(30)
        if act.then == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if act.then != "go on":
            self.sock.close()
            self.server.acted.set()
            raise _Over

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            line += self._some(1)
        return line.decode().strip()

    def _some(self, most: int = 4096) -> bytes:
        octets = self.sock.recv(most)
        if not octets:
            raise _Over
        return octets


@contextmanager
def running_moody(server: Moody) -> Iterator[Moody]:
    """Serve on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        talks: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    sock.settimeout(30)
                    server.connections += 1
                    talks.append(threading.Thread(target=_Talk(server, sock).run, daemon=True))
                    talks[-1].start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for talk in talks:
                talk.join(2)
