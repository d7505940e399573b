"""A TCP door in front of a server that is shut in the middle of a conversation, where the test says."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"


class Cutter:
    """`port` leads to the server. At the octets it waits for, it ends the connection, once.

    Whether they still arrive there, and are acted upon before the end, is the test's choice; the answer is lost.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._mark: bytes | None = None
        self._arrives = False

    def cut_at(self, mark: bytes, *, arrives: bool) -> None:
        self._mark, self._arrives = mark, arrives

    def serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection((HOST, self._target)) as server:
            while True:
                for sock in select.select([client, server], [], [])[0]:
                    chunk = sock.recv(1 << 16)
                    if not chunk or (sock is client and self._cuts(chunk, server)):
                        return
                    (server if sock is client else client).sendall(chunk)

    def _cuts(self, chunk: bytes, server: socket.socket) -> bool:
        if self._mark is None or self._mark not in chunk:
            return False
        self._mark = None
        if self._arrives:
            server.sendall(chunk)
            server.recv(1 << 16)
        return True


@contextmanager
def running_cutter(target: int) -> Iterator[Cutter]:
    """A door to a port of this machine, until the block ends."""
    with socket.create_server((HOST, 0)) as listener:
        cutter = Cutter(listener.getsockname()[1], target)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=cutter.serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield cutter
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
