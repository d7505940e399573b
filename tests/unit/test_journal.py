"""Log lines: one event a line, readable Chinese, and nothing foreign breaks out of its field."""

from __future__ import annotations

import logging

import pytest

from intake import journal
from intake.ports import Deferred


def logged(caplog: pytest.LogCaptureFixture, why: str) -> str:
    with caplog.at_level(logging.INFO, "intake"):
        journal.deferred("receive", Deferred(why))
    return caplog.messages[-1]


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("timeout", "timeout"),
        ("垃圾邮件", "垃圾邮件"),
        ("没有 文件夹", "'没有 文件夹'"),
        ("", "''"),
        ("a\nletter-sent letter=L000001", r"'a\nletter-sent letter=L000001'"),
        ("' retry=no '", r"'\' retry=no \''"),
        ('say "x"', r"'say \"x\"'"),
        ("back\\", r"'back\\'"),
        ("\\'", r"'\\\''"),
        ("a\u202eb\u200bc\u2028d\x1b[0m\x85", r"'a\u202eb\u200bc\u2028d\x1b[0m\x85'"),
        ("全\u3000角", r"'全\u3000角'"),
        ("\ud800", r"'\ud800'"),
        ("550 13812345678@139.com", "'550 138****5678@139.com'"),
        ("x" * 1_000_000, "x" * journal.LONGEST_FIELD + "..."),
    ],
)
def test_what_is_foreign_stays_in_its_field(caplog: pytest.LogCaptureFixture, why: str, shown: str) -> None:
    assert logged(caplog, why) == f"deferred what=receive why={shown}"


def test_a_crash_tells_its_place_and_every_further_line_is_indented(caplog: pytest.LogCaptureFixture) -> None:
    words = "坏了\n2024-06-05 INFO letter-sent letter=L000001\u202e"
    with pytest.raises(ValueError, match="坏了") as caught:
        int(words)
    journal.crashed("M000001", caught.value, None)
    journal.job_crashed("poll", caught.value)

    assert caplog.messages[0].startswith("crashed mail=M000001 why=ValueError")
    assert caplog.messages[2] == "crashed job=poll why=ValueError"
    assert caplog.messages[3] == caplog.messages[1]
    first, *rest = caplog.messages[1].split("\n")
    assert first == "traceback"
    assert all(line.startswith("    ") for line in rest)
    assert any("test_journal.py" in line for line in rest)
    assert "坏了" not in caplog.text, "the words of the error may be the mail's"
    assert "\u202e" not in caplog.text


def test_many_problems_of_the_configuration_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    journal.misconfigured("poll", ValueError("one\ntwo"))

    assert caplog.messages == [r"misconfigured job=poll why='one\ntwo'"]
