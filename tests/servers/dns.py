"""A name server of our own: answers TXT questions over UDP on the loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset


@dataclass
class NameServer:
    """`asked` are the names that were asked for, in order."""

    port: int
    records: Mapping[str, list[str]]
    asked: list[str] = field(default_factory=list)

    def answer(self, octets: bytes) -> bytes:
        query = dns.message.from_wire(octets)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        name = query.question[0].name.to_text().rstrip(".").lower()
        self.asked.append(name)
        found = self.records.get(name)
        if not found:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *map(_quoted, found)))
        return reply.to_wire()


def _quoted(text: str) -> str:
    return " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))


@contextmanager
def running_dns(records: Mapping[str, list[str]]) -> Iterator[NameServer]:
    """A name server, which this process asks by default until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = NameServer(listening.getsockname()[1], records)
        threading.Thread(target=_serve, args=(listening, server), daemon=True).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
        before, dns.resolver.default_resolver = dns.resolver.default_resolver, resolver
        try:
            yield server
        finally:
            dns.resolver.default_resolver = before


def _serve(listening: socket.socket, server: NameServer) -> None:
    while True:
        try:
            octets, sender = listening.recvfrom(4096)
            listening.sendto(server.answer(octets), sender)
        except OSError:
            return
