"""A TLS handshake that trickles ends in time: the timeout of a socket is that of the whole handshake."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from intake.adapters import smtp
from intake.adapters.imap import ImapSettings, open_mailbox
from intake.adapters.smtp import SmtpSettings
from intake.ports import Unreachable
from tests.servers.certificate import Certificate

RECORD = b"\x16\x03\x03\x40\x00"
"""The head of a TLS record of 16,384 octets (RFC 8446 section 5.1)."""


@contextmanager
def trickling(plain: bytes) -> Iterator[int]:
    """A port that speaks the plain lines, one for each line it hears, and then begins a handshake that never ends."""

    def serve(sock: socket.socket) -> None:
        with sock, suppress(OSError), sock.makefile("rb") as lines:
            first, *rest = plain.split(b"|") if plain else [b""]
            sock.sendall(first)
            for answer in rest:
                tag = next(lines).split(b" ")[0]
                sock.sendall(answer.replace(b"TAG", tag))
            sock.sendall(RECORD)
            while True:
                sock.sendall(b"\x02")
                time.sleep(0.05)

    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def accept() -> None:
            with suppress(OSError):
                serve(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


IMAP = b"* OK ready\r\n|* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n|TAG OK go on\r\n"
SMTP = b"220 ready\r\n|250-here\r\n250 STARTTLS\r\n|220 go on\r\n"


def imap_login(port: int, security: str, authority: Certificate) -> None:
    settings = ImapSettings(
        "127.0.0.1",
        port,
        security,
        "office",
        authority.authority,
        connect_timeout=0.3,
        read_timeout=0.3,
        grace=0.3,  # type: ignore[arg-type]
    )
    with open_mailbox(settings, "secret"):
        pass


def smtp_login(port: int, security: str, authority: Certificate) -> None:
    settings = SmtpSettings(
        "127.0.0.1",
        port,
        security,
        "office",
        authority.authority,
        connect_timeout=0.3,
        command_timeout=0.3,  # type: ignore[arg-type]
    )
    found = smtp.probe(settings, "secret")
    raise Unreachable(found.error or "")


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("login", "plain"), [(imap_login, IMAP), (smtp_login, SMTP)])
def test_a_handshake_that_trickles_is_given_up(
    certificate: Certificate, login: Callable[[int, str, Certificate], None], plain: bytes, security: str
) -> None:
    started = time.monotonic()
    with (
        trickling(plain if security == "starttls" else b"") as port,
        pytest.raises(Unreachable, match="no answer in time"),
    ):
        login(port, security, certificate)
    assert time.monotonic() - started < 2
    assert not [thread for thread in threading.enumerate() if thread.name == "deadline"]
