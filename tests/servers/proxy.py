"""A TCP proxy on loopback that breaks one connection at one octet: cut, stalled, sliced, doubled, swallowed.

Own code: what is wanted is a fault at a given octet of a given direction, once, inside the test's process;
ready-made proxies break by time and by chance.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum


class Way(StrEnum):
    """Which octets are counted."""

    UP = "client to server"
    DOWN = "server to client"


class Kind(StrEnum):
    """What happens when the octet at the fault's offset comes by."""

    RESET = "both sides get a RST"
    CLOSE = "both sides get a FIN"
    TRUNCATE = "this direction ends with a FIN, the other goes on"
    STALL = "nothing more passes in this direction, and the connection stands"
    SLICE = "every octet from here on travels alone"
    DOUBLE = "a few octets pass twice"
    SWALLOW = "a few octets do not pass"


GARBLING = frozenset({Kind.DOUBLE, Kind.SWALLOW})
"""What TCP never does: only something in the middle that alters the stream."""


@dataclass(frozen=True)
class Fault:
    """`offset` counts octets of one direction of one connection from 0; `length` is that of what is garbled."""

    kind: Kind
    way: Way
    offset: int
    length: int = 16


@dataclass
class Proxy:
    """Listens on `port`. The next connection gets the fault, those after it pass untouched.

    `passed` has for each connection how many octets came by in each direction; `struck` tells whether the fault did.
    """

    target: int
    port: int = 0
    struck: bool = False
    passed: list[dict[Way, int]] = field(default_factory=list)
    _fault: Fault | None = None
    _standing: set[socket.socket] = field(default_factory=set)

    def strike(self, fault: Fault | None) -> None:
        """Let the next connection have this fault."""
        self._fault, self.struck = fault, False
        self.passed.clear()

    def release(self) -> None:
        """Cut what stands: connections that are stalled and that nobody waits for any more."""
        for sock in list(self._standing):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def accepted(self, client: socket.socket) -> None:
        """Serve one connection to its end, in the calling thread."""
        fault, self._fault = self._fault, None
        with client, socket.create_connection(("127.0.0.1", self.target)) as server, suppress(OSError):
            count = dict.fromkeys(Way, 0)
            self.passed.append(count)
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._standing |= {client, server}
            try:
                _Connection(self, client, server, fault, count).run()
            finally:
                self._standing -= {client, server}


class _Connection:
    """Both directions in one thread: a RST can only be sent while nobody else sits in recv."""

    def __init__(
        self, proxy: Proxy, client: socket.socket, server: socket.socket, fault: Fault | None, count: dict[Way, int]
    ) -> None:
        self._proxy = proxy
        self._ends = {client: (Way.UP, server), server: (Way.DOWN, client)}
        self._open = {client, server}
        self._fault = fault
        self._count = count
        self._swallowing = 0

    def run(self) -> None:
        while self._open:
            for source in select.select(list(self._open), [], [])[0]:
                if source not in self._open:
                    continue
                way, sink = self._ends[source]
                data = source.recv(65536)
                if data:
                    self._pass(way, source, sink, data)
                else:
                    self._open.discard(source)
                    with suppress(OSError):
                        sink.shutdown(socket.SHUT_WR)

    def _pass(self, way: Way, source: socket.socket, sink: socket.socket, data: bytes) -> None:
        fault, begun = self._fault, self._count[way]
        self._count[way] += len(data)
        if fault is None or fault.way is not way or self._count[way] <= fault.offset:
            sink.sendall(data)
            return
        before = max(0, fault.offset - begun)
        sink.sendall(data[:before])
        self._proxy.struck = True
        self._strike(fault, source, sink, data[before:])

    def _strike(self, fault: Fault, source: socket.socket, sink: socket.socket, rest: bytes) -> None:
        if fault.kind is Kind.RESET:
            self._end(reset=True)
        elif fault.kind is Kind.CLOSE:
            self._end(reset=False)
        elif fault.kind is Kind.TRUNCATE:
            self._fault = Fault(Kind.SWALLOW, fault.way, fault.offset, 1 << 62)
            sink.shutdown(socket.SHUT_WR)
        elif fault.kind is Kind.STALL:
            self._open.discard(source)
        elif fault.kind is Kind.SLICE:
            for octet in rest:
                sink.sendall(bytes([octet]))
        elif fault.kind is Kind.DOUBLE:
            self._fault = None
            sink.sendall(rest[: fault.length] + rest)
        else:
            gone = min(fault.length - self._swallowing, len(rest))
            self._swallowing += gone
            sink.sendall(rest[gone:])

    def _end(self, *, reset: bool) -> None:
        for sock in self._ends:
            if reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        self._open.clear()


@contextmanager
def running_proxy(target: int) -> Iterator[Proxy]:
    """Stand before the server at port `target` until the block ends; connections that stand by then are cut."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(target, listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    threading.Thread(target=proxy.accepted, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            proxy.release()
