"""Mail that nobody wrote to be answered, and mail that only looks like it. A mistake either way costs somebody."""

from __future__ import annotations

from typing import Any

import pytest

from intake.domain.robots import AUTOMATIC_CODES, automatic
from tests.unit.builders import KNOWN, OWN, message

PEOPLE: list[tuple[str, dict[str, Any]]] = [
    ("a plain mail", {}),
    ("RFC 3834: the value for people", {"headers": {"Auto-Submitted": "no"}}),
    ("the same with a comment", {"headers": {"Auto-Submitted": "No (a person)"}}),
    ("an empty value says nothing", {"headers": {"Auto-Submitted": ""}}),
    ("every Exchange server sets it", {"headers": {"X-Auto-Response-Suppress": "All"}}),
    ("QQ webmail sets it on what people write", {"headers": {"Feedback-ID": "webmail:foxmail.com:bgweb:bgweb17"}}),
    ("a person answers an automatic reply", {"subject": "Re: 自动回复：出差"}),
    ("the words in the middle", {"subject": "关于设置自动回复的通知"}),
    ("a person answers a bounce", {"subject": "回复: 退信"}),
    ("a person who forwards", {"subject": "转发: Undelivered Mail Returned to Sender"}),
    ("an ordinary precedence", {"headers": {"Precedence": "normal"}}),
    ("an ordinary return path", {"headers": {"Return-Path": f"<{KNOWN}>"}}),
    ("a name that begins like a robot's", {"sender": "rootlee@example.cn"}),
    ("a name with reply in it", {"sender": "reply2024@example.cn"}),
    ("QQ marks answers of people so", {"headers": {"X-QQ-ReplyHash": "123"}}),
    ("no sender at all", {"sender": None}),
    ("a name that begins like a bounce", {"sender": "bouncey@example.cn"}),
    ("a bounce that is forwarded", {"part_types": ("multipart/mixed", "text/plain", "message/rfc822")}),
    (
        "a bounce that is taken apart and sent on with a report",
        {"part_types": ("multipart/mixed", "multipart/report", "text/plain", "application/pdf")},
    ),
]

ROBOTS: list[tuple[str, dict[str, Any]]] = [
    ("own-letter", {"sender": OWN}),
    ("own-letter", {"sender": OWN, "headers": {"Auto-Submitted": "auto-replied"}}),
    ("automatic-reply", {"headers": {"Auto-Submitted": "auto-replied"}}),
    ("automatic-reply", {"headers": {"Auto-Submitted": "auto-generated; owner-email=a@b.cn"}}),
    ("automatic-reply", {"headers": {"Auto-Submitted": "Auto-Replied(vacation)"}}),
    ("automatic-reply", {"headers": {"X-Autoreply": "yes"}}),
    ("automatic-reply", {"headers": {"X-Autorespond": "vacation"}}),
    ("automatic-reply", {"headers": {"X-Auto-Reply": "yes"}}),
    ("automatic-reply", {"headers": {"X-Loop": "a@example.cn"}}),
    ("automatic-reply", {"sender": "autoreply@example.cn"}),
    ("automatic-reply", {"sender": "auto-reply_kjj@example.cn"}),
    ("automatic-reply", {"headers": {"Precedence": " Auto_Reply "}}),
    ("automatic-reply", {"subject": "自动回复：我在休假"}),
    ("automatic-reply", {"subject": "【自动回复】科技活动周"}),
    ("automatic-reply", {"subject": "Automatic reply: 科技活动周"}),
    ("automatic-reply", {"subject": "Out of Office: re"}),
    ("automatic-reply", {"headers": {"Return-Path": "<>", "Auto-Submitted": "auto-replied"}}),
    ("bounce", {"headers": {"Return-Path": "<>"}}),
    ("bounce", {"sender": "postmaster@example.cn"}),
    ("bounce", {"sender": "mailer-daemon@qq.com", "subject": "hello"}),
    ("bounce", {"sender": "bounce+abc=def@example.cn"}),
    ("bounce", {"subject": "系统退信/System bounce"}),
    ("bounce", {"subject": "来自qq.com的退信"}),
    ("bounce", {"subject": "Undeliverable: 科技活动周"}),
    ("bounce", {"content_type": "multipart/report"}),
    ("bounce", {"part_types": ("multipart/mixed", "message/delivery-status")}),
    ("bounce", {"sender": "bounce123@example.cn"}),
    ("bounce", {"sender": "bounces_1@example.cn"}),
    ("bounce", {"part_types": ("multipart/mixed", "multipart/report", "text/plain", "text/rfc822-headers")}),
    ("read-receipt", {"subject": "已读：科技活动周"}),
    ("read-receipt", {"content_type": "multipart/report", "part_types": ("message/disposition-notification",)}),
    ("mailing-list", {"headers": {"List-Unsubscribe": "<mailto:x@example.cn>"}}),
    ("mailing-list", {"headers": {"List-Id": "<news.example.cn>"}}),
    ("mailing-list", {"headers": {"Precedence": "bulk"}}),
    ("mailing-list", {"headers": {"Precedence": "Junk"}}),
    ("mailing-list", {"sender": "no-reply@example.cn"}),
    ("mailing-list", {"sender": "noreply+123@example.cn"}),
    ("mailing-list", {"sender": "no_reply@example.cn"}),
    ("mailing-list", {"sender": "do_not_reply@example.cn"}),
    ("mailing-list", {"sender": "noreply2@example.cn"}),
    ("mailing-list", {"sender": "no.reply@example.cn"}),
    ("mailing-list", {"sender": "no-reply_kjj@example.cn"}),
    ("mailing-list", {"sender": "users-request@example.cn"}),
]


@pytest.mark.parametrize("mail", [each for _why, each in PEOPLE], ids=[why for why, _each in PEOPLE])
def test_a_person_wrote_it(mail: dict[str, Any]) -> None:
    assert automatic(message(**mail), frozenset({OWN})) is None


@pytest.mark.parametrize(("code", "mail"), ROBOTS, ids=[f"{code} {mail}" for code, mail in ROBOTS])
def test_nobody_wrote_it(code: str, mail: dict[str, Any]) -> None:
    assert automatic(message(**mail), frozenset({OWN})) == code


def test_any_of_several_headers_of_the_name_may_say_so() -> None:
    mail = message(headers={})
    both = type(mail)(headers={"auto-submitted": ("no", "auto-replied")})

    assert automatic(both, frozenset()) == "automatic-reply"


def test_every_code_can_be_reached() -> None:
    assert {code for code, _mail in ROBOTS} == AUTOMATIC_CODES
