"""What operators read: one screen that says what is wrong, what still works, and which command helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from intake.adapters.letters.alarms import render
from intake.adapters.letters.stationery import Letterhead, OfficeStationery
from intake.domain.alarm import Standing, Trouble, clearing, raising, reminding
from intake.domain.letter import LetterKind
from intake.entry.sirens import bulletins
from tests.unit.letter_samples import ZONE, words

WORDS = words()
RAISED = datetime(2024, 6, 7, 10, 15, tzinfo=ZONE)
NOW = datetime(2024, 6, 7, 12, 40, tzinfo=ZONE)
ERROR = "IMAP imap.example.cn:993: cannot connect: timed out"
POLLING = Standing(Trouble.POLLING, RAISED, 1, {"count": 5, "since": RAISED.isoformat(), "error": ERROR})
DISK = Standing(Trouble.DISK, RAISED, 2, {"free_bytes": 300 << 20, "reserve": 1 << 30, "error": ""})


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_an_alarm_says_what_is_wrong_what_still_works_and_what_to_do() -> None:
    told = render(WORDS, raising(POLLING, RAISED))

    assert told.subject == "【告警】收信中断（6-07 10:15）"
    assert lines(told.text)[:10] == [
        "运维人员：",
        "系统运行出现以下问题，需要您处理。",
        "一、情况",
        f"自2024年6月7日10:15起，连续5次未能从邮箱收取邮件。最近一次的出错信息：{ERROR}",
        "二、影响",
        "新来的邮件仍在邮箱服务器上，不会丢失，恢复后全部补收。已收到的邮件照常处理，自动邮件照常发送。",
        "三、请您处理",
        "1. 看连接、登录、文件夹哪一步不通",
        "→ check",
        "2. 网页邮箱也打不开的，是服务商或网络的问题，恢复后系统自行补收，不必重启",
    ]
    assert "每天提醒一次" in told.text
    assert ">check<" in told.html


def test_the_all_clear_says_from_when_to_when() -> None:
    told = render(WORDS, clearing(POLLING, NOW))

    assert told.subject == "【告警解除】收信中断，现已恢复"
    assert "2024年6月7日10:15告警，2024年6月7日12:40解除，历时2小时25分钟。" in lines(told.text)
    assert "请您处理" not in told.text


def test_a_clock_that_went_back_gives_no_length_of_time() -> None:
    assert "历时" not in render(WORDS, clearing(POLLING, RAISED - timedelta(days=1))).text


def test_the_reminder_lists_all_that_stands() -> None:
    told = render(WORDS, reminding((POLLING, DISK), NOW + timedelta(days=1), date(2024, 6, 8)))

    assert told.subject == "【告警提醒】6月8日仍有2项未解除：收信中断、磁盘空间不足，已停止收信"
    assert "一、收信中断（2024年6月7日10:15告警）" in lines(told.text)
    assert "存放原件的磁盘剩余300.0 MB，低于应保留的1.0 GB。" in lines(told.text)


@pytest.mark.parametrize("shown", ["text", "html", "subject"])
def test_every_alarm_has_its_words(shown: str) -> None:
    for bulletin in bulletins(NOW):
        told = getattr(render(WORDS, bulletin), shown)
        assert told.strip()
        assert "None" not in told
        for name in Trouble:
            assert f" {name} " not in told


@pytest.mark.parametrize("name", list(Trouble))
def test_every_alarm_tells_its_effect_and_a_step(name: Trouble) -> None:
    told = next(render(WORDS, each).text for each in bulletins(NOW) if each.alarms[0].name == name)
    chapters = told.split("\n\n")
    for number, title in enumerate(("一、情况", "二、影响", "三、请您处理"), start=1):
        head, *rest = chapters[number].splitlines()
        assert head == title
        assert "".join(rest).strip()


def test_what_a_server_says_is_one_line_and_no_markup() -> None:
    nasty = {"count": 3, "since": RAISED.isoformat(), "error": "a\n\n三、<b>x</b>\u202e" + "y" * 1000}
    told = render(WORDS, raising(replace(POLLING, facts=nasty), NOW))

    assert "a 三、<b>x</b>y" in told.text
    assert "<b>x" not in told.html
    assert max(map(len, told.text.splitlines())) < 400


def stationery(*operators: str) -> OfficeStationery:
    head = Letterhead(("科技局", "box@example.cn"), ("staff@example.cn",), operators, shadow=True)
    return OfficeStationery(WORDS, head, b"key")


def test_each_operator_gets_a_letter_that_can_bounce_and_asks_for_no_answer() -> None:
    drafts = stationery("a@example.cn", "b@example.cn").alarm(raising(DISK, NOW))

    assert [draft.key for draft in drafts] == ["alarm:disk:2:a@example.cn", "alarm:disk:2:b@example.cn"]
    assert {draft.kind for draft in drafts} == {LetterKind.ALARM}
    assert {draft.envelope_from for draft in drafts} == {"box@example.cn"}
    mail = message_from_bytes(drafts[0].octets, policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "a@example.cn"
    assert mail["Subject"] == drafts[0].subject == "【告警】磁盘空间不足，已停止收信（6-07 10:15）"
    assert drafts[0].message_id != drafts[1].message_id


def test_without_operators_those_who_read_the_digest_are_told() -> None:
    assert [draft.meant_for for draft in stationery().alarm(raising(DISK, NOW))] == ["staff@example.cn"]
