"""Authentication-Results (RFC 8601): heard only above every Received field, and only where it fits the grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.adapters.mail.authentication import host_verdicts, read_verdict
from intake.adapters.mail.headers import fields
from intake.adapters.reading.grammar import message_of, told
from intake.domain.mail import Message
from intake.domain.vouching import HostVerdict, MethodResult
from tests.samples import mails

OURS = b"Authentication-Results: mx.example.cn; dmarc=fail header.from=a.cn\r\n"
RECEIVED = b"Received: from x by mx.example.cn; Mon, 3 Jun 2024 09:00:00 +0800\r\n"


LONG = """mx.example.cn (a (nested) word);\r
\tdkim=pass (2048-bit key; unprotected) header.d=A.cn header.s="s1"\r
\theader.b=AbC/; dmarc = pass reason="good; really" header.from=a.cn"""


def hosts(block: bytes) -> list[str]:
    return [verdict.authserv for verdict in host_verdicts(fields(block))]


def test_only_what_stands_above_every_received_field_is_heard() -> None:
    forged = b"Authentication-Results: forged.example; dmarc=pass\r\n"

    assert hosts(OURS + RECEIVED + forged) == ["mx.example.cn"]
    assert hosts(RECEIVED + OURS + forged) == []
    assert hosts(OURS + b"Subject: x\r\n" + OURS + RECEIVED) == ["mx.example.cn"] * 2


def test_without_a_received_field_nobody_is_believed() -> None:
    assert hosts(OURS + b"Subject: x\r\n") == []


@pytest.mark.parametrize(
    ("value", "results"),
    [
        ("mx.example.cn; none", []),
        ("MX.example.cn 1; spf=pass", [("spf", "pass", {})]),
        ("mx.example.cn; spf=fail smtp.mailfrom=a@B.cn", [("spf", "fail", {"smtp.mailfrom": "a@b.cn"})]),
        (LONG, None),
        ("mx.example.cn; dkim/1=pass header.d=a.cn", [("dkim", "pass", {"header.d": "a.cn"})]),
        ("mx.example.cn;", []),
    ],
)  # fmt: skip
def test_a_verdict_is_read(value: str, results: list[tuple[str, str, dict[str, str]]] | None) -> None:
    verdict = read_verdict(value)

    assert verdict is not None
    assert verdict.authserv == "mx.example.cn"
    if results is None:
        assert [(each.method, each.result) for each in verdict.results] == [("dkim", "pass"), ("dmarc", "pass")]
        assert verdict.results[0].properties["header.d"] == "a.cn"
    else:
        assert [(each.method, each.result, dict(each.properties)) for each in verdict.results] == results


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.cn; dmarc=pass",
        "mx.example.cn 2; spf=pass",
        "two words here; spf=pass",
        "(never ends mx.example.cn; dmarc=fail",
    ],
)
def test_a_field_that_does_not_say_who_speaks_says_nothing(value: str) -> None:
    assert read_verdict(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "mx.example.cn; spf",
        "mx.example.cn; spf==pass",
        "mx.example.cn; spf=pass smtp.mailfrom",
        "mx.example.cn; spf=pass (never ends",
        'mx.example.cn; spf="never ends',
        "mx.example.cn; dkim=fail (bad :( ) header.d=b.cn; dmarc=fail",
        'mx.example.cn; spf=none (of "x) y.z="@b.cn) smtp.mailfrom=b.cn; dmarc=fail',
        "mx.example.cn; spf=fail smtp.mailfrom=" + "a" * 1_001,
        "mx.example.cn; " + "; ".join(f"dkim=none header.s=s{n}" for n in range(101)),
        "mx.example.cn; dkim=none" + " " * 8_000 + "; dmarc=fail",
    ],
)
def test_a_field_that_cannot_be_read_is_not_whole(value: str) -> None:
    verdict = read_verdict(value)

    assert verdict is not None
    assert (verdict.authserv, verdict.whole) == ("mx.example.cn", False)
    assert message_of(told(Message(verdicts=(verdict,)))).verdicts == (verdict,)


def test_what_does_not_fit_and_is_about_no_method_that_is_heard_does_no_harm() -> None:
    verdict = read_verdict("mx.example.cn; compauth = = 100; dmarc=pass")

    assert verdict == HostVerdict("mx.example.cn", (MethodResult("dmarc", "pass"),))


@pytest.mark.parametrize(
    "before",
    [
        'spf=none smtp.mailfrom="a b"@evil.cn',
        'spf=none smtp.mailfrom="a; b"@evil.cn',
        r'spf=none smtp.mailfrom="a\"b"@evil.cn',
        'spf=none smtp.helo="("; x-y=none z.z=")"',
        "spf=none smtp.mailfrom=",
        "spf=none smtp.mailfrom= smtp.helo=x",
        "spf=none smtp.mailfrom=<>",
        r'dkim=fail reason="a\"b" header.d=evil.cn',
        "dkim=fail (bad :) ) header.d=evil.cn",
        "dkim=fail (a ) b) header.d=evil.cn header.b=a/+=",
        "dkim=fail " + "(" * 100 + ")" * 100 + " header.d=evil.cn",
    ],
)
def test_whatever_a_sender_makes_the_host_write_a_fail_is_heard(before: str) -> None:
    verdict = read_verdict(f"mx.example.cn; {before}; dmarc=fail header.from=<a.cn>")

    assert verdict is not None
    assert verdict.results[-1] == MethodResult("dmarc", "fail", {"header.from": "a.cn"})


def test_a_quoted_local_part_is_no_domain() -> None:
    verdict = read_verdict('mx.example.cn; spf=pass smtp.mailfrom="kjj@a.cn"@evil.cn')

    assert verdict is not None
    assert verdict.results[0].properties["smtp.mailfrom"] == "kjj@a.cn@evil.cn"


def test_an_empty_value_takes_nothing_of_what_follows() -> None:
    verdict = read_verdict("mx.example.cn; dkim=pass header.i= header.d=a.cn; spf=pass smtp.mailfrom = b.cn")

    assert verdict is not None
    assert [dict(each.properties) for each in verdict.results] == [
        {"header.i": "", "header.d": "a.cn"},
        {"smtp.mailfrom": "b.cn"},
    ]


def test_of_more_fields_than_are_read_none_is_whole() -> None:
    verdicts = host_verdicts(fields(OURS * 101 + RECEIVED))

    assert len(verdicts) == 100
    assert not any(each.whole for each in verdicts)


def test_a_mail_carries_what_its_last_host_said_through_the_child(tmp_path: Path) -> None:
    octets = OURS + RECEIVED + b"From: a@a.cn\r\nSubject: x\r\n\r\nhello\r\n"

    message = mails.read(octets, tmp_path).message

    assert message.verdicts == (
        HostVerdict("mx.example.cn", (MethodResult("dmarc", "fail", {"header.from": "a.cn"}),)),
    )
    assert message_of(told(message)) == message
