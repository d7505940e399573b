"""A clamd that answers and yet fails at some files: it stands before a real one and passes on all but these."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ERROR = b"stream: Can't allocate memory ERROR\0"


@dataclass
class Ailing:
    """Files that hold one of `bad` get ERROR for an answer; `asked` counts these."""

    port: int
    behind: Path
    bad: tuple[bytes, ...] = ()
    asked: int = 0

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                sock = listener.accept()[0]
                threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock: socket.socket) -> None:
        with suppress(OSError, EOFError), sock, sock.makefile("rb") as stream:
            command = b""
            while not command.endswith(b"\0"):
                command += _exactly(stream.read(1))
            octets = b"".join(_chunks(stream)) if command == b"zINSTREAM\0" else None
            if octets is not None and any(bad in octets for bad in self.bad):
                self.asked += 1
                sock.sendall(ERROR)
                return
            sock.sendall(self._real(command, octets))

    def _real(self, command: bytes, octets: bytes | None) -> bytes:
        with socket.socket(socket.AF_UNIX) as clamd:
            clamd.connect(str(self.behind))
            clamd.sendall(command)
            if octets is not None:
                clamd.sendall(struct.pack(">I", len(octets)) + octets if octets else b"")
                clamd.sendall(struct.pack(">I", 0))
            with clamd.makefile("rb") as answer:
                return answer.read()


def _exactly(octets: bytes) -> bytes:
    if not octets:
        raise EOFError
    return octets


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := struct.unpack(">I", _exactly(stream.read(4)))[0]:
        yield _exactly(stream.read(size))


@contextmanager
def ailing_clamd(behind: Path) -> Iterator[Ailing]:
    """Serve until the block ends, before the clamd at the socket `behind`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Ailing(listener.getsockname()[1], behind)
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        yield server
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
