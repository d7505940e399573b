"""Domains that are made to be taken for one of the roster, and domains that only happen to be near."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.lookalike import looks_like, skeleton

OWN = {"weishan.gov.cn", "qufu.gov.cn", "qq.com"}


@pytest.mark.parametrize(
    "domain",
    [
        "weish\u0430n.gov.cn", "xn--weishn-8nf.gov.cn", "we1shan.gov.cn", "weishan-gov.cn",
        "weishan.gov.cn.evil.example",
        "wei-shan.gov.cn", "weishan.g0v.cn", "weishann.gov.cn", "weishn.gov.cn", "wieshan.gov.cn", "vveishan.gov.cn",
        "weishan.gov.cm", "w\u00e9ishan.gov.cn", "WEISHAN-GOV.CN",
    ],
)  # fmt: skip
def test_what_is_made_to_be_taken_for_it_is_told(domain: str) -> None:
    assert looks_like(domain, OWN) == "weishan.gov.cn"


@pytest.mark.parametrize(
    "domain",
    [
        "weishan.gov.cn", "mail.weishan.gov.cn", "qufu.gov.cn", "rencheng.gov.cn", "gov.cn", "163.com", "foxmail.com",
        "qq.com", "vip.qq.com", "qq.cn", "xn--", "xn--\u00fc", "", "example.com",
    ],
)  # fmt: skip
def test_what_is_it_or_is_far_from_it_is_not(domain: str) -> None:
    assert looks_like(domain, OWN) is None


@pytest.mark.parametrize(
    ("domain", "own"),
    [("sdlq.gov.cn", "sdly.gov.cn"), ("wsh.gov.cn", "wss.gov.cn"), ("hbs.gov.cn", "hbt.gov.cn")],
)
def test_short_names_of_honest_offices_differ_by_a_letter(domain: str, own: str) -> None:
    assert looks_like(domain, {own}) is None


@pytest.mark.parametrize("domain", ["l63.com", "w\u0455s.gov.cn", "wss-gov.cn", "wss.gov.cn.x.example"])
def test_what_looks_the_same_is_told_of_short_names_and_providers_too(domain: str) -> None:
    own = "163.com" if domain == "l63.com" else "wss.gov.cn"
    assert looks_like(domain, {own}) == own


@pytest.mark.parametrize("domain", ["126.com", "139.com", "1163.com", "16.com", "163.com.cn", "vip.163.com"])
def test_providers_that_differ_by_a_digit_are_not(domain: str) -> None:
    assert looks_like(domain, {"163.com"}) is None


@given(st.text(max_size=60))
def test_any_words_have_a_skeleton(domain: str) -> None:
    assert skeleton(domain) == skeleton(domain.casefold()) or not domain.isascii()
    assert looks_like(domain, OWN) in (None, *OWN)


@given(st.sampled_from("abcdefghijkmpqrstuxyz"), st.integers(0, 12))
def test_one_letter_more_anywhere_is_told(letter: str, place: int) -> None:
    own = "weishan.gov.cn"
    assert looks_like(own[:place] + letter + own[place:], {own}) in (own, None if place == 0 else own)
