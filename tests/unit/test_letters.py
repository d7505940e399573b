"""Whole letters: what a county reads in each state, in plain text and in HTML."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.adapters.letters import replies
from intake.adapters.letters.clean import clean
from intake.domain.finding import Severity
from intake.domain.identity import Identity, Tier
from intake.domain.letter import Rendered, Reply
from intake.domain.verdict import Assessment, Disposition, Verdict
from tests.unit.letter_samples import (
    ALL_GOOD,
    ARRIVED,
    LATE,
    NOTICE,
    PHOTOS,
    TOO_LONG,
    UNIT,
    counted,
    faulty,
    finding,
    material,
    no_material,
    question,
    reply,
    samples,
    words,
)

WORDS = words()


def letter(name: str) -> Rendered:
    return replies.render(WORDS, samples()[name])


def paragraphs(text: str) -> list[str]:
    """The lines without their indentation, empty ones left out."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_a_complete_letter_is_short_and_says_nothing_is_left_to_do() -> None:
    rendered = letter("complete")

    assert rendered.subject == "【已收齐】2024年科技活动周总结材料受理回执（微山县）[M000012]"
    assert paragraphs(rendered.text) == [
        "微山县科学技术局：",
        "贵单位报送的材料已收齐并登记，无需再次发送。",
        "一、已计入材料",
        "1. 总结报告：微山县科技活动周总结.docx",
        "1.2 MB，6页，符合要求，校验码 fd75ca641ce4",
        "2. 照片：共6张（最小 1280×960），17.2 MB，符合要求",
        "3. 影像资料：微山湖科普行.mp4",
        "41.7 MB，时长2分51秒，1920×1080，符合要求，校验码 e6700672f157",
        "二、未计入的文件",
        "1. 《image001.png》：系邮件签名或装饰图片，未作为报送材料。",
        "三、登记情况",
        "收件编号：M000012",
        "收到时间：2024年6月6日 15时42分08秒（以我局邮件服务器时间为准）",
        "截止时间：2024年6月11日（星期二）23时59分",
        "四、更换材料",
        "如需更换，请于6月11日（星期二）23时59分前直接回复本邮件并附新文件；以最后收到的合格文件为准，原文件留存备查。",
        "联系科室：济宁市科学技术局人才科",
        "联系电话：0537-3379992",
        "济宁市科学技术局人才科",
        "2024年6月6日",
        "（本邮件由系统自动发送；直接回复本邮件并添加附件即可补报。）",
    ]


def test_a_partial_letter_says_what_is_missing_until_when_and_how() -> None:
    rendered = letter("partial")

    assert rendered.subject == "【部分收到，尚缺1项】2024年科技活动周总结材料（微山县）[M000012]"
    assert paragraphs(rendered.text)[1] == (
        "已收到总结报告、照片，尚缺：影像资料。请于6月11日（星期二）23时59分前直接回复本邮件，"
        "只附所缺材料即可，已收材料无需重发。"
    )
    assert "如需更换" not in rendered.text


def test_a_video_that_is_too_long_is_answered_with_measure_limit_and_repair() -> None:
    rendered = letter("too-long")

    assert rendered.subject == "【需补正】2024年科技活动周总结材料有1项需要补正（微山县）[M000012]"
    lines = paragraphs(rendered.text)
    assert lines[1].endswith("请于6月11日（星期二）23时59分前直接回复本邮件，只附补正后的文件。")
    assert lines[2:5] == [
        "一、需要补正",
        "1. 影像资料《微山湖科普行.mp4》：要求时长不超过3分钟，实测3分42秒，超出42秒。",
        (
            "办理建议：请剪辑至3分钟以内后重新发送；建议导出为MP4格式、720P、码率1.5 Mbps左右，"
            "文件约34 MB，一般可作为普通附件发送。"
        ),
    ]
    assert "其余已收材料无需重发" in lines[1]
    assert "工作人员将人工复核" in rendered.text
    assert "尚缺" not in rendered.text


def test_faults_and_missing_things_are_said_in_one_letter() -> None:
    lines = paragraphs(letter("repair-two-missing").text)

    assert "二、尚缺材料" in lines
    assert "总结报告、照片，可与补正后的文件一并发送。" in lines


def test_a_held_video_is_neither_passed_nor_rejected() -> None:
    rendered = letter("held")

    assert rendered.subject == "【已收到，待人工确认】2024年科技活动周总结材料（微山县）[M000012]"
    assert "影像资料《微山湖科普行.mp4》：视频时长未能自动测定，由工作人员观看核对。" in rendered.text
    assert "暂不需要重新发送" in paragraphs(rendered.text)[1]
    assert "补正" not in rendered.text


def test_a_link_names_its_provider_and_how_long_it_must_live() -> None:
    text = letter("cloud").text

    assert "《微山.mp4》（177.8 MB）以QQ邮箱超大附件链接发送" in text
    assert "请在确认前保持链接有效（邮件显示有效期至6月20日）" in text
    assert "未发现附件" not in text
    assert "尚缺" not in text


def test_a_link_comes_with_advice_on_a_size_that_fits_a_mail() -> None:
    assert (
        "如改用普通附件，建议导出为MP4格式、720P、码率1.5 Mbps左右，文件约34 MB，一般可作为普通附件发送。"
    ) in paragraphs(letter("cloud").text)


def test_a_mail_without_files_is_told_one_thing_to_do() -> None:
    rendered = letter("no-material")
    lines = paragraphs(rendered.text)

    assert rendered.subject.startswith("【已收到，待人工确认】")
    assert lines[1] == (
        "贵单位来件收悉，其中未发现附件。如为报送材料，请于6月11日（星期二）23时59分前直接回复本邮件并添加附件"
        "（超大附件请先确认已上传完成）；如为咨询，工作人员将另行答复，无需再次来件。"
    )
    assert lines[2:4] == ["一、尚缺材料", "总结报告、照片、影像资料，直接回复本邮件、只附所缺材料即可。"]
    assert "暂不需要重新发送" not in rendered.text
    assert "待人工确认" not in rendered.text
    assert rendered.text.count("未发现附件") == 1


def test_a_question_of_a_unit_that_is_complete_is_not_pressed_for_more() -> None:
    asked = replace(no_material(earlier=ALL_GOOD), now=NOTICE.deadline + timedelta(hours=9))
    text = replies.render(WORDS, asked).text

    assert "尚缺" not in text
    assert "请尽快" not in text
    assert "总结报告、照片、影像资料，无需重发。" in text


def test_what_the_mail_replaced_is_told() -> None:
    told = "此前所报影像资料不再使用，以本次所报为准，原文件留存备查。"

    assert told in paragraphs(letter("replaced").text)
    assert told in letter("replaced").html
    assert "不再使用" not in letter("completed-later").text


def test_an_opened_archive_is_no_file_that_did_not_count() -> None:
    text = letter("unpacked").text

    assert "《总结材料.zip》：已解开，其中的文件逐一核对。" in paragraphs(text)
    assert "未计入" not in text


def test_an_archive_that_stays_shut_is_asked_for_otherwise() -> None:
    lines = paragraphs(letter("archive-refused").text)

    assert lines[3] == "1. 《总结材料.zip》：压缩包内套有多层压缩包，其中文件未予核对。"
    assert "不设密码、不套压缩包" in lines[4]


def test_photos_inside_the_report_count_and_are_not_called_earlier() -> None:
    rendered = letter("photos-in-report")

    assert rendered.subject.startswith("【已收齐】")
    for shown in (rendered.text, rendered.html):
        assert "照片《微山县科技活动周总结.docx》：文中插有照片3张，已计入，无需另发。" in shown
        assert "此前" not in shown


def test_photos_that_do_not_count_inside_the_report_are_asked_for_as_files() -> None:
    text = letter("photos-only-in-report").text

    assert "尚缺：照片" in text
    assert "照片《微山县科技活动周总结.docx》：文中插有照片3张，请另以附件发送原图。" in text


def test_every_number_in_a_list_is_given_once() -> None:
    two = [counted(photo, "photos") for photo in PHOTOS[:2]]
    text = replies.render(WORDS, reply((ALL_GOOD[0], *two, ALL_GOOD[-1]))).text
    numbered = [line[:2] for line in paragraphs(text.partition("二、")[0]) if line[1:3] == ". "]

    assert numbered == ["1.", "2.", "3."]
    assert paragraphs(text)[5:9] == [
        "2. 照片：共2张（最小 1280×960），5.7 MB，符合要求",
        "照片.zip/照片/0.jpg",
        f"2.9 MB，1280×960，校验码 {PHOTOS[0].material.sha256[:12]}",
        "照片.zip/照片/1.jpg",
    ]


def test_late_and_complete_is_received_and_marked() -> None:
    rendered = letter("late")

    assert rendered.subject == "【逾期收到】2024年科技活动周总结材料已收齐（微山县）[M000012]"
    assert "材料已收齐并登记" in rendered.text
    assert "收到时间晚于截止时间（6月11日23时59分），是否采用由主办科室研究确定。" in rendered.text
    assert "如需更换" not in rendered.text


def test_lateness_is_said_in_every_other_state_too() -> None:
    text = replies.render(WORDS, reply(ALL_GOOD[:-1], received_at=LATE)).text

    assert "报送截止时间已过，请尽快直接回复本邮件" in text
    assert "逾期：收到时间晚于截止时间（2024年6月11日 23时59分）" in text


def test_who_only_claims_a_unit_is_answered_provisionally() -> None:
    rendered = letter("claimed")

    assert rendered.subject.startswith("【已收齐】")
    assert "发件邮箱尚未登记，材料待工作人员确认" in paragraphs(rendered.text)[1]
    assert "待确认：发件邮箱尚未登记，材料暂按微山县科学技术局报送登记" in rendered.text
    assert "符合要求" not in rendered.text


def test_an_unknown_unit_gets_one_neutral_question_and_no_checklist() -> None:
    rendered = letter("question")

    assert rendered.subject == "【已收到，待人工确认】来件[M000031]"
    lines = paragraphs(rendered.text)
    assert lines[0] == "您好："
    assert lines[1] == (
        "来件收悉并已登记，但未能判断报送单位和所报送的通知。请直接回复本邮件，"
        "注明单位全称（如：××县科学技术局）和通知名称，无需重发附件。"
    )
    assert lines[2] == "一、登记情况"
    assert "尚缺" not in rendered.text


def test_an_unclear_notice_is_asked_for_by_itself() -> None:
    asked = replace(question("notice-unclear"), unit=UNIT)

    assert "未能判断材料属于哪一项通知" in replies.render(WORDS, asked).text
    assert "未能判断报送单位" not in replies.render(WORDS, asked).text


def test_a_conflict_of_units_is_told_and_asked_about() -> None:
    verdict = Verdict(Disposition.HELD, Identity(Tier.KNOWN, UNIT.code), NOTICE.id, (),
                      (finding("unit-conflict", Severity.HOLD),), answer=True)  # fmt: skip
    text = replies.render(WORDS, Reply("M000040", verdict, ARRIVED, ARRIVED, UNIT, NOTICE, NOTICE.deadline)).text

    assert "与发件邮箱所属单位不一致" in text
    assert "注明材料所属单位全称，无需重发附件" in text


def test_what_earlier_mails_brought_is_named_and_need_not_come_again() -> None:
    assert "此前已收到：总结报告、照片，无需重发。" in letter("completed-later").text


def test_what_staff_overlooked_is_not_held_against_the_file() -> None:
    waived = Assessment(
        ALL_GOOD[-1].examined, "video", ALL_GOOD[-1].state, counted=True,
        findings=(finding("video-too-long", seconds=190.0, limit=180.0, excess=10.0),
                  finding("accepted-by-staff", reason="处长同意")),
    )  # fmt: skip
    text = replies.render(WORDS, reply((*ALL_GOOD[:-1], waived))).text

    assert "人工认定：《微山湖科普行.mp4》已由工作人员核对认定。" in text
    assert "超出" not in text
    assert "处长同意" not in text


def test_a_long_row_of_photos_is_cut_and_says_so() -> None:
    many = [counted(material(f"{n}.jpg", 2_000_000, width=1600, height=1200), "photos") for n in range(26)]
    rendered = replies.render(WORDS, reply((*many, ALL_GOOD[0], ALL_GOOD[-1])))

    assert "共26张（最小 1600×1200）" in rendered.text
    assert "19.jpg" in rendered.html
    assert "20.jpg" not in rendered.html
    assert "另有6个文件已计入" in rendered.html


@pytest.mark.parametrize("name", samples())
def test_html_and_text_tell_the_same(name: str) -> None:
    rendered = letter(name)

    for line in paragraphs(rendered.text)[:2]:
        assert line in rendered.html
    assert samples()[name].ref in rendered.html
    assert '<html lang="zh-CN">' in rendered.html
    assert "{{" not in rendered.html + rendered.text
    assert "None" not in rendered.html + rendered.text


@pytest.mark.parametrize("name", samples())
def test_nothing_in_the_html_comes_from_elsewhere(name: str) -> None:
    html = letter(name).html

    for remote in ("http", "src=", "url(", "<link", "<script", "@import"):
        assert remote not in html


def test_a_file_name_is_shown_and_never_obeyed() -> None:
    nasty = counted(material("<script>alert(1)</script>&\u202egpj.mp4\r\nBcc: x", 5_000, seconds=3.0), "video")
    rendered = replies.render(WORDS, reply((nasty,)))

    assert "<script>alert(1)</script>&gpj.mp4 Bcc: x" in rendered.text
    assert "<script" not in rendered.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;gpj.mp4" in rendered.html


HOSTILE = (
    "\r\n", "\n.\n", "\x00", "\x0b", "\x85", "\u2028", "\u202e", "\u200d", "\ufeff", "\ud800", "\x1b[31m", "\t",
    "=?utf-8?q?=0ABcc:x?=", "{{7*7}}", "{% raw %}", "<script>", "</p>", "<!--", "&#60;", '" onload="', "=HYPERLINK(",
    "＝", "Bcc: x@y.cn", "微山", "a" * 300, ".mp4",
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=6).map("".join), st.booleans())
def test_no_name_carries_anything_but_its_characters_into_a_letter(name: str, amiss: bool) -> None:
    rendered = _with_name(name, amiss=amiss)
    assert not [char for char in rendered.text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs")]
    assert not [char for char in rendered.html if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs")]
    assert ("{{7*7}}" in rendered.text) == ("{{7*7}}" in clean(name)), "no template in a name is filled in"
    assert _tags(rendered.html) == _tags(_with_name("x", amiss=amiss).html)
    assert len(rendered.text.splitlines()) == len(_with_name("x", amiss=amiss).text.splitlines())
    assert "@y.cn" not in rendered.subject


def _with_name(name: str, *, amiss: bool) -> Rendered:
    video = material(name, 5_000_000, seconds=3.0)
    told = faulty(video, "video", "video-too-long", **TOO_LONG) if amiss else counted(video, "video")
    return replies.render(WORDS, reply((told,)))


def _tags(html: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    found: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

    Tags().feed(html)
    return found


def test_a_cloud_file_name_in_a_finding_is_escaped_too() -> None:
    link = finding("cloud-link", Severity.HOLD, "video", provider="<b>", filename="<img src=x>.mp4", expires=None)

    html = replies.render(WORDS, reply(ALL_GOOD[:-1], link)).html
    assert "&lt;img src=x&gt;.mp4" in html
    assert "<img" not in html


def test_a_deadline_that_passed_while_a_mail_waited_is_not_asked_for() -> None:
    waited = replace(reply(ALL_GOOD), now=NOTICE.deadline + timedelta(hours=9))

    assert "如需更换" not in replies.render(WORDS, waited).text


def test_an_extended_deadline_is_the_one_that_is_told() -> None:
    later = replace(reply(ALL_GOOD[:-1]), deadline=NOTICE.deadline + timedelta(days=3))

    assert "请于6月14日（星期五）23时59分前" in replies.render(WORDS, later).text


def test_the_same_reply_makes_the_same_letter() -> None:
    assert letter("too-long") == letter("too-long")


def test_every_photo_is_listed_in_the_html_of_a_few() -> None:
    assert all(photo.material.sha256[:12] in letter("complete").html for photo in PHOTOS)
