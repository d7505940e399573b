"""TLS to the mail server is verified always: whatever is wrong with it, no letter and no password leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from intake.adapters.smtp import SmtpSettings, open_courier
from intake.ports import Deferred, Unreachable
from tests.servers.certificate import Certificate, make_certificate, make_expired_certificate
from tests.servers.moody import LAST_LINE, Act, Moody, running_moody

OFFICE, COUNTY = "office@jining.test", "kjj@weishan.test"
LETTER = b"Subject: x\r\n\r\n" + LAST_LINE

Security = Literal["tls", "starttls"]


@contextmanager
def serving(certificate: Certificate, security: Security) -> Iterator[Moody]:
    with running_moody(Moody(tls=certificate.server_context(), implicit=security == "tls")) as server:
        yield server


def send(server: Moody, security: Security, before_dot: Callable[[], None] = lambda: None, **changes: Any) -> None:
    settings = SmtpSettings("localhost", server.port, security, "office", **{"connect_timeout": 5.0, **changes})
    with open_courier(settings, "secret") as courier:
        courier.send(OFFICE, [COUNTY], LETTER, before_dot)


def assert_untouched(server: Moody) -> None:
    assert server.taken == []
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


@pytest.fixture(params=["tls", "starttls"])
def security(request: pytest.FixtureRequest) -> Security:
    chosen: Security = request.param
    return chosen


def test_a_trusted_certificate_lets_a_letter_through(certificate: Certificate, security: Security) -> None:
    with serving(certificate, security) as server:
        send(server, security, ca_file=certificate.authority)
        assert [received.octets for received in server.taken] == [LETTER]


def test_a_certificate_of_an_unknown_authority(certificate: Certificate, tmp_path: Path, security: Security) -> None:
    stranger = make_certificate(tmp_path, "stranger")
    with serving(certificate, security) as server:
        with pytest.raises(Unreachable, match="not trusted"):
            send(server, security, ca_file=stranger.authority)
        assert_untouched(server)


def test_a_certificate_that_no_system_authority_signed(certificate: Certificate, security: Security) -> None:
    with serving(certificate, security) as server:
        with pytest.raises(Unreachable, match="not trusted"):
            send(server, security)
        assert_untouched(server)


def test_a_certificate_for_another_host(tmp_path: Path, security: Security) -> None:
    other = make_certificate(tmp_path, "other", "mail.other.test")
    with serving(other, security) as server:
        with pytest.raises(Unreachable, match="Hostname mismatch"):
            send(server, security, ca_file=other.authority)
        assert_untouched(server)


def test_a_certificate_whose_time_is_over(tmp_path: Path, security: Security) -> None:
    old = make_expired_certificate(tmp_path)
    with serving(old, security) as server:
        with pytest.raises(Unreachable, match="expired"):
            send(server, security, ca_file=old.authority)
        assert_untouched(server)


def test_starttls_that_somebody_took_out_of_the_answer(certificate: Certificate) -> None:
    with running_moody(Moody()) as server:
        with pytest.raises(Unreachable, match="STARTTLS"):
            send(server, "starttls", ca_file=certificate.authority)
        assert_untouched(server)


@pytest.mark.parametrize("answer", [b"454 4.7.0 not now\r\n", b"502 5.5.1 what\r\n", b"250 fine\r\n"])
def test_starttls_that_is_refused(certificate: Certificate, answer: bytes) -> None:
    with serving(certificate, "starttls") as server:
        server.script["STARTTLS"] = [Act(answer)]
        with pytest.raises(Unreachable):
            send(server, "starttls", ca_file=certificate.authority)
        assert_untouched(server)


def test_answers_that_somebody_put_behind_starttls_are_not_believed(certificate: Certificate) -> None:
    """They come in the clear, before TLS: were they kept, they would pass for answers to what is said inside it."""
    with serving(certificate, "starttls") as server:
        injected = b"250-injected\r\n250 AUTH LOGIN\r\n235 welcome\r\n250 OK\r\n250 OK\r\n354 go\r\n250 taken\r\n"
        server.script["STARTTLS"] = [Act(b"220 go ahead\r\n" + injected)]
        server.script["EHLO"] = [Act(server.usual("EHLO")), Act(b"554 5.7.1 inside TLS\r\n")]
        server.script["HELO"] = [Act(b"554 5.7.1 inside TLS\r\n")]
        with pytest.raises(Unreachable, match=r"inside TLS|SSL"):
            send(server, "starttls", ca_file=certificate.authority)
        assert_untouched(server)


@pytest.mark.parametrize("command", ["EHLO", "AUTH"])
def test_an_answer_that_trickles_inside_tls_is_cut_off(
    certificate: Certificate, security: Security, command: str
) -> None:
    """STARTTLS puts another socket in the place of the one that was connected: it is that one which must be shut."""
    with serving(certificate, security) as server:
        plain = [Act(server.usual("EHLO"))] if (command, security) == ("EHLO", "starttls") else []
        server.script[command] = [*plain, Act(b"250-a\r\n" * 40, pause=0.1)]
        began = time.monotonic()
        with pytest.raises(Unreachable):
            send(server, security, ca_file=certificate.authority, connect_timeout=1.0, command_timeout=1.0)
        assert time.monotonic() - began < 10
        assert server.taken == []


def test_a_server_that_hangs_up_before_the_dot_has_no_letter(certificate: Certificate, security: Security) -> None:
    with serving(certificate, security) as server:
        server.script["before dot"] = [Act(then="hang up")]
        with pytest.raises(Deferred, match="connection lost"):
            send(server, security, lambda: _wait(server), ca_file=certificate.authority)


def test_an_answer_before_the_dot_is_heard(certificate: Certificate, security: Security) -> None:
    with serving(certificate, security) as server:
        server.script["before dot"] = [Act(b"452 4.3.1 disk full\r\n")]
        with pytest.raises(Deferred, match=r"452 4\.3\.1 disk full"):
            send(server, security, lambda: _wait(server), ca_file=certificate.authority)
        assert server.taken == []


def _wait(server: Moody) -> None:
    """Until what the server did has arrived here."""
    assert server.acted.wait(5)
    server.over.wait(0.05)
