"""The SMTP adapter against aiosmtpd: what arrives, and which refusals are for good."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from intake.adapters import smtp
from intake.adapters.smtp import SmtpSettings
from intake.ports import Courier, Deferred, LoginRefused, Owed, Refused, Throttled
from tests.servers.certificate import Certificate, make_certificate
from tests.servers.ports import free_ports
from tests.servers.smtp import HANG_UP, PASSWORD, Received, SmtpSink, running_sink

OFFICE = "office@jining.test"
COUNTY = "kjj@weishan.test"
LETTER = b"Subject: =?utf-8?B?5Zue5omn?=\r\n\r\n.\r\n..two dots\r\nend\r\n"


def nothing() -> None:
    """Before the final dot."""


def settings(sink: SmtpSink, **changes: Any) -> SmtpSettings:
    values: dict[str, Any] = {"host": "127.0.0.1", "port": sink.port, "security": "none", "connect_timeout": 2.0}
    return SmtpSettings(**(values | changes))


@pytest.fixture
def courier(sink: SmtpSink) -> Iterator[Courier]:
    with smtp.open_courier(settings(sink), None) as opened:
        yield opened


def test_a_letter_arrives_octet_by_octet(sink: SmtpSink, courier: Courier) -> None:
    courier.send(OFFICE, [COUNTY, "x+y@rencheng.test"], LETTER, nothing)
    assert sink.received == [Received(OFFICE, (COUNTY, "x+y@rencheng.test"), LETTER)]
    assert sink.ehlo_names == ["[127.0.0.1]"]


def test_the_null_sender_is_empty(sink: SmtpSink, courier: Courier) -> None:
    courier.send("", [COUNTY], LETTER, nothing)
    assert sink.received == [Received("", (COUNTY,), LETTER)]


def test_utf_8_octets_arrive(sink: SmtpSink, courier: Courier) -> None:
    courier.send(OFFICE, [COUNTY], "Subject: x\r\n\r\n济宁\r\n".encode(), nothing)
    assert sink.received[0].octets.endswith("济宁\r\n".encode())


def test_all_letters_go_over_one_connection(sink: SmtpSink, courier: Courier) -> None:
    for _ in range(5):
        courier.send(OFFICE, [COUNTY], LETTER, nothing)
    assert len(sink.received) == 5
    assert sink.connections == 1


def test_nothing_to_send_is_no_connection(sink: SmtpSink) -> None:
    with smtp.open_courier(settings(sink), None):
        pass
    assert sink.connections == 0


def test_a_connection_closed_between_letters_is_opened_again(sink: SmtpSink, courier: Courier) -> None:
    courier.send(OFFICE, [COUNTY], LETTER, nothing)
    sink.close_idle()
    time.sleep(0.05)
    courier.send(OFFICE, [COUNTY], LETTER, nothing)
    assert len(sink.received) == 2
    assert sink.connections == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        ("451 4.7.1 greylisted", Deferred),
        ("503 5.5.1 need MAIL", Deferred),
        ("550 5.7.1 not wanted", Refused),
        ("530 5.7.0 log in first", LoginRefused),
    ],
)
def test_a_refusal_leaves_the_connection_fit_for_the_next_letter(
    sink: SmtpSink, courier: Courier, stage: Any, reply: str, failure: type[Exception]
) -> None:
    failure = Throttled if (stage, failure) == ("MAIL", Refused) else failure
    sink.say(stage, reply)
    with pytest.raises(failure, match=reply[4:]):
        courier.send(OFFICE, [COUNTY], LETTER, nothing)
    sink.received.clear()
    courier.send("", ["other@county.test"], LETTER, nothing)
    assert sink.received == [Received("", ("other@county.test",), LETTER)]
    assert sink.connections == 1


def test_the_words_of_a_refusal_are_one_line(sink: SmtpSink, courier: Courier) -> None:
    sink.say("RCPT", "550-first\r\n550 second\x07")
    with pytest.raises(Refused) as refusal:
        courier.send(OFFICE, [COUNTY], LETTER, nothing)
    assert str(refusal.value) == f"recipient {COUNTY}: 550 first second"


def test_one_unknown_recipient_does_not_keep_the_letter_from_the_others(sink: SmtpSink, courier: Courier) -> None:
    sink.refuse("gone@county.test", "550 5.1.1 no such user")
    with pytest.raises(Refused, match=r"gone@county\.test: 550 .*the other recipients have the letter"):
        courier.send(OFFICE, [COUNTY, "gone@county.test", "third@county.test"], LETTER, nothing)
    assert sink.received == [Received(OFFICE, (COUNTY, "third@county.test"), LETTER)]


def test_a_recipient_who_cannot_take_it_now_delays_nobody_else(sink: SmtpSink, courier: Courier) -> None:
    sink.refuse("full@county.test", "452 4.2.2 mailbox full")
    with pytest.raises(Owed, match=r"full@county\.test: 452 .*the other recipients have the letter") as owed:
        courier.send(OFFICE, [COUNTY, "full@county.test"], LETTER, nothing)
    assert owed.value.recipients == ("full@county.test",)
    assert sink.received == [Received(OFFICE, (COUNTY,), LETTER)]


def test_a_refusal_is_not_forgotten_while_somebody_else_is_deferred(sink: SmtpSink, courier: Courier) -> None:
    sink.refuse("full@county.test", "452 4.2.2 mailbox full")
    sink.refuse("gone@county.test", "550 5.1.1 no such user")
    with pytest.raises(Owed) as owed:
        courier.send(OFFICE, ["gone@county.test", COUNTY, "full@county.test"], LETTER, nothing)
    assert owed.value.recipients == ("gone@county.test", "full@county.test")
    with pytest.raises(Deferred, match="452"):
        courier.send(OFFICE, owed.value.recipients, LETTER, nothing)
    assert len(sink.received) == 1


def test_no_recipient_left_sends_nothing(sink: SmtpSink, courier: Courier) -> None:
    sink.say("RCPT", "550 no", "551 no")
    with pytest.raises(Refused, match=r"550 no; .*551 no"):
        courier.send(OFFICE, [COUNTY, "b@county.test"], LETTER, nothing)
    assert sink.received == []


@pytest.mark.parametrize(
    ("stage", "failure"),
    [("MAIL", "connection lost"), ("RCPT", "connection lost"), ("DATA", "no answer to the final dot")],
)
def test_a_connection_lost_on_the_way_is_deferred(sink: SmtpSink, courier: Courier, stage: Any, failure: str) -> None:
    sink.say(stage, HANG_UP)
    with pytest.raises(Deferred, match=failure):
        courier.send(OFFICE, [COUNTY], LETTER, nothing)
    sink.received.clear()
    courier.send(OFFICE, [COUNTY], LETTER, nothing)
    assert sink.received == [Received(OFFICE, (COUNTY,), LETTER)]


def test_421_is_deferred_and_the_next_letter_goes_out(sink: SmtpSink, courier: Courier) -> None:
    sink.say("DATA", "421 4.3.2 shutting down")
    with pytest.raises(Deferred, match="421"):
        courier.send(OFFICE, [COUNTY], LETTER, nothing)
    courier.send(OFFICE, [COUNTY], LETTER, nothing)


def test_a_server_that_is_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = SmtpSettings("127.0.0.1", listener.getsockname()[1], "none", connect_timeout=0.2)
        started = time.monotonic()
        with pytest.raises(Deferred, match="cannot connect"), smtp.open_courier(silent, None) as courier:
            courier.send(OFFICE, [COUNTY], LETTER, nothing)
        assert time.monotonic() - started < 2


def test_nobody_listening_is_deferred() -> None:
    nobody = SmtpSettings("127.0.0.1", free_ports(1)[0], "none")
    with pytest.raises(Deferred, match="Connection refused"), smtp.open_courier(nobody, None) as courier:
        courier.send(OFFICE, [COUNTY], LETTER, nothing)


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nRCPT TO:<victim@x.test>",
        "a@b>\r\nDATA",
        "a@b\n",
        "a b@c.test",
        "<a@b.test>",
        "a@b.test, c@d.test",
        "张三@weishan.test",
        "a@微山.test",
        "a@b@c.test",
        "a@-b.test",
        "a..b@c.test",
        '"a b"@c.test',
        "a",
        "",
        "a" * 65 + "@b.test",
        "a@" + "b" * 64 + ".test",
        "a@" + ("b" * 60 + ".") * 5 + "test",
    ],
)
def test_an_address_that_smtp_cannot_carry_is_refused_before_it_is_sent(
    sink: SmtpSink, courier: Courier, address: str
) -> None:
    with pytest.raises(Refused, match="not an address") as refusal:
        courier.send(OFFICE, [COUNTY, address], LETTER, nothing)
    assert "\n" not in str(refusal.value)
    if address:
        with pytest.raises(Refused, match="not an address"):
            courier.send(address, [COUNTY], LETTER, nothing)
    assert sink.connections == 0


@pytest.mark.parametrize("octets", [b"a\n", b"a\r\n.\n.\r\n", b"a\rb\r\n", b"a\r"])
def test_a_letter_with_lone_line_ends_is_our_fault(courier: Courier, octets: bytes) -> None:
    with pytest.raises(ValueError, match="CR LF"):
        courier.send(OFFICE, [COUNTY], octets, nothing)


def test_a_letter_without_a_recipient_is_our_fault(courier: Courier) -> None:
    with pytest.raises(ValueError, match="recipient"):
        courier.send(OFFICE, [], LETTER, nothing)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_and_login(certificate: Certificate, security: Any) -> None:
    with running_sink(security, certificate, login=True) as sink:
        secure = settings(sink, security=security, ca_file=certificate.authority, username="office")
        with smtp.open_courier(secure, PASSWORD) as courier:
            courier.send(OFFICE, [COUNTY], LETTER, nothing)
            courier.send(OFFICE, [COUNTY], LETTER, nothing)
        assert [letter.octets for letter in sink.received] == [LETTER, LETTER]
        assert sink.logins == ["taken"]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_another_authority_is_deferred(certificate: Certificate, tmp_path: Any, security: Any) -> None:
    stranger = make_certificate(tmp_path, "stranger")
    with running_sink(security, certificate) as sink:
        insecure = settings(sink, security=security, ca_file=stranger.authority)
        with pytest.raises(Deferred, match="not trusted"), smtp.open_courier(insecure, None) as courier:
            courier.send(OFFICE, [COUNTY], LETTER, nothing)
        assert sink.received == []


def test_a_server_without_starttls_gets_no_letter(sink: SmtpSink, certificate: Certificate) -> None:
    wanted = settings(sink, security="starttls", ca_file=certificate.authority)
    with pytest.raises(Deferred, match="STARTTLS"), smtp.open_courier(wanted, None) as courier:
        courier.send(OFFICE, [COUNTY], LETTER, nothing)
    assert sink.received == []


def test_a_wrong_password_is_a_refused_login_and_no_verdict_on_the_letter() -> None:
    with running_sink(login=True) as sink, smtp.open_courier(settings(sink, username="office"), "hunter2") as courier:
        with pytest.raises(LoginRefused, match="logging in: 535") as refusal:
            courier.send(OFFICE, [COUNTY], LETTER, nothing)
        assert "hunter2" not in str(refusal.value)


def test_a_password_that_cannot_be_sent_is_a_refused_login() -> None:
    with (
        running_sink(login=True) as sink,
        smtp.open_courier(settings(sink, username="office"), "密码") as courier,
        pytest.raises(LoginRefused, match="ASCII"),
    ):
        courier.send(OFFICE, [COUNTY], LETTER, nothing)


def test_a_probe_tells_features_and_login(sink: SmtpSink) -> None:
    found = smtp.probe(settings(sink), None)
    assert "SIZE 50000000" in found.features
    assert (found.logged_in, found.error) == (False, None)
    with running_sink(login=True) as guarded:
        assert smtp.probe(settings(guarded, username="office"), PASSWORD).logged_in
        refused = smtp.probe(settings(guarded, username="office"), "wrong")
    assert not refused.logged_in
    assert "535" in str(refused.error)
