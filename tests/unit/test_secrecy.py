"""What is a marking of a classified paper, and what only speaks of secrets."""

from __future__ import annotations

import time

import pytest

from intake.domain.secrecy import Level, marked, named

MARKINGS = {
    "秘密★": Level.CONFIDENTIAL,
    "机密★5年": Level.SECRET,
    "绝密★长期": Level.TOP_SECRET,
    "机密★解密时间：2030年1月1日": Level.SECRET,
    "绝密★解密条件": Level.TOP_SECRET,
    "秘　密　★　１０年": Level.CONFIDENTIAL,
    "秘\u200b密\u2060★": Level.CONFIDENTIAL,
    "机密☆": Level.SECRET,
    "机密⭐3年": Level.SECRET,
    "机密★\ufe0f": Level.SECRET,
    "秘密*5年": Level.CONFIDENTIAL,
    "秘密＊长期": Level.CONFIDENTIAL,
    "文件头\n机密*\n正文": Level.SECRET,
    "机密级★三年": Level.SECRET,
    "密级：机密": Level.SECRET,
    "密 级: 【秘密】": Level.CONFIDENTIAL,
    "密级：■绝密 □机密 □秘密": Level.TOP_SECRET,
    "编号：007　秘密★1年　特急": Level.CONFIDENTIAL,
    "機密★5年": Level.SECRET,
    "絕密★長期": Level.TOP_SECRET,
    "机密✶5年": Level.SECRET,
    "机密※长期": Level.SECRET,
    "秘密∗3年": Level.CONFIDENTIAL,
    "机密(★)5年": Level.SECRET,
    "机密【★】": Level.SECRET,
    "密级为机密": Level.SECRET,
    "保密等级：绝密": Level.TOP_SECRET,
    "密级:机密、5年": Level.SECRET,
    "机\u034f密\u3164★": Level.SECRET,
}

SPOKEN = [
    "",
    "开展保密工作宣传，组织学习《中华人民共和国保守国家秘密法》。",
    "本材料不涉及国家秘密、商业秘密。",
    "确保数据的机密性、完整性和可用性",
    "放映科普影片《绝密飞行》和《机密档案》",
    "泄露国家机密的，依法追究责任；★保密提醒★",
    "不得存储、处理、传递绝密、机密、秘密级信息",
    "密级：公开",
    "密级：□绝密 □机密 □秘密 □内部",
    "密级：绝密、机密、秘密（请选择）",
    "**国家秘密** 是什么？",
    "*秘密* 是什么",
    "揭开大脑的秘密 ☆ 科普讲座".replace(" ☆", "，☆"),
    "宇宙的秘密\n" * 3,
    "五星级酒店 ★★★★★ 机密会议室",
    "是否涉及国家秘密*\n联系人*",
    "商业秘密*",
    "商业秘密★示范单位",
    "保守国家秘密★★★知识竞赛",
    "密级：绝密□ 机密□ 秘密□",
    "密级：绝密 机密 秘密 √非密",
    "密级 秘密级事项清单",
    "密级：秘密级以下",
]


@pytest.mark.parametrize(("text", "level"), MARKINGS.items())
def test_a_marking_is_found_wherever_it_stands(text: str, level: Level) -> None:
    assert marked(text) is level
    assert named(text) is level
    assert marked("总结报告正文。" * 1000 + "\n" + text + "\n" + "正文。" * 1000) is level


@pytest.mark.parametrize("text", SPOKEN)
def test_who_speaks_of_secrets_marks_nothing(text: str) -> None:
    assert marked(text) is None
    assert named(text) is None


@pytest.mark.parametrize("line", ["机密", " 秘密 5年 ", "【绝密】", "（秘 密）长期"])
def test_a_line_of_its_own_at_the_head_marks_a_paper(line: str) -> None:
    assert marked(f"济宁市科学技术局文件\n\n{line}\n关于报送材料的通知") is not None
    assert marked("正文\n" * 30 + line) is None, "not in the middle of a text"


@pytest.mark.parametrize("name", ["【机密】微山县总结.docx", "[秘密]方案.pdf", "（绝密）名单.xlsx", "〔机密〕5年.doc"])
def test_a_name_is_marked_by_a_bracket_too(name: str) -> None:
    assert named(name) is not None


def test_a_marking_across_a_portion_is_found() -> None:
    for shift in range(-4, 5):
        text = "字" * ((1 << 20) - 3 + shift) + "绝密★长期" + "字" * 50
        assert marked(text) is Level.TOP_SECRET


def test_long_text_takes_no_time_that_grows_with_its_square() -> None:
    started = time.perf_counter()
    assert marked("秘 " * 500_000 + "机" * 500_000 + " " * 500_000 + "密级" * 100_000) is None
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(("name", "level"), [("机密*.docx", Level.SECRET), ("秘密＊.pdf", Level.CONFIDENTIAL)])
def test_an_asterisk_behind_nothing_but_a_class_marks_a_file(name: str, level: Level) -> None:
    assert named(name) is level
    assert named(f"商业{name}") is None
