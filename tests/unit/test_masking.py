"""Numbers of people are hidden wherever they stand, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.masking import masked


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("13812345678", "138****5678"),
        ("张三13812345678", "张三138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("138 1234 5678", "138******5678"),
        ("138-1234-5678。", "138******5678。"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        ("138\u200b1234\u202e5678", "138\u200b****\u202e5678"),
        ("138  1234 \u3000 5678", "138" + "*" * 9 + "5678"),
        ("13812345678@139.com", "138****5678@139.com"),
        ("0537-2345678", "0537******78"),
        ("010 12345678", "010*******78"),
        ("身份证370826199001011234.jpg", "身份证370826********1234.jpg"),
        ("37082619900101123X", "370826********123X"),
        ("370826900101123", "370826******123"),
        ("6222021234567890123", "6222***********0123"),
    ],
)
def test_a_number_keeps_its_head_and_its_tail(written: str, shown: str) -> None:
    assert masked(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "20240611", "2024-06-11 23:59:59", "IMG_20240611_101530.jpg", "M000012", "1.5 MB", "1920x1080",
        "12345678901234",
        "370826991301123", "370826199013011234", "a13812345678f", "科技活动周总结材料", "123456@qq.com",
        "e19a242e8caff1248722ed6df317fbebf947d7df374859ea7862b9aea4337f46", "INBOX/1795713499/1",
    ],
)  # fmt: skip
def test_what_is_nobodys_number_stays(text: str) -> None:
    assert masked(text) == text


@given(
    st.text(st.characters(exclude_categories=("Nd",), exclude_characters="abcdefABCDEF-+ \u00a0"), max_size=9),
    st.from_regex(r"\A1[3-9][0-9]{9}\Z"),
    st.text(st.characters(exclude_categories=("Nd",), exclude_characters="abcdefABCDEF"), max_size=9),
)
def test_no_mobile_number_gets_through_and_the_rest_is_as_it_was(before: str, number: str, after: str) -> None:
    shown = masked(before + number + after)
    assert shown == f"{before}{number[:3]}****{number[-4:]}{after}"
    assert masked(shown) == shown
