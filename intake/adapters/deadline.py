"""Deadline: a block of network work ends in time, whatever the other side does.

A socket's timeout counts from one octet to the next: measured, a server that sends one octet a second
holds a read with a timeout of 3 s for as long as it likes. Shutting the socket from outside ends it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TypeAlias

from intake.ports import Deferred

FindSocket: TypeAlias = Callable[[], "socket.socket | None"]

_AGAIN = 1.0
"""Seconds until the socket is shut once more: STARTTLS may have put another one in its place meanwhile."""


class Deadline:
    """`with Deadline(seconds, what, find): ...` raises Deferred when the block takes longer than `seconds`.

    `find` answers the socket at the moment it is to be shut; `watch` gives the finder of one that comes to be inside
    the block. The connection is of no use after that.
    """

    def __init__(self, seconds: float, what: str, find: FindSocket = lambda: None) -> None:
        self._seconds = max(seconds, 0.0)
        self._what = what
        self._find = find
        self._done = threading.Event()
        self._expired = False
        self._thread = threading.Thread(target=self._wait, name="deadline", daemon=True)

    def watch(self, find: FindSocket) -> None:
        self._find = find

    def __enter__(self) -> Deadline:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        if self._expired and (error is None or isinstance(error, Exception)):
            raise Deferred(f"{self._what}: not done within {self._seconds:.0f} s") from error

    def _wait(self) -> None:
        pause = self._seconds
        while not self._done.wait(pause):
            self._expired = True
            self._cut()
            pause = _AGAIN

    def _cut(self) -> None:
        sock = self._find()
        if sock is not None:
            with suppress(OSError):
                # Not SSLSocket.shutdown: it drops the TLS state, and the reader would take ciphertext for an answer.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
