"""An SMTP server that keeps what it is sent and answers as it is told. Library: aiosmtpd."""

# ruff: noqa: N802 - aiosmtpd calls its hooks handle_VERB

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession

from tests.servers.certificate import Certificate
from tests.servers.ports import free_ports

PASSWORD = "kanarie-9b27d0"
"""A word that is nowhere else, so that a test finds it wherever it leaks."""

Stage = Literal["EHLO", "MAIL", "RCPT", "DATA"]
HANG_UP = "hang up"
FORGET = "hang up, and forget the letter"


@dataclass(frozen=True)
class Received:
    """A letter as it came over the wire, dots undoubled; the null sender `<>` is empty."""

    mail_from: str
    recipients: tuple[str, ...]
    octets: bytes


@dataclass
class SmtpSink:
    """`received` holds the letters that were taken, `connections` counts clients.

    `say` scripts the next answers of a stage (HANG_UP ends the connection; at DATA that is after the final dot, and
    FORGET keeps nothing there),
    `refuse` the answer to a recipient for good.
    """

    port: int
    received: list[Received] = field(default_factory=list)
    peers: set[tuple[str, int]] = field(default_factory=set)
    ehlo_names: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    _script: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    _refused: dict[str, str] = field(default_factory=dict)
    _transports: set[Any] = field(default_factory=set)
    _loop: Any = None

    @property
    def connections(self) -> int:
        return len(self.peers)

    def say(self, stage: Stage, *replies: str) -> None:
        self._script[stage].extend(replies)

    def refuse(self, address: str, reply: str) -> None:
        self._refused[address] = reply

    def close_idle(self) -> None:
        """Hang up on everybody, as servers do on those that were silent for long."""
        for transport in list(self._transports):
            self._loop.call_soon_threadsafe(transport.abort)

    async def handle_EHLO(
        self, server: SMTP, session: SmtpSession, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.ehlo_names.append(hostname)
        self.peers.add(session.peer)
        self._transports.add(server.transport)
        scripted = self._next("EHLO", server)
        return [scripted] if scripted else responses

    async def handle_MAIL(
        self, server: SMTP, _: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        scripted = self._next("MAIL", server)
        if not scripted:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return scripted or "250 OK"

    async def handle_RCPT(self, server: SMTP, _: SmtpSession, envelope: Envelope, address: str, __: list[str]) -> str:
        scripted = self._refused.get(address) or self._next("RCPT", server)
        if not scripted:
            envelope.rcpt_tos.append(address)
        return scripted or "250 OK"

    async def handle_DATA(self, server: SMTP, _: SmtpSession, envelope: Envelope) -> str:
        octets = envelope.original_content or b""
        reply = self._next("DATA", server) or "250 OK"
        if reply.startswith("2") or reply == HANG_UP:
            sender = (envelope.mail_from or "").removeprefix("<>")
            self.received.append(Received(sender, tuple(envelope.rcpt_tos), octets))
        return reply

    def authenticate(self, _: SMTP, __: SmtpSession, ___: Envelope, ____: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        self.logins.append("taken" if good else "refused")
        # Unhandled refusals are answered with 535; a "handled" one leaves the client waiting for ever.
        return AuthResult(success=good, handled=good)

    def _next(self, stage: Stage, server: SMTP) -> str | None:
        if not self._script[stage]:
            return None
        reply = self._script[stage].popleft()
        if reply in (HANG_UP, FORGET):
            server.transport.abort()
        return reply


@contextmanager
def running_sink(
    security: Literal["tls", "starttls", "none"] = "none", certificate: Certificate | None = None, login: bool = False
) -> Iterator[SmtpSink]:
    """A sink on a free port of 127.0.0.1. With `login` every user name is taken with PASSWORD."""
    sink = SmtpSink(free_ports(1)[0])
    context = certificate.server_context() if certificate else None
    options: dict[str, Any] = {"server_hostname": "sink.test", "enable_SMTPUTF8": False, "data_size_limit": 50_000_000}
    if login:
        options |= {"authenticator": sink.authenticate, "auth_require_tls": security == "starttls"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(
        sink, hostname="127.0.0.1", port=sink.port, ssl_context=context if security == "tls" else None, **options
    )
    controller.start()
    sink._loop = controller.loop
    try:
        yield sink
    finally:
        controller.stop()
