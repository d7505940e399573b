"""Who vouches for the address in From, and who says it is forged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.vouching import HostVerdict, MethodResult, Vouched, vouched

HOST = "mx.example.cn"
SENDER = "kjj@weishan.gov.cn"
FAIL, PASS, SIGNED = Vouched.HOST_FAIL, Vouched.HOST_PASS, Vouched.SIGNED


def of(*results: tuple[str, str, dict[str, str]], host: str = HOST) -> HostVerdict:
    return HostVerdict(host, tuple(MethodResult(*each) for each in results))


def said(*verdicts: HostVerdict, signed: frozenset[str] = frozenset(), sender: str = SENDER) -> tuple[Vouched, ...]:
    return vouched(sender, verdicts, frozenset({HOST}), signed)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (of(), ()),
        (of(("dmarc", "fail", {"header.from": "weishan.gov.cn"})), (FAIL,)),
        (of(("dmarc", "pass", {"header.from": "weishan.gov.cn"}), ("spf", "fail", {})), (PASS,)),
        (of(("dmarc", "fail", {"header.from": "other.cn"})), ()),
        (of(("dmarc", "none", {}), ("dkim", "pass", {"header.d": "gov.cn"})), (PASS,)),
        (of(("dkim", "pass", {"header.d": "mail.weishan.gov.cn"})), ()),
        (of(("dkim", "pass", {"header.d": "cn"})), ()),
        (of(("dkim", "pass", {"header.i": "@weishan.gov.cn"})), (PASS,)),
        (of(("dkim", "fail", {"header.d": "weishan.gov.cn"})), ()),
        (of(("spf", "pass", {"smtp.mailfrom": "bounce@weishan.gov.cn"})), (PASS,)),
        (of(("spf", "pass", {"smtp.mailfrom": "other.cn"})), ()),
        (of(("spf", "fail", {"smtp.mailfrom": "kjj@weishan.gov.cn"})), (FAIL,)),
        (of(("spf", "fail", {"smtp.mailfrom": "other.cn"})), ()),
        (of(("spf", "softfail", {"smtp.mailfrom": "weishan.gov.cn"})), ()),
        (
            of(
                ("spf", "fail", {"smtp.mailfrom": "weishan.gov.cn"}),
                ("dkim", "pass", {"header.d": "weishan.gov.cn"}),
            ),
            (PASS,),
        ),
    ],
)
def test_what_one_host_says(verdict: HostVerdict, expected: tuple[Vouched, ...]) -> None:
    assert said(verdict) == expected


def test_a_host_that_is_not_named_says_nothing() -> None:
    assert said(of(("dmarc", "pass", {}), host="forged.example")) == ()
    assert said(of(("dmarc", "fail", {}), host="forged.example")) == ()


def test_where_hosts_disagree_the_mail_waits() -> None:
    assert said(of(("dmarc", "pass", {})), of(("dmarc", "fail", {}))) == (FAIL,)


def test_what_a_host_says_in_several_fields_is_one_word() -> None:
    spf, dkim, dmarc = (
        of(("spf", "fail", {"smtp.mailfrom": "weishan.gov.cn"})),
        of(("dkim", "pass", {"header.d": "weishan.gov.cn"})),
        of(("dmarc", "pass", {})),
    )
    assert said(spf, dkim, dmarc) == said(dmarc, dkim, spf) == said(spf, dkim) == (PASS,)
    assert said(spf, of(("dmarc", "fail", {}))) == (FAIL,)


def test_a_field_that_was_not_read_whole_may_have_said_fail() -> None:
    unread = HostVerdict(HOST, (), whole=False)

    assert said(of(("dmarc", "pass", {})), unread) == (Vouched.HOST_UNREAD,)
    assert said(of(("dmarc", "fail", {})), unread) == (FAIL,)
    assert said(HostVerdict("forged.example", (), whole=False)) == ()


def test_a_signature_of_the_senders_domain_speaks_for_it() -> None:
    assert said(signed=frozenset({"weishan.gov.cn"})) == (SIGNED,)
    assert said(signed=frozenset({"evil.example", "n.gov.cn"})) == ()
    assert said(of(("dmarc", "fail", {})), signed=frozenset({"weishan.gov.cn"})) == (FAIL, SIGNED)


@given(st.lists(st.sampled_from(["pass", "fail", "none", "temperror"])), st.text(max_size=20))
def test_whoever_is_not_named_in_the_configuration_changes_nothing(results: list[str], host: str) -> None:
    verdict = HostVerdict(host, tuple(MethodResult("dmarc", each) for each in results))

    assert vouched(SENDER, (verdict,), frozenset(), frozenset()) == ()
