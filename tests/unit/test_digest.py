"""The daily digest: exceptions first, all fourteen rows always, sums that add up or say that they do not."""

from __future__ import annotations

import io
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from jinja2 import UndefinedError

from intake.adapters.letters import digests
from intake.adapters.letters.workbook import LONGEST_CELL, Sheet, workbook
from intake.domain.alarm import Standing, Trouble
from intake.domain.digest import REMARKS, WARNINGS, AuditHead, LetterLine, MailLine, Reconciliation
from intake.domain.finding import Severity
from intake.domain.letter import LetterKind
from intake.domain.notice import Unit
from intake.domain.submission import UnitState
from intake.domain.verdict import Disposition
from intake.entry import app as app_module
from intake.entry.app import App
from intake.entry.config import load
from tests.unit.digest_samples import BALANCED, HEALTH, NOW, SECTION, digest, mail, quiet, row
from tests.unit.letter_samples import (
    LONG_VIDEO,
    NAMES,
    NOTICE,
    TOO_LONG,
    UNITS,
    ZONE,
    faulty,
    finding,
    list_of,
    words,
)

PROJECT = Path(__file__).parents[2]
WORDS = words()
ORDINARY = digests.render(WORDS, digest())


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_the_subject_is_the_day_in_one_line() -> None:
    assert ORDINARY.subject == "【日报】2024年科技活动周总结材料 6月7日：收齐9/14，未报2，需处理4"


def test_several_notices_are_counted_in_the_subject() -> None:
    two = digests.render(WORDS, digest(sections=(SECTION, SECTION)))

    assert two.subject.startswith("【日报】2024年科技活动周总结材料等2项 6月7日：")


def test_the_headline_counts_and_says_what_time_is_left() -> None:
    assert (
        "应报14家，收齐9（+3），部分报送2，待人工确认1，未报送2。距截止（6月11日23时59分）还有2个工作日（含当日）。"
    ) in lines(ORDINARY.text)


def test_every_form_of_it_names_the_end_of_the_chain() -> None:
    """So that it lies where whoever owns the database cannot reach it."""
    head = AuditHead(1234, "3f9c0a7b21de0455" + "e" * 48)
    rendered = digests.render(WORDS, digest(health=replace(HEALTH, audit=head)))
    for form in (rendered.text, rendered.html):
        assert "操作记录共1234条，校验码 3f9c0a7b21de0455（请保留本日报" in form

    assert "操作记录" not in digests.render(WORDS, digest(health=replace(HEALTH, audit=AuditHead(0, "0" * 64)))).text


def test_what_needs_a_person_comes_with_its_command() -> None:
    told = lines(ORDINARY.text)
    start = told.index("二、需要您处理（4项）")

    assert told[start + 1 : start + 5] == [
        "1. [M000031] 归属待确认：单位未定，科技局 <wskj@qq.com>，主题“科技周视频”，文件1个，6-06 15:42",
        "未能判断报送单位。",
        "→ assign M000031 单位简称",
        "→ release M000031（与报送无关，不再处理）",
    ]
    assert "→ release M000033（核对无误）" in told
    assert "→ accept M000033 --reason 认定理由（虽不完全符合，仍予认定）" in told
    assert "→ assign M000019 邹城市 --learn（今后此邮箱的来信不再询问）" in told
    assert "→ assign M000019 邹城市（仅确认本件）" in told


def test_a_parked_mail_is_tried_again_by_hand() -> None:
    parked = mail("M000050", Disposition.HELD, None, parked=True)

    assert "→ retry M000050" in digests.render(WORDS, digest(needs_person=(parked,))).text


def commands(*needing: MailLine, **changes: object) -> list[str]:
    """The commands that the digest offers for these mails alone, without what each does."""
    text = digests.render(WORDS, digest(needs_person=needing, failed_letters=(), sections=(), **changes)).text
    return [line[2:].partition("（")[0] for line in lines(text) if line.startswith("→ ")]


def test_a_file_behind_a_link_is_fetched_and_never_released_unseen() -> None:
    link = finding("cloud-link", Severity.HOLD, "video", provider="qq", filename="活动.mp4")

    assert commands(mail("M000041", Disposition.ACCEPTED, UNITS[2], link)) == [
        "attach M000041 文件",
        "accept M000041 --reason 认定理由",
    ]


def test_a_question_without_files_only_wants_to_be_read() -> None:
    asked = mail("M000042", Disposition.HELD, UNITS[2], finding("no-material", Severity.HOLD), materials=0)

    assert commands(asked) == ["release M000042"]
    assert "→ release M000042（看过即可）" in lines(digests.render(WORDS, digest(needs_person=(asked,))).text)


def test_whether_a_mail_submits_at_all_is_asked_before_anything_else() -> None:
    assert commands(mail("M000043", Disposition.HELD, UNITS[2], finding("relevance-unclear", Severity.HOLD))) == [
        "release M000043"
    ]


def test_an_unclear_notice_is_named_by_staff() -> None:
    unclear = mail("M000044", Disposition.HELD, UNITS[2], finding("notice-unclear", Severity.HOLD))
    anyone = replace(unclear, ref="M000045", unit=None)
    other = replace(SECTION, notice=replace(NOTICE, id="2024-prize", short_title="科技奖提名材料"))

    text = digests.render(WORDS, digest(needs_person=(unclear, anyone), sections=(SECTION, other))).text
    assert "[M000044] 未能判断属于哪项通知：曲阜市" in text
    assert (
        "→ assign M000044 曲阜市 --notice 通知编号"
        "（通知编号：2024-science-week（2024年科技活动周总结材料）、2024-prize（科技奖提名材料））"
    ) in lines(text)
    assert "→ release M000044（与报送无关，不再处理）" in lines(text)
    only_one = lines(digests.render(WORDS, digest(needs_person=(anyone,))).text)
    assert "→ assign M000045 单位简称 --notice 2024-science-week" in only_one


def test_a_letter_that_did_not_arrive_is_a_task_with_the_phone() -> None:
    rendered = digests.render(WORDS, replace(quiet(), failed_letters=digest().failed_letters))

    assert "需处理1" in rendered.subject
    for shown in (rendered.text, rendered.html):
        assert "没有需要您处理的事" not in shown
        assert "请电话告知" in shown
        assert "此邮件未能送达，请电话告知对方其内容（0537-3708300），并核对收件地址。" in shown
        assert "show M000026" in shown


def test_a_letter_of_which_nobody_knows_is_a_question_on_the_phone() -> None:
    unknown = replace(digest().failed_letters[0], error="no answer to the final dot", attempts=2, doubts=2)
    rendered = digests.render(WORDS, replace(quiet(), failed_letters=(unknown,)))

    for shown in (rendered.text, rendered.html):
        assert "未能送达" not in shown
        assert "请电话询问对方是否收到（0537-3708300），没有收到的告知其内容。" in shown
        assert (
            "可能已送达，也可能没有（同一封发出2次，未得到服务器答复：no answer to the final dot），系统不再重发"
            in shown
        )


def test_why_letters_wait_is_told() -> None:
    limited = replace(digest().letters, due=3, waiting_for="451 MI:SFQ 163 smtp5")
    text = digests.render(WORDS, digest(letters=limited)).text

    assert "待发3封（最近一次未能发出：451 MI:SFQ 163 smtp5；将自动重试）。" in text


@pytest.mark.parametrize(
    ("unit", "said"), [(replace(UNITS[8], phone=""), "（名册中无电话）"), (None, "其内容，并核对")]
)
def test_a_phone_that_nobody_knows_is_not_made_up(unit: Unit | None, said: str) -> None:
    failed = replace(digest().failed_letters[0], unit=unit)

    assert said in digests.render(WORDS, digest(failed_letters=(failed,))).text


def test_a_unit_of_which_nothing_counts_must_repair() -> None:
    broken = list_of([faulty(LONG_VIDEO, "video", "video-too-long", **TOO_LONG)])
    some = replace(SECTION, rows=(row(UNITS[0], broken), *SECTION.rows[1:]))
    rendered = digests.render(WORDS, digest(sections=(some,)))

    assert broken.state is UnitState.PARTIAL
    assert "01 任城区 — — × 需补正 6-06 15:42" in lines(rendered.text)
    assert "05 微山县 √ √ 6张 × 部分 6-06 15:42" in lines(rendered.text)
    assert "部分报送3（其中需补正1）" in rendered.text
    assert "需补正1</span>" in rendered.html
    assert sheets(rendered.files[0][2])["报送情况表"][2][5] == "需补正"


def test_the_matrix_has_every_unit_in_roster_order_on_a_quiet_day_too() -> None:
    for rendered in (ORDINARY, digests.render(WORDS, quiet())):
        table = rendered.text.partition("四、报送情况表（14家）")[2].partition("五、")[0]
        assert [row.split()[1] for row in table.splitlines()[3:] if row.strip()] == [short for _, short in NAMES]
        assert all(short in rendered.html for _, short in NAMES)


def test_the_matrix_marks_what_counts_what_does_not_and_what_waits() -> None:
    told = lines(ORDINARY.text)

    assert "01 任城区 √ √ 6张 √ 2:51 已收齐 6-06 15:42" in told
    assert "04 邹城市 √ √ 6张 √ 2:51 已收齐 6-06 15:42 待确认" in told
    assert "05 微山县 √ √ 6张 × 部分 6-06 15:42" in told
    assert "06 鱼台县 √ √ 6张 待 待人工 6-06 15:42" in told
    assert "08 嘉祥县 — — — 未报 —" in told
    assert "10 泗水县 √ √ 6张 — 部分 6-06 15:42 延至6月14日" in told
    assert "12 济宁高新区 √ √ 6张 √ 2:51 已收齐 6-06 15:42 逾期" in told


def test_news_say_what_became_of_each_mail() -> None:
    told = lines(ORDINARY.text)

    assert ("6-06 15:42 微山县 已计入（M000030）影像资料：要求时长不超过3分钟，实测3分42秒，超出42秒。") in told
    assert "6-06 15:42 泗水县 已计入（M000032）尚缺影像资料。" in told


def test_who_is_missing_is_listed_with_the_phone() -> None:
    assert "嘉祥县科学技术局，电话0537-3708290" in ORDINARY.text


def test_a_letter_that_failed_is_named_with_its_reason() -> None:
    assert "收件人wskj@wenshang.gov.cn" in ORDINARY.text
    assert "550 no such user" in ORDINARY.html


def test_ignored_mail_is_listed_with_sender_subject_and_reason() -> None:
    assert "展会 <x@spam.example.com>，“合作邀请”：未发现与报送有关的内容。" in ORDINARY.text
    assert "展会 &lt;x@spam.example.com&gt;，“合作邀请”：未发现与报送有关的内容。" in ORDINARY.html


def test_the_books_balance() -> None:
    assert "对账：服务器现有31封＝收讫24＋退回1＋待人工1＋无关2＋更早3，相符。" in ORDINARY.text
    assert "系统运行正常" in ORDINARY.text


def test_books_that_do_not_balance_are_shouted_about() -> None:
    health = replace(HEALTH, reconciliation=replace(BALANCED, on_server=33))
    text = digests.render(WORDS, digest(health=health)).text

    assert "对账不符：服务器现有33封，已登记31封（收讫24＋退回1＋待人工1＋无关2＋更早3），相差2封" in text
    assert "系统运行有异常" in text


@pytest.mark.parametrize(
    "health",
    [
        replace(HEALTH, last_success_at=None, last_ok=False, last_error="connection refused"),
        replace(HEALTH, last_ok=False, last_error="connection refused"),
        replace(HEALTH, reconciliation=replace(BALANCED, on_server=33), last_error="connection refused"),
    ],
)
def test_trouble_is_never_called_normal(health: object) -> None:
    text = digests.render(WORDS, digest(health=health)).text

    assert "系统运行有异常" in text
    assert "connection refused" in text


def test_a_remark_is_told_in_words_and_is_not_trouble() -> None:
    rendered = digests.render(WORDS, digest(health=replace(HEALTH, warnings=("holidays-unknown",))))

    for shown in (rendered.text, rendered.html):
        assert "系统运行正常" in shown
        assert "提示：尚未收录今年的法定节假日安排，工作日按周一至周五计算。" in shown
        assert "holidays-unknown" not in shown


def test_every_warning_that_the_service_gives_has_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a year without known holidays, on a machine whose kernel does not filter system calls."""
    monkeypatch.setattr(app_module, "unfiltered", lambda: True)
    config = shutil.copytree(PROJECT / "config", tmp_path / "config")
    app = App(load(config), lambda: datetime(2099, 1, 5, tzinfo=ZONE))
    with closing(app):
        given = app.desk.warnings()

    assert given == ("holidays-unknown", "children-without-seccomp")
    assert {*given, *REMARKS} < WARNINGS
    for code in WARNINGS:
        text = digests.render(WORDS, digest(health=replace(HEALTH, warnings=(code,)))).text
        assert code not in text


def test_a_warning_without_words_is_not_passed_over() -> None:
    with pytest.raises(UndefinedError):
        digests.render(WORDS, digest(health=replace(HEALTH, warnings=("never-heard-of",))))


def test_before_the_first_poll_there_is_nothing_to_add_up() -> None:
    health = replace(HEALTH, reconciliation=Reconciliation(None))

    assert "对账：尚未连上邮箱" in digests.render(WORDS, digest(health=health)).text


STANDING = Standing(
    Trouble.POLLING, NOW - timedelta(hours=2), 1,
    {"count": 7, "since": (NOW - timedelta(hours=3)).isoformat(), "error": "no route"},
)  # fmt: skip


def test_alarms_that_stand_are_told_and_nothing_is_called_normal() -> None:
    text = digests.render(WORDS, digest(alarms=(STANDING,))).text

    assert "系统运行有异常（见末节）" in text
    assert (
        "告警（6-07 06:30起，尚未解除）：收信中断。自2024年6月7日05:30起，连续7次未能从邮箱收取邮件。"
        "最近一次的出错信息：no route"
    ) in lines(text)


def test_a_failed_poll_is_not_normal_whatever_the_clock_says_of_the_last_good_one() -> None:
    ahead = replace(HEALTH, last_ok=False, last_success_at=NOW + timedelta(days=400))

    assert "系统运行有异常" in digests.render(WORDS, digest(health=ahead)).text


def test_letters_that_failed_earlier_are_not_forgotten() -> None:
    rendered = digests.render(WORDS, digest(unreached=("L000003", "L000009")))

    told = "以前各期列出的发送失败中，2封的收件地址至今没有收到过后来的邮件：L000003、L000009（运行 show 编号 查看）。"
    assert told in lines(rendered.text)
    assert told in rendered.html


def test_a_digest_that_did_not_arrive_is_a_matter_of_its_address() -> None:
    lost = LetterLine("L000040", None, "old@example.cn", "【日报】", "550 no such user", 1, kind=LetterKind.DIGEST)
    text = digests.render(WORDS, digest(failed_letters=(lost,))).text

    assert any("[L000040] 发给工作人员的邮件未送达：收件人old@example.cn" in line for line in lines(text))
    assert "请电话告知" not in text


def test_an_empty_day_is_told_as_one() -> None:
    rendered = digests.render(WORDS, quiet())

    assert rendered.subject == "【日报】2024年科技活动周总结材料 6月7日：收齐0/14，未报14，无需处理"
    assert "没有需要您处理的事，系统运行正常。" in rendered.text
    assert "目前没有新收的报送邮件。" in rendered.html


def test_no_open_notice_still_gives_a_digest() -> None:
    rendered = digests.render(WORDS, digest(sections=(), needs_person=(), failed_letters=()))

    assert rendered.subject == "【日报】材料报送 6月7日：无需处理"
    assert "目前没有进行中的通知。" in rendered.text


def test_a_passed_deadline_is_not_counted_down() -> None:
    text = digests.render(WORDS, digest(sections=(replace(SECTION, workdays_left=-1),))).text

    assert "截止时间（6月11日23时59分）已过。" in text


@pytest.mark.parametrize("which", ["news", "ignored"])
def test_of_many_mails_the_newest_are_listed_and_the_rest_counted(which: str) -> None:
    many = tuple(
        mail(f"M{n:06}", Disposition.IGNORED, None, finding("not-a-submission"), subject="广告", sender=f"甲{n}公司")
        for n in range(23)
    )
    rendered = digests.render(WORDS, digest(**{which: many}))

    for shown in (rendered.text, rendered.html):
        assert "甲22公司" in shown
        assert "甲3公司" in shown
        assert "甲2公司" not in shown
        assert "共23封，只列最近20封，较早的3封见附表。" in shown


def test_of_many_tasks_the_longest_waiting_are_listed_and_the_rest_counted() -> None:
    waiting = tuple(
        mail(f"M{n:06}", Disposition.HELD, UNITS[0], finding("no-material", Severity.HOLD), subject=f"问题{n}号")
        for n in range(23)
    )
    rendered = digests.render(WORDS, digest(needs_person=waiting, failed_letters=(), sections=()))

    for shown in (rendered.text, rendered.html):
        assert "问题19号" in shown
        assert "问题20号" not in shown
        assert "共23项，以上为前20项，其余3项未列出" in shown


def test_the_same_reason_is_given_once_and_an_opened_archive_is_no_reason() -> None:
    twice = (finding("duplicate", requirement="photos"), finding("duplicate", requirement="photos"))
    told = mail("M000046", Disposition.ACCEPTED, UNITS[0], finding("unpacked"), *twice)

    assert "6-06 15:42 任城区 已计入（M000046）照片：与已收到的文件内容相同，不重复计入。" in lines(
        digests.render(WORDS, digest(news=(told,))).text
    )


def test_shadow_mode_is_said_on_top() -> None:
    rendered = digests.render(WORDS, digest(shadow=True))

    for shown in (rendered.text, rendered.html):
        assert shown.index("试运行：本期所列自动邮件均未发给报送单位") < shown.index("一、总体")


def test_the_page_alone_is_the_mail_s_html() -> None:
    assert digests.page(WORDS, digest()) == ORDINARY.html
    assert not any(remote in ORDINARY.html for remote in ("http", "src=", "url(", "<script"))


def sheets(rendered_file: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(rendered_file))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_the_workbook_has_the_matrix_and_all_mails() -> None:
    ((name, media_type, octets),) = ORDINARY.files
    tables = sheets(octets)

    assert name == "日报-2024-06-07.xlsx"
    assert media_type.endswith("spreadsheetml.sheet")
    assert list(tables) == ["报送情况表", "邮件清单"]
    assert [row[1] for row in tables["报送情况表"][2:]] == [f"{short}科学技术局" for _, short in NAMES]
    assert [row[1] for row in tables["邮件清单"][1:]] == [
        "M000031", "M000033", "M000029", "M000030", "M000032", "M000027", "M000028",
    ]  # fmt: skip


def test_what_strangers_write_never_becomes_a_formula_or_a_new_cell() -> None:
    nasty = mail("M000060", Disposition.IGNORED, None, subject='=HYPERLINK("http://x")\tB\nC', sender="=cmd|x\x01y")
    octets = digests.render(WORDS, digest(ignored=(nasty,))).files[0][2]

    row = sheets(octets)["邮件清单"][-1]
    assert row[4:6] == ("=cmd|xy", '=HYPERLINK("http://x") B C')
    cells = openpyxl.load_workbook(io.BytesIO(octets))["邮件清单"]
    assert {cell.data_type for row in cells.iter_rows() for cell in row} <= {"s", "n"}
    assert not any(cell.hyperlink for row in cells.iter_rows() for cell in row)


def test_cells_are_cut_to_what_a_cell_may_hold() -> None:
    ((title, rows),) = sheets(workbook([Sheet("表", (("长" * 40_000 + "\x00",),))], NOW)).items()

    assert title == "表"
    assert len(str(rows[0][0])) == LONGEST_CELL


def test_the_same_digest_makes_the_same_octets() -> None:
    assert digests.render(WORDS, digest()) == ORDINARY
