"""Mails as Tencent's programs build them: QQ webmail, Foxmail and Tencent's mail for companies."""

from __future__ import annotations

from tests.mail.parts import PLEASE, TO, WORD, arrived, attached, multipart, page, part, photo, summary, text, word

_FTN = "https://wx.mail.qq.com/ftn/download?func=3&key=7d3638366f1c2a8e7d363836&code=76847d36&k=7d3638366f1c2a8e"
_OLD_FTN = "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=7d363836a98b2c&code=7684a98b"


def _gb(said: str) -> str:
    return word(said, "gb18030", "gb18030")


def _qq_head(sender: str, name: str, subject: str, company: str = "") -> str:
    """QQ puts every phrase into encoded words, also an address, and writes its marks around the standard fields."""
    feedback = f"Feedback-ID: webmail:{company}:qybglogicsvrgz:qybglogicsvrgz6a-3\n" if company else ""
    return (
        f"X-QQ-mid: webmail812t1717550{len(subject)}t4387120\nX-QQ-FEAT: y+Qq6oFzLm5kHVfnJHZyYdS4uuJgcMGV\n"
        f'From: "{_gb(name)}" <{sender}>\nTo: "{_gb("jnkjjrck")}" <{TO}>\nSubject: {_gb(subject)}\nMime-Version: 1.0\n'
        f"X-QQ-SSF: 00000000000000F0000000000000\n{feedback}Date: {{date}}\nX-Priority: 3\n"
        "Message-ID: <tencent_8E1F27A0C64D5B3901F2A7C4D5E6F7089A0B@qq.example.com>\n"
        "X-QQ-MIME: TCMime 1.0 by Tencent\nX-Mailer: QQMail 2.x\nX-QQ-Mailer: QQMail 2.x\n"
    )


def _qq_body(number: int, said: str, html: str) -> bytes:
    return multipart(
        "alternative", f"----=_NextPart_665FBE0{number}_0C4E1B80_2F9D3A11",
        text(said, "plain", "gb18030", "gb18030"), text(html, "html", "gb18030", "gb18030"),
        preamble="This is a multi-part message in MIME format.\n", after="Content-Transfer-Encoding: 8Bit\n",
    )  # fmt: skip


def _qq_file(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    named = _gb(name)
    head = f'Content-Type: {kind};\n\tcharset="gb18030";\n\tname="{named}"\n'
    return part(f'{head}Content-Disposition: attachment; filename="{named}"', content)


def qq_pasted_photos() -> bytes:
    sender = "305600123@qq.example.com"
    cids = ("0190C061@AD915844.D047F75D00000000.PNG", "4DA17F0B@3C2B1A5E.D047F75D00000000.PNG")
    shown = [
        part(f'Content-Type: image/jpeg;\n\tname="{cid.split("@")[0]}@{cid.split("@")[1]}.jpg"\nContent-ID: <{cid}>',
             photo(seed)) for seed, cid in enumerate(cids, 411)
    ]  # fmt: skip
    html = page(PLEASE) + "".join(f'<div><img src="cid:{cid}" modifysize="51%" diffpixels="8px"></div>' for cid in cids)
    related = multipart("related", "----=_NextPart_665FBE01_0C4E1B80_6A1C22D4", _qq_body(2, PLEASE, html), *shown)
    report = _qq_file("鱼台县2024年科技活动周总结报告.docx", summary("鱼台县"))
    content = multipart("mixed", "----=_NextPart_665FBE00_0C4E1B80_11D3F0A7", related, report)
    return arrived("06-05 09:12:31", sender, _qq_head(sender, "晓看天色", "鱼台县科技活动周总结材料"), content)


def qq_big_attachment() -> bytes:
    """The page holds the block as a form holds it; the plain text says the same in words."""
    sender, name = "778812345@qq.example.com", "金乡县科技活动周影像资料.mp4"
    size, expires = "128.03M", "2024年07月05日 21:59"
    block = (
        '<div id="QQMailBigAttach" style="width:auto;background:#e0ecf9;border:2px solid #c1d9f3;">'
        '<hr source="1" style="display:none"><div class="bigatt_bt"><b>从QQ邮箱发来的超大附件</b></div>'
        f'<div class="bigatt_item" title="{name}&#10;&#13;文件大小：{size}&#10;&#13;到期时间：{expires}">'
        f'<form method="get" target="_blank" action="{_OLD_FTN.replace("&", "&amp;")}">'
        f'<span class="qqmailbgattach" expiretime="{expires}" downloadlink="{_OLD_FTN.replace("&", "&amp;")}">'
        f'<a href="{_OLD_FTN.replace("&", "&amp;")}">{name}</a><span> ({size}, {expires} 到期)</span></span>'
        '<input type="submit" value="进入下载页面"></form></div></div>'
    )
    said = f"{PLEASE}\n\n从QQ邮箱发来的超大附件\n\n{name} ({size}, {expires} 到期)进入下载页面：{_OLD_FTN}\n"
    report = _qq_file("金乡县2024年科技活动周总结报告.docx", summary("金乡县"))
    content = multipart("mixed", "----=_NextPart_665FBE10_0E2C7F10_5B0D9A12", _qq_body(1, said, page(PLEASE) + block),
                        report)  # fmt: skip
    return arrived("06-05 16:40:02", sender, _qq_head(sender, "小金", "金乡县科技活动周总结材料"), content)


def exmail() -> bytes:
    """Feedback-ID stands in every mail of a company's webmail: it marks no robot."""
    sender, name = "kongqx@qufu.example.gov.cn", "曲阜市科技活动周.mp4"
    link = _FTN.replace("&", "&amp;").replace("wx.mail", "iwx.mail")
    block = (
        '<div id="QQMailBigAttach"><div class="bigatt_bt"><b>从腾讯企业邮箱发来的超大附件</b></div>'
        f'<div><a href="{link}">{name}</a> <span>(86.4M, 2024年07月04日 10:20 到期)</span>'
        f'<a href="{link}">进入下载页面</a></div></div>'
    )
    body = _qq_body(4, PLEASE, page(PLEASE) + block)
    files = [
        _qq_file("曲阜市科技活动周总结报告.docx", summary("曲阜市")),
        _qq_file("尼山科普行.jpg", photo(54), "image/jpeg"),
    ]
    content = multipart("mixed", "----=_NextPart_665FBE40_0F1D2C30_77A2B3C4", body, *files)
    head = _qq_head(sender, "孔庆祥", "曲阜市科技活动周总结材料", company="qufu.example.gov.cn")
    return arrived("06-04 10:21:40", sender, head, content)


def qq_automatic_reply() -> bytes:
    """Nothing in its head says that nobody wrote it."""
    sender = "778812345@qq.example.com"
    said = "您好，您的邮件已收到，我会尽快回复您。\n"
    head = _qq_head(sender, "金乡县科技局小金", "自动回复: 关于举办2024年济宁市科技活动周的通知")
    return arrived("05-28 08:30:00", sender, head, _qq_body(6, said, page(said)))


def _foxmail_head(sender: str, name: str, subject: str, attached: str) -> str:
    return (
        f"Date: {{date}}\nFrom: {word(name, 'GB2312', 'gb18030')} <{sender}>\nTo: jnkjjrck <{TO}>\n"
        f"Subject: {word(subject, 'GB2312', 'gb18030')}\nX-Priority: 3\nX-GUID: 6B1D0A5F-3C0E-4E76-9B55-1F4C2D7A9E03\n"
        f"X-Has-Attach: {attached}\nX-Mailer: Foxmail 7.2.25.245[cn]\nMime-Version: 1.0\n"
        f"Message-ID: <2024060509300147{len(subject)}12@{sender.rpartition('@')[2]}>\n"
    )


def _foxmail_body(said: str, html: str) -> bytes:
    return multipart(
        "alternative", "----=_002_NextPart417320986551_=----",
        text(said, "plain", "GB2312", "gb18030"), text(html, "html", "GB2312", "gb18030"),
    )  # fmt: skip


_FOXMAIL_SAYS = "This is a multi-part message in MIME format.\n"


def foxmail() -> bytes:
    """X-Has-Attach says no, because the photo stands in the text; the report came by a later version of the draft."""
    sender, cid = "kjj@weishan.example.gov.cn", "_Foxmail.1@9d4e2a51-7c0b-2f3e-8a66-0b1c2d3e4f50"
    shown = part(f'Content-Type: image/jpeg;\n\tname="InsertPic_(06-05-09-30-11).jpg"\nContent-ID: <{cid}>', photo(47))
    html = (
        f'<html><head><meta http-equiv="content-type" content="text/html; charset=GB2312"></head><body>{page(PLEASE)}'
    )
    html += f'<div><img src="cid:{cid}" border="0"></div></body></html>'
    related = multipart("related", "----=_003_NextPart551208846330_=----", _foxmail_body(PLEASE, html), shown,
                        preamble=_FOXMAIL_SAYS)  # fmt: skip
    named = word("微山县2024年科技活动周总结报告.docx", "GB2312", "gb18030", every=40)
    report = attached("application/octet-stream", named, summary("微山县"))
    content = multipart("mixed", "----=_001_NextPart118840267134_=----", related, report, preamble=_FOXMAIL_SAYS)
    head = _foxmail_head(sender, "微山县科技局", "微山县科技活动周总结材料", "no")
    return arrived("06-05 09:31:20", sender, head, content)


def foxmail_big_attachment() -> bytes:
    sender, name = "kjj@weishan.example.gov.cn", "微山湖科普行.mov"
    link = _FTN.replace("&", "&amp;")
    block = (
        '<div id="FoxmailClientBigAttach_1" class="foxmail_hugeattachment" style="border:1px solid #c1d9f3">'
        '<div class="FoxmailClientBigAttachTitle">从Foxmail发来的超大附件</div>'
        f'<div class="FoxmailClientBigAttachEntry"><a href="{link}">{name}</a> '
        "<span>(212.7M, 2024年07月05日 09:40 到期)</span></div></div>"
    )
    content = _foxmail_body(PLEASE, page(PLEASE) + block)
    head = _foxmail_head(sender, "微山县科技局", "微山县科技活动周影像资料", "no")
    return arrived("06-05 09:41:00", sender, head, content)


def foxmail_forwarded_file() -> bytes:
    """Forwarded "as attachment": an .eml of any type, its name the subject of the mail inside."""
    sender = "kjj@weishan.example.gov.cn"
    inside = arrived(
        "06-04 17:20:00", "lihua@qq.example.com",
        _foxmail_head("lihua@qq.example.com", "李华", "微山县总结", "yes"),
        multipart("mixed", "----=_001_NextPart330011223344_=----",
                  text("李主任：总结见附件。\n", "plain", "GB2312", "gb18030"),
                  attached(WORD, "report.docx", summary("微山县"))),
    )  # fmt: skip
    named = word("微山县总结.eml", "GB2312", "gb18030")
    eml = attached("application/octet-stream", named, inside)
    body = _foxmail_body("转发我县材料，请查收。\n", page("转发我县材料，请查收。"))
    content = multipart("mixed", "----=_001_NextPart590011223344_=----", body, eml, preamble=_FOXMAIL_SAYS)
    head = _foxmail_head(sender, "微山县科技局", "转发: 微山县科技活动周总结材料", "yes")
    return arrived("06-05 10:05:00", sender, head, content)


def qq_forwarded_big_attachment() -> bytes:
    """Forwarded in the text: what the county hands in is what stands below the mark, the block too."""
    sender, name = "778812345@qq.example.com", "金乡县科技活动周影像资料.mp4"
    link = _OLD_FTN.replace("&", "&amp;")
    own = "转发我县融媒体中心制作的影像资料，请查收。\n"
    head = (
        '发件人: "金乡融媒" <rongmei@qq.example.com>\n发送时间: 2024年6月5日(星期三) 下午3:02\n主题: 科技活动周成片\n'
    )
    mark = "------------------ 转发邮件 ------------------\n"
    block = (
        '<div id="QQMailBigAttach"><div class="bigatt_bt"><b>从QQ邮箱发来的超大附件</b></div>'
        f'<div><a href="{link}">{name}</a> (128.03M, 2024年07月05日 15:02 到期)'
        f'<a href="{link}">进入下载页面</a></div></div>'
    )
    said = f"{own}\n\n{mark}{head}\n"
    said += f"从QQ邮箱发来的超大附件\n{name} (128.03M, 2024年07月05日 15:02 到期)进入下载页面：{_OLD_FTN}\n"
    html = page(own) + f"<div>{mark.strip()}</div>" + page(head.replace("<", "&lt;")) + block
    body = _qq_body(9, said, html)
    return arrived("06-05 16:50:00", sender, _qq_head(sender, "小金", "转发：金乡县科技活动周影像资料"), body)
