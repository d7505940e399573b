"""The text of a mail as a person reads it, and where what somebody else wrote begins."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from intake.adapters.mail.page import read_page
from intake.adapters.mail.quotes import own_part
from intake.adapters.mail.text import unflowed
from tests.samples import mails

OWN = "您好！\n附件是微山县科技活动周总结，请查收。"
OLD = "各县区：\n请邹城市按时报送。http://mail.163.com/large-attachment-download/index.html?p=1"

MARKS = [
    "------------------ 原始邮件 ------------------",
    "------------------&nbsp;原始邮件&nbsp;------------------",
    "------------------\xa0原始邮件\xa0------------------",
    "---原始邮件---",
    "---Original---",
    "------------------ Original ------------------",
    "-----邮件原件-----",
    "-----原始邮件-----",
    "-----Original Message-----",
    "---- 回复的原邮件 ----",
    "---- 转发的原邮件 ----",
    "-------- 转发邮件信息 --------",
    "---------- Forwarded message ---------",
    "发件人: 人才科 <jnkjjrck@ji.shandong.cn>\n发送时间: 2024年6月1日 10:00\n收件人: x\n主题: 通知",
    "发件人：人才科\n发送日期：2024-06-01",
    "*发件人:* 人才科\n*发送时间:* 2024年6月1日",
    "  发 件 人：人才科\n  收件人：x\n  发件时间：2024年6月1日",
    "发件人：人才科\n日期：2024-06-01 10:00\n收件人：x",
    "From: a <a@b.cn>\nSent: Saturday, June 1, 2024 10:00",
    "From: a <a@b.cn>\nDate: Sat, 1 Jun 2024\nTo: b",
    "在 2025年12月26日星期五 UTC+8 10:00:00，人才科 <a@b.cn> 写道：",
    "在 2025年12月26日星期五 UTC+8 …写道：",
    "在 2024年6月1日，10:00，人才科 <a@b.cn> 写道：",
    "在2024-06-01 10:00:00，“人才科” <a@b.cn> 写道：",
    "在 2024-06-01 10:00:00，人才科\n<a@b.cn> 写道：",
    "2024年6月1日 上午10:00，人才科 <a@b.cn> 写道：",
    "人才科 <a@b.cn> 于2024年6月1日周六 10:00写道：",
    'At 2026-01-06 11:38:49, "X" <a@b.cn> wrote:',
    "On Sat, Jun 1, 2024 at 10:00 AM 人才科 <a@b.cn> wrote:",
    "On Sat, Jun 1, 2024 at 10:00 AM 人才科\n<a@b.cn>\nwrote:",
]


@pytest.mark.parametrize("mark", MARKS)
def test_what_stands_below_a_mark_is_not_own_text(mark: str) -> None:
    assert own_part(f"{OWN}\n\n{mark}\n{OLD}") == OWN


@pytest.mark.parametrize("mark", MARKS)
def test_the_same_marks_count_in_html(tmp_path: Path, mark: str) -> None:
    def page(text: str) -> str:
        lines = text.replace("<", "&lt;").replace(">", "&gt;").split("\n")
        return "".join(f"<div><span>{line}</span></div>\n" for line in lines)

    html = f"<html><body>{page(OWN)}<div><br></div>{page(mark)}{page(OLD)}</body></html>"
    message = mails.read(mails.mail(mails.text_part(html, "html")), tmp_path).message
    assert message.own_text == OWN
    assert message.links == ()
    assert "邹城市" in message.text


@pytest.mark.parametrize(
    "quote",
    [
        '<blockquote type="cite">{}</blockquote>',
        '<blockquote class="ReferenceQuote">{}</blockquote>',
        '<div class="gmail_quote">{}</div>',
        '<div id="isReplyContent">{}</div>',
        "<div id='divRplyFwdMsg'>{}</div>",
        "<hr><div><b>发件人：</b>&nbsp;人才科</div><div><b>发送时间：</b>2024年6月1日</div>{}",
    ],
)
def test_html_that_quotes_without_words(tmp_path: Path, quote: str) -> None:
    html = f"<p>您好！</p><p>附件是微山县科技活动周总结，请查收。</p>{quote.format(OLD)}"
    message = mails.read(mails.mail(mails.text_part(html, "html")), tmp_path).message
    assert (message.own_text, message.links) == (OWN, ())


@pytest.mark.parametrize(
    "text",
    [
        "发件人：微山县科技局\n附件：总结",
        "发件人：\n联系电话：3379992\n地址：微山县",
        "工作总结\n-- \n微山县科技局",
        "工作总结\n--\n微山县科技局",
        "第一部分\n----------\n第二部分",
        "--- 活动照片 ---\n共十张",
        "见附件\n发自我的iPhone",
        "习近平总书记在2023年5月30日的讲话中写道：\n科技强国",
        "在2024年5月25日启动仪式上，孩子们在日记里写道：\n难忘",
        "日期：2024年6月1日\n时间：上午\n地点：广场",
        "原始邮件已删除\n请查收",
        "> 500 人参加\n活动圆满",
        "5 > 3\n3 < 5",
        "From: 微山\nTo: 济宁",
        "他 wrote:\n论文",
    ],
)
def test_a_report_may_say_so_itself(text: str) -> None:
    assert own_part(text) == text


def test_cited_lines_go_and_what_stands_between_stays() -> None:
    assert own_part("已改\n> 请修改\n> 并重报\n谢谢\n>a\n>b") == "已改\n谢谢"


def test_an_indented_page_is_not_a_quotation(tmp_path: Path) -> None:
    html = '<blockquote style="margin-left: 2em"><p>总结如下</p></blockquote><p>完</p>'
    assert mails.read(mails.mail(mails.text_part(html, "html")), tmp_path).message.own_text == "总结如下\n完"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a&nbsp;b</p><p>c</p>", "a\xa0b\nc"),
        ("<table><tr><td>姓名</td><td>电话</td></tr><tr><td>张三</td></tr></table>", "姓名 电话\n张三"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<style>p{}</style><script>var x='<p>';</script><title>t</title>总结", "总结"),
        ("<head><meta charset=gbk>总结", "总结"),
        ("<style>p{} 总结", "p{} 总结"),
        ("<!-- x -->总<!-->结", "总结"),
        ("总<!-- 结", "总 结"),
        ("<p title='a>b'>总结</p>", "总结"),
        ("<p title=\"a>b\" x='>'>总结</p>", "总结"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("总结<", "总结<"),
        ("总结<p", "总结<p"),
        ("<p>a\n  b\t c</p>", "a b c"),
        ("<pre>a\r\n  b</pre>c", "a\n  b\nc"),
        ("&#24635;&#x7ed3;&amp;&bad;", "总结&&bad;"),
        ("<o:p>总</o:p><font>结</font>", "总结"),
        ("<![if !vml]>总<![endif]>结<?xml x?>", "总结"),
        ("\u200b总\ufeff结", "总结"),
        ("", ""),
    ],
)
def test_visible_text(source: str, text: str) -> None:
    assert read_page(source).text == text


def test_every_piece_knows_its_place() -> None:
    source = "<div>a</div>\n<div>b &lt;c</div><p>总结</p>"
    page = read_page(source)
    assert source[page.source_offset(page.text.index("总")) :].startswith("总结")
    assert source[page.source_offset(page.text.index("b")) :].startswith("b")


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<a '", "<a b=\"'>", "<style>", "<", "&", "<p", "<blockquote class='", "</", '<a ="', "<!", "发件人：\n"],
)
def test_hostile_pages_take_no_time(piece: str) -> None:
    source = piece * (400_000 // len(piece))
    start = time.perf_counter()
    own_part(read_page(source).text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("text", "delete", "shown"),
    [
        ("a \nb\nc", False, "a b\nc"),
        ("总 \n结", True, "总结"),
        (" > a\nb", False, "> a\nb"),
        ("-- \nsig", False, "-- \nsig"),
        ("> a \n> b", False, "> a \n> b"),
    ],
)
def test_flowed_text_is_joined(text: str, delete: bool, shown: str) -> None:
    assert unflowed(text, delete) == shown


def test_flowed_text_in_a_mail(tmp_path: Path) -> None:
    octets = mails.part("科技 \n活动周".encode(), b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes")
    assert mails.read(mails.mail(octets), tmp_path).message.text == "科技活动周"


PLAIN, HTML = mails.text_part("纯文本"), mails.text_part("<p>网页</p>", "html")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (mails.multipart([PLAIN, HTML], "alternative"), "纯文本"),
        (mails.multipart([HTML, PLAIN], "alternative"), "纯文本"),
        (mails.multipart([mails.text_part(" \n\xa0\n"), HTML], "alternative"), "网页"),
        (mails.multipart([mails.text_part("见网页"), mails.text_part("总结" * 9, "html")], "alternative"), "总结" * 9),
        (mails.multipart([mails.multipart([PLAIN, HTML], "alternative", b"B-1")], "related"), "纯文本"),
        (mails.multipart([PLAIN, mails.multipart([HTML], "related", b"B-1")], "alternative"), "纯文本"),
        (mails.multipart([PLAIN, HTML]), "纯文本\n网页"),
        (
            mails.multipart(
                [
                    mails.multipart([PLAIN, HTML], "alternative", b"B-1"),
                    mails.multipart([mails.text_part("二"), mails.text_part("贰", "html")], "alternative", b"B-2"),
                ]
            ),
            "纯文本\n二",
        ),
        (mails.multipart([PLAIN, mails.multipart([HTML, HTML], "mixed", b"B-1")], "alternative"), "纯文本"),
        (HTML, "网页"),
        (mails.text_part("总结", charset=""), "总结"),
        (mails.part("总结".encode("gbk"), b"", "8bit"), "总结"),
        (mails.part('<meta charset="big5"><p>總結</p>'.encode("big5"), b"Content-Type: text/html"), "總結"),
        (mails.part("总结".encode("utf-16"), b"Content-Type: text/plain; charset=utf-16"), "总结"),
        (mails.part(b"a\rb\r\nc", b"Content-Type: text/plain"), "a\nb\nc"),
        (mails.part("总结=ZZ=E6".encode(), b"Content-Type: text/plain", "8bit").replace(b"8bit", b"quoted-printable"),
         "总结=ZZ\ufffd"),
        (b"\r\n", ""),
    ],
)  # fmt: skip
def test_what_is_shown(tmp_path: Path, content: bytes, text: str) -> None:
    assert mails.read(mails.mail(content), tmp_path).message.text == text


def test_what_follows_a_quotation_belongs_to_it(tmp_path: Path) -> None:
    parts = [mails.text_part(f"{OWN}\n---原始邮件---\n{OLD}"), mails.part(mails.PHOTO, b"Content-Type: image/jpeg"),
             mails.text_part("邹城市")]  # fmt: skip
    message = mails.read(mails.mail(mails.multipart(parts)), tmp_path).message
    assert message.own_text == OWN
    assert message.text.endswith("邹城市")


def test_long_text_is_cut_at_a_line_told_and_kept_as_a_file(tmp_path: Path) -> None:
    text = "科技活动周总结报告\n" * 60_000
    reading = mails.read(mails.mail(mails.text_part(text, encoding="8bit")), tmp_path)
    assert len(reading.message.text) > 300_000
    assert set(reading.message.text.split("\n")) == {"科技活动周总结报告"}
    assert reading.contents == (text.encode(),)
    assert "text too long" in reading.message.defects


def test_text_that_lost_octets_is_a_defect(tmp_path: Path) -> None:
    octets = mails.part(b"\xd7\xdc\xff", b"Content-Type: text/plain; charset=gb2312", "8bit")
    assert "lossy text" in mails.read(mails.mail(octets), tmp_path).message.defects
