"""Mails as NetEase's, Coremail's and Alibaba's programs build them."""

from __future__ import annotations

from tests.mail.parts import PLEASE, TO, arrived, multipart, page, part, photo, screenshot, summary, text, word

_READING_VIEW = (
    '<head><base target="_blank"><style type="text/css">::-webkit-scrollbar{display:none}</style>'
    '<style id="cloudAttachStyle" type="text/css">#divNeteaseBigAttach, #divNeteaseBigAttach_bak{display:none;}</style>'
    '<style id="blockquoteStyle" type="text/css">blockquote{display:none;}</style></head>'
)
"""What 163's reading view puts before every mail; it travels along when somebody copies from it."""


def _coremail_head(sender: str, name: str, subject: str, mailer: str) -> str:
    return (
        f"X-Originating-IP: [ 192.0.2.88 ]\nDate: {{date}} (GMT+08:00)\nX-CM-HeaderCharset: UTF-8\n"
        f'From: "{word(name, "GBK", "gbk")}" <{sender}>\nTo: {TO}\n'
        f"Subject: {word(subject, 'GBK', 'gbk', quoted=True)}\n"
        f"X-Priority: 3\nX-Mailer: {mailer}\nX-NTES-SC: AL_Qu2aAfybu0Ap4CCRYOkcnUcUX+05Xcu2+7Nv\n"
        "MIME-Version: 1.0\nX-CM-TRANSID: AQAAfwDHd6Gk119mxhAEAA--.4401W\n"
    )


def _gbk_body(number: int, said: str, html: str) -> bytes:
    return multipart(
        "alternative", f"----=_Part_22018{number}_1716021563.1717550{number}21", text(said, "plain", "GBK", "gbk"),
        text(html, "html", "GBK", "gbk"),
    )  # fmt: skip


def _coremail_file(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    """The name in two encoded words on two lines, inside quotes, as no standard allows."""
    named = word(name, "GBK", "gbk", quoted=True, every=14)
    return part(
        f'Content-Type: {kind}; \n\tname="{named}"\nContent-Disposition: attachment; \n\tfilename="{named}"', content
    )


def coremail_webmail() -> bytes:
    """Two pasted pictures, both called image.png."""
    sender = "kjj@zoucheng.example.gov.cn"
    cids = ("4308b503$1$17de739f211$Coremail$kjj$example.gov.cn", "5a1190fe$2$17de739f211$Coremail$kjj$example.gov.cn")
    shown = [
        part(f'Content-Type: image/png; name="image.png"\nContent-ID: <{cid}>\nContent-Disposition: inline; '
             'filename="image.png"', screenshot(seed)) for seed, cid in enumerate(cids, 431)
    ]  # fmt: skip
    html = page(PLEASE) + "".join(f'<p><img src="cid:{cid}" orgwidth="420"></p>' for cid in cids)
    related = multipart("related", "----=_Part_220181_1190442871.1717550120", _gbk_body(2, PLEASE, html), *shown)
    report = _coremail_file("邹城市2024年科技活动周总结报告.docx", summary("邹城市"))
    content = multipart("mixed", "----=_Part_220180_2054417733.1717550120", related, report)
    mailer = "Coremail Webmail Server Version XT6.0.5 build 20230915(bf90896b) Copyright (c) 2002-2024 www.mailtech.cn"
    return arrived(
        "06-05 09:15:20", sender, _coremail_head(sender, "邹城市科技局", "邹城市科技活动周总结材料", mailer), content
    )


def alimail() -> bytes:
    """Alimail says of a pasted picture only that it is octets."""
    sender, cid = "kjj@jiaxiang.example.gov.cn", "__aliyun160497156630432881"
    name, subject, report = (
        word(each, "UTF-8", "utf-8")
        for each in ("嘉祥县科技局", "嘉祥县科技活动周总结材料", "嘉祥县科技活动周总结报告.docx")
    )
    head = (
        f'Date: {{date}}\nFrom: "{name}" <{sender}>\nTo: "jnkjjrck" <{TO}>\n'
        f"Reply-To: {name} <{sender}>\nMessage-ID: <4c1b7f0e-3f52-4d0e-9c61-7a1f2e5d8b90.{sender}>\n"
        f"Subject: {subject}\nX-Mailer: [Alimail-Mailagent revision 46][W4_6.13][v3ContactAlmmm][Chrome]\n"
        "MIME-Version: 1.0\nx-aliyun-im-through: {\"version\":\"v1.0\"}\n"
    )  # fmt: skip
    shown = part(
        f'Content-Type: application/octet-stream; name="IMG_20240601_093012.jpg"\nContent-Disposition: inline; '
        f'filename="IMG_20240601_093012.jpg"\nContent-ID: <{cid}>', photo(44),
    )  # fmt: skip
    html = f'<div class="__aliyun_email_body_block">{page(PLEASE)}<div><img src="cid:{cid}"></div></div>'
    body = multipart(
        "alternative", "----=ALIBOUNDARY_87321_7f2c4d6ff700_665fbe44_2b1a7", text(PLEASE, "plain", "UTF-8", "utf-8"),
        text(html, "html", "UTF-8", "utf-8"),
    )  # fmt: skip
    related = multipart("related", "----=ALIBOUNDARY_87321_7f2c4d6ff700_665fbe44_2b1a6", body, shown)
    docx = part(
        f'Content-Type: application/octet-stream; name="{report}"\n'
        f'Content-Disposition: attachment; filename="{report}"',
        summary("嘉祥县"),
    )
    content = multipart("mixed", "----=ALIBOUNDARY_87321_7f2c4d6ff700_665fbe44_2b1a5", related, docx)
    return arrived("06-05 09:18:00", sender, head, content)


def _master_head(sender: str, name: str, subject: str, mailer: str) -> str:
    return (
        f"Date: {{date}}\nFrom: {word(name, 'utf-8', 'utf-8')} <{sender}>\nTo: jnkjjrck <{TO}>\n"
        f"Message-ID: <1A7C40E2-0D6B-4B2F-9E03-{len(subject):04}5F2E7D31@163.example.com>\n"
        f"Subject: {word(subject, 'utf-8', 'utf-8')}\nX-Mailer: {mailer}\nX-CUSTOM-MAIL-MASTER-SENT-ID: 0D6B4B2F\n"
        "MIME-Version: 1.0\n"
    )


def _master_body(number: int, said: str, html: str) -> bytes:
    return multipart(
        "alternative", f"NetEase-FlashMail-003-{number}a4c9e70-5b1f-4d2e", text(said, "plain", "utf-8", "utf-8"),
        text(html, "html", "utf-8", "utf-8", "quoted-printable"),
    )  # fmt: skip


def flashmail() -> bytes:
    sender, cid = "kjj@sishui.example.gov.cn", "flashmail$6a1de00c$18fe0c2d7b1$nmmp@nmmp"
    shown = part(
        f'Content-Type: image/jpeg; name="mmexport1717203311208.jpg"\nContent-Disposition: inline;\n '
        f'filename="mmexport1717203311208.jpg"\nContent-ID: <{cid}>', photo(45),
    )  # fmt: skip
    html = f'<html><body>{page(PLEASE)}<img src="cid:{cid}" width="100%"></body></html>'
    content = multipart("related", "NetEase-FlashMail-002-1a4c9e70-5b1f-4d2e", _master_body(1, PLEASE, html), shown)
    head = _master_head(sender, "泗水县科技局", "泗水县科技活动周照片", "NetEase-FlashMail 2.4.1.30")
    return arrived("06-05 09:20:00", sender, head, content)


_MASTER_FILM = "汶上县科技活动周.mp4"
_MASTER_BLOCK = (
    '<div id="divNeteaseBigAttach" style="border:1px solid #c1d9f3"><div>从网易163邮箱发来的超大附件</div>'
    '<div><a class="bigattach-mailmaster-download" href="https://mail.163.com/large-attachment-download/index.html?'
    'p=X-NETEASE-HUGE-ATTACHMENT$AAAAAQECgYGB&amp;file=mQjL3hVtYw&amp;title=%E6%B1%B6%E4%B8%8A" '
    f'filename="{_MASTER_FILM}" filesize="134247219" expiretime="1718945700000">{_MASTER_FILM}</a>'
    "<span>(128.03M, 2024年6月21日 12:55 到期)</span></div></div>"
)


def master_big_attachment() -> bytes:
    """The plain text says nothing of the block."""
    sender = "wenshang_kjj@163.example.com"
    html = f"<html><body>{page(PLEASE)}{_MASTER_BLOCK}</body></html>"
    named = word("汶上县科技活动周总结报告.docx", "utf-8", "utf-8", every=30)
    docx = part(
        f'Content-Type: application/octet-stream; name="{named}"\nContent-Disposition: attachment; filename="{named}"',
        summary("汶上县"),
    )
    content = multipart("mixed", "NetEase-FlashMail-001-2a4c9e70-5b1f-4d2e", _master_body(2, PLEASE, html), docx)
    head = _master_head(sender, "汶上科技", "汶上县科技活动周总结材料", "MailMasterPC/4.19.1.1004(Win10)")
    return arrived("06-06 12:56:00", sender, head, content)


def master_forwarded_big_attachment() -> bytes:
    """Forwarded in the text; the block and its address stand in the page only, below the mark."""
    sender = "wenshang_kjj@163.example.com"
    said = "转发融媒体中心的视频，请查收。\n\n---- 转发的邮件 ----\n"
    lines = '发件人: "汶上融媒" <rongmei@163.example.com>\n发送日期: 2024年6月6日 12:55\n主题: 科技周成片\n'
    html = f"<html><body>{page(said)}{page(lines.replace('<', '&lt;'))}{_MASTER_BLOCK}</body></html>"
    head = _master_head(sender, "汶上科技", "转发：汶上县科技活动周视频", "MailMasterPC/4.19.1.1004(Win10)")
    return arrived("06-06 13:10:00", sender, head, _master_body(6, said + lines, html))


def copied_from_the_reading_view() -> bytes:
    """The text was copied out of 163's reading view, whose style names the block; no block is there."""
    sender = "kjj@sishui.example.gov.cn"
    body = _gbk_body(7, PLEASE, f"<html>{_READING_VIEW}<body>{page(PLEASE)}</body></html>")
    content = multipart(
        "mixed", "----=_Part_710044_1190442871.1717550120", body,
        _coremail_file("泗水县2024年科技活动周总结报告.docx", summary("泗水县")),
    )  # fmt: skip
    head = _coremail_head(sender, "泗水县科技局", "泗水县科技活动周总结材料", "Coremail Webmail Server Version 163com")
    return arrived("06-05 11:02:00", sender, head, content)


def names_another_unit_below() -> bytes:
    """A reply by 163 webmail: below its own two lines stands the mail of another county, with a link of its own."""
    sender = "yutai_wang@163.example.com"
    own = "老师好，鱼台县的总结报告见附件，照片和视频随后发。\n"
    film = "微山县科技活动周.mp4 (96.2M, 2024年07月04日 08:00 到期)进入下载页面："
    link = "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=6a36&code=7a84"
    other = f"微山县科技局：现报送微山县科技活动周总结材料。\n从QQ邮箱发来的超大附件\n{film}{link}\n"
    quoted = 'At 2024-06-04 16:20:11, "微山县科技局" <kjj@weishan.example.gov.cn> wrote:\n'
    said = f"{own}\n\n\n{quoted}>" + other.strip().replace("\n", "\n>") + "\n"
    html = (
        f'{page(own)}<div style="position:relative;zoom:1"></div><pre><br>{quoted.replace("<", "&lt;")}</pre>'
        f'<blockquote id="isReplyContent" style="PADDING-LEFT:1ex">{page(other)}'
        f'<a href="{link}">{film}</a></blockquote>'
    )
    docx = _coremail_file("科技活动周总结报告.docx", summary("鱼台县"))
    content = multipart("mixed", "----=_Part_550102_1190442871.1717550120", _gbk_body(5, said, html), docx)
    head = _coremail_head(sender, "王志强", "回复:科技活动周总结材料", "Coremail Webmail Server Version 163com")
    return arrived("06-05 14:25:00", sender, head, content)
