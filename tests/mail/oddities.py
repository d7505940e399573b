"""Mails that are odd whoever wrote them: charsets, wrappings, what servers put around them, bounces, questions."""

from __future__ import annotations

from tests.mail.parts import (
    PLEASE,
    TO,
    WORD,
    arrived,
    attached,
    crlf,
    film,
    multipart,
    page,
    part,
    photo,
    summary,
    text,
    wire,
    word,
)
from tests.samples.archives import zipped
from tests.samples.documents import docx
from tests.samples.mails import uuencoded

_RENCHENG = "kjj@rencheng.example.gov.cn"


def _head(subject: str, sender: str = _RENCHENG, name: str = "任城区科技局", label: str = "gb2312") -> str:
    """Of a program that has no habits of its own."""
    codec = {"gb2312": "gb18030"}.get(label, label)
    return (
        f"Date: {{date}}\nFrom: {word(name, label, codec)} <{sender}>\n"
        f"To: <{TO}>\nSubject: {word(subject, label, codec)}\n"
        f"Message-ID: <{len(subject):03}20240605@{sender.rpartition('@')[2]}>\nMIME-Version: 1.0\n"
    )


def _report(short: str = "任城区", name: str = "report.docx") -> bytes:
    return attached(WORD, name, summary(short))


def wps_share() -> bytes:
    """WPS puts into the text what its button for sharing copies: a title and an address, no file."""
    said = PLEASE + "【金山文档 | WPS云文档】 任城区2024年科技活动周总结报告.docx\nhttps://kdocs.cn/l/cbTq3kVnWm7X\n"
    return arrived(
        "06-05 09:50:00", _RENCHENG, _head("任城区科技活动周总结材料"), text(said, "plain", "gb2312", "gb18030")
    )


def names_beyond_gb2312() -> bytes:
    """〇 and names of people lie beyond gb2312, 𠮷 even beyond GBK; the label is gb2312 all the same."""
    names = "镕、喆、燊、䶮、𠮷"
    title = f"任城区二〇二四年度科技活动周总结报告（{names}）"
    named = word(f"{title}.docx", "gb2312", "gb18030")
    body = docx(title, [f"参加人员：朱{names}等五名同志。"])
    report = attached(WORD, named, body)
    said = f"附件是{title}，联系人：李𠮷，请查收。\n"
    content = multipart("mixed", "----=_Part_56_gb", text(said, "plain", "gb2312", "gb18030", "8bit"), report)
    return arrived("06-05 09:55:00", _RENCHENG, _head(f"任城区二〇二四年度科技活动周总结（{names}）"), content)


def big5_subject() -> bytes:
    """A computer set to traditional characters: subject and text are Big5, what the county wrote is not."""
    content = multipart(
        "mixed", "----=_Part_57_big5", text("檢送總結材料，請查收。\n", "plain", "big5", "big5"), _report()
    )
    return arrived(
        "06-05 10:00:00", _RENCHENG, _head("任城區科技活動週總結材料", name="任城區科技局", label="big5"), content
    )


def zip_with_gbk_names() -> bytes:
    packed = zipped(
        {
            "任城区科技活动周材料/总结报告.docx": summary("任城区"),
            "任城区科技活动周材料/照片/启动仪式.jpg": photo(58),
            "任城区科技活动周材料/视频/科技活动周.mp4": film(),
        },
        names="gbk",
    )
    named = word("任城区科技活动周材料.zip", "gb2312", "gb18030", every=40)
    file = attached("application/x-zip-compressed", named, packed)
    content = multipart("mixed", "----=_Part_58_zip", text(PLEASE, "plain", "gb2312", "gb18030"), file)
    return arrived("06-05 10:03:00", _RENCHENG, _head("任城区科技活动周总结材料"), content)


def _plain_mail() -> bytes:
    content = multipart("mixed", "----=_Part_61_plain", text(PLEASE, "plain", "gb2312", "gb18030"), _report())
    return arrived("06-05 10:15:00", _RENCHENG, _head("任城区科技活动周总结材料"), content)


def byte_order_mark_first() -> bytes:
    """Staff or a gateway saved the mail with an editor: a byte order mark stands before the first header line."""
    return b"\xef\xbb\xbf" + _plain_mail()


def mbox_line_first() -> bytes:
    return b"From kjj@rencheng.example.gov.cn Wed Jun  5 10:15:00 2024\r\n" + _plain_mail()


def whole_mail_is_a_photo() -> bytes:
    """What a scanner or an old telephone sends: no text, no multipart, the mail itself is the picture."""
    named = word("启动仪式.jpg", "gb2312", "gb18030")
    content = part(f'Content-Type: image/jpeg;\n\tname="{named}"', photo(63))
    return arrived("06-05 10:20:00", _RENCHENG, _head("任城区科技活动周照片"), content)


def uuencoded_report() -> bytes:
    """The report stands in the text itself, between "begin" and "end", its name in raw GBK."""
    said = (
        PLEASE.encode("gb18030")
        + b"\n"
        + uuencoded(summary("任城区"), "任城区科技活动周总结报告.docx".encode("gb18030"))
    )
    content = wire('Content-Type: text/plain;\n\tcharset="gb2312"\nContent-Transfer-Encoding: 8bit\n\n') + crlf(said)
    return arrived("06-05 10:25:00", _RENCHENG, _head("任城区科技活动周总结报告"), content)


def base64_wrapped_mail() -> bytes:
    """A forwarded mail in base64, which RFC 2046 section 5.2.1 forbids."""
    inside = part("Content-Type: message/rfc822\nContent-Disposition: attachment", _plain_mail())
    said = text("转发，请查收。\n", "plain", "gb2312", "gb18030")
    content = multipart("mixed", "----=_Part_65_wrap", said, inside)
    return arrived("06-05 10:30:00", _RENCHENG, _head("转发：任城区科技活动周总结材料"), content)


def aliyun_bounce() -> bytes:
    """No report type, no mark in its head, the envelope unknown: sender, subject and an attached original are all."""
    sender = "postmaster@aliyun.example.com"
    head = (
        f"Date: {{date}}\nFrom: {word('系统退信', 'utf-8', 'utf-8')} <{sender}>\nTo: {TO}\n"
        f"Subject: {word(f'来自{sender}的退信', 'utf-8', 'utf-8')}\n"
        "Message-ID: <64a1@aliyun.example.com>\nMIME-Version: 1.0\n"
    )
    said = "<p>很抱歉，您的邮件被退回。</p><p>收件人：kjj@old.example.gov.cn</p><p>原因：收件人不存在。</p>"
    original = _head("【未收齐】2024年科技活动周总结材料催报", TO, "济宁市科技局人才科").replace(
        "{date}", "Wed, 5 Jun 2024 10:00:00 +0800"
    )
    content = multipart(
        "mixed", "----=ALIBOUNDARY_66_bounce", text(said, "html", "utf-8", "utf-8"),
        part('Content-Type: application/octet-stream;\n\tname="original.eml"\nContent-Disposition: attachment;\n'
             '\tfilename="original.eml"', wire(original) + text("原文\n", "plain", "utf-8", "utf-8")),
    )  # fmt: skip
    return arrived("06-05 10:35:00", sender, head, content)


def sina_bounce() -> bytes:
    """The subject in raw GBK, under a sender whose name says nothing; the original as an attached mail."""
    sender = "mail_system@sina.example.com"
    head = (
        b"Date: {date}\nFrom: " + "新浪邮件系统".encode("gbk") + f" <{sender}>\nTo: {TO}\nSubject: ".encode()
        + "邮件传输失败！".encode("gbk") + b"\nMessage-ID: <67@sina.example.com>\nMIME-Version: 1.0\n"
    )  # fmt: skip
    original = _head("科技活动周催报", TO, "人才科").replace("{date}", "Wed, 5 Jun 2024 10:00:00 +0800")
    said = "您发给 kjj_old@sina.example.com 的邮件传输失败，原因：用户不存在。\n"
    content = multipart(
        "mixed", "sinamail_67_bounce", text(said, "plain", "gb2312", "gbk", "8bit"),
        part("Content-Type: message/rfc822", wire(original) + text("原文\n", "plain", "utf-8", "utf-8"), "8bit"),
    )  # fmt: skip
    return arrived("06-05 10:40:00", sender, head, content)


def question_below_the_notice() -> bytes:
    """A known unit answers the notice with a question; only the quoted notice names what it is about."""
    said = (
        "老师您好：\n    请问影像资料必须是横屏吗？联系电话：0537-0000000。\n\n\n发自我的手机\n\n"
        '---原始邮件---\n发件人: "jnkjjrck"<jnkjjrck@ji.shandong.cn>\n发送时间: 2024年5月8日(星期三) 上午9:00\n'
        "主题: 关于举办2024年济宁市科技活动周的通知\n\n请于6月11日前报送总结报告、照片、影像资料。\n"
    )
    head = _head("回复：关于举办2024年济宁市科技活动周的通知")
    return arrived("05-27 09:10:00", _RENCHENG, head, text(said, "plain", "utf-8", "utf-8"))


def question_of_a_stranger() -> bytes:
    """A county office asks from a private address: its unit and the notice are named, nothing is attached."""
    sender = "yutai_wang@163.example.com"
    said = "老师您好，我是鱼台县科技局王志强。请问科技活动周的视频可以用手机拍吗？谢谢！\n"
    head = _head("咨询科技活动周视频要求", sender, "王志强")
    body = multipart(
        "alternative", "----=_Part_70_ask", text(said, "plain", "GBK", "gbk"), text(page(said), "html", "GBK", "gbk")
    )
    return arrived("05-27 09:40:00", sender, head, body)
