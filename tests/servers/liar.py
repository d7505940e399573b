"""An IMAP server of a few lines that says what no real one says: silence, trickles, answers that lack items."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HANG_UP = b"\0hang up"
"""At the end of an answer: nothing more comes, the connection is closed."""

Answer = bytes | Callable[["Line"], bytes]

_COMMAND = re.compile(rb"(\S+) (?:UID )?(\S+) ?(.*)\r\n")


@dataclass
class Line:
    """One command. `trickle` sends octets one by one."""

    tag: bytes
    name: bytes
    rest: bytes
    sock: socket.socket

    def trickle(self, octets: bytes, pause: float) -> None:
        _send(self.sock, octets, pause)


@dataclass
class Liar:
    """`trickle` is the pause between two octets of the greeting; `seen` are the commands that came.

    `answers` has by command name what comes before the tagged OK, or a function that makes the whole answer.
    """

    port: int = 0
    greeting: bytes = b"* OK ready\r\n"
    trickle: float = 0.0
    tls: ssl.SSLContext | None = None
    capability: bytes = b"IMAP4rev1"
    answers: dict[bytes, Answer] = field(default_factory=dict)
    seen: list[bytes] = field(default_factory=list)

    def serve(self, accepted: socket.socket) -> None:
        with suppress(OSError), self._secured(accepted) as sock, sock.makefile("rb") as lines:
            _send(sock, self.greeting, self.trickle)
            for line in lines:
                tag, name, rest = _COMMAND.fullmatch(line).groups()
                self.seen.append(line.split(b" ", 1)[1].strip())
                answer = self._answer(Line(tag, name, rest, sock))
                sock.sendall(answer.removesuffix(HANG_UP))
                if answer.endswith(HANG_UP):
                    return

    def _secured(self, sock: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(sock, server_side=True) if self.tls else sock

    def _answer(self, line: Line) -> bytes:
        answer = self.answers.get(line.name, b"")
        if callable(answer):
            return answer(line)
        known = {
            b"CAPABILITY": b"* CAPABILITY " + self.capability + b"\r\n",
            b"EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 6] ok\r\n",
            b"SEARCH": b"* SEARCH 5\r\n",
        }
        answer = answer or known.get(line.name, b"")
        return answer if answer.endswith(HANG_UP) else answer + line.tag + b" OK done\r\n"


def _send(sock: socket.socket, octets: bytes, pause: float) -> None:
    if not pause:
        sock.sendall(octets)
        return
    for octet in octets:
        sock.sendall(bytes([octet]))
        time.sleep(pause)


@contextmanager
def running_liar(liar: Liar) -> Iterator[Liar]:
    """Serve on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        liar.port = listener.getsockname()[1]
        taken: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    taken.append(sock)
                    threading.Thread(target=liar.serve, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield liar
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for sock in taken:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
