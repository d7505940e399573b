"""Mails as Apple's and Microsoft's programs build them."""

from __future__ import annotations

import struct

from tests.mail.parts import (
    PLEASE,
    TO,
    WORD,
    arrived,
    attached,
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
from tests.samples.containers import Attached, signed, tnef
from tests.samples.media import pair_heic, png


def iphone() -> bytes:
    """Texts, photos and a film one after the other, none of them an attachment; one photo as the camera keeps it."""
    sender = "zhanglei@icloud.example.com"
    head = (
        f"From: {word('张磊', 'utf-8', 'utf-8')} <{sender}>\n"
        f"Mime-Version: 1.0 (1.0)\nSubject: {word('任城区科技活动周照片和视频', 'utf-8', 'utf-8')}\n"
        f"Message-Id: <7B0C2D1E-5A64-4F1B-8E0F-3C9D2A1B0E4F@icloud.example.com>\nDate: {{date}}\nTo: {TO}\n"
        "X-Mailer: iPhone Mail (21F79)\n"
    )
    heic = pair_heic() + struct.pack(">I4s", 22_000, b"free") + bytes(21_992)
    content = multipart(
        "mixed", "Apple-Mail-2F8C1B7A-60D5-4E0C-9A3B-1D2C3E4F5A6B",
        text("启动仪式：\n", "plain", "utf-8", "utf-8"), _shown("IMG_4780.JPG", "image/jpeg", photo(49)),
        text("\n进校园：\n", "plain", "utf-8", "utf-8"), _shown("IMG_4781.HEIC", "image/heic", heic),
        text("\n视频：\n", "plain", "utf-8", "utf-8"), _shown("IMG_4790.MOV", "video/quicktime", film(60, "mov")),
        text("\n\n发自我的iPhone", "plain", "utf-8", "utf-8"), after="Content-Transfer-Encoding: 7bit\n",
    )  # fmt: skip
    return arrived("06-05 09:25:00", sender, head, content)


def _shown(name: str, kind: str, content: bytes) -> bytes:
    return part(
        f"Content-Type: {kind};\n\tname={name};\n\tx-apple-part-url=8A1B\n"
        f"Content-Disposition: inline;\n\tfilename={name}",
        content,
    )


def _outlook_head(sender: str, name: str, subject: str, more: str = "") -> str:
    return (
        f'From: "{word(name, "gb2312", "gb18030")}" <{sender}>\nTo: "{TO}" <{TO}>\n'
        f"Subject: {word(subject, 'gb2312', 'gb18030')}\nThread-Topic: {word(subject, 'gb2312', 'gb18030')}\n"
        f"Thread-Index: AdqbB3ilNWy1U2p9QcuXvYtq0tLxGA==\nDate: {{date}}\n"
        f"Message-ID: <TYZPR04MB{len(subject):04}2C9F1A7B5D@TYZPR04MB.apcprd04.prod.outlook.example.com>\n"
        f"Accept-Language: zh-CN, en-US\nContent-Language: zh-CN\nX-MS-Has-Attach: yes\n{more}MIME-Version: 1.0\n"
    )


def winmail() -> bytes:
    """Everything lies in winmail.dat, under names that MS-DOS could write and others in Unicode beside them."""
    sender = "kjj@liangshan.example.gov.cn"
    packed = tnef([
        Attached(summary("梁山县"), "梁山县~1.DOC".encode("gb18030"), "梁山县2024年科技活动周总结报告.docx"),
        Attached(photo(50), b"IMG_20~1.JPG", "启动仪式.jpg"),
        Attached(film(), b"VIDEO~1.MP4", "梁山县科技活动周.mp4"),
    ])  # fmt: skip
    dat = attached("application/ms-tnef", "winmail.dat", packed)
    body = text(PLEASE, "plain", "gb2312", "gb18030")
    content = multipart("mixed", "_000_TYZPR04MB50782C9F1A7B5DTYZPR04MB5078apcp_", body, dat)
    head = _outlook_head(
        sender, "梁山县科技局", "梁山县科技活动周总结材料", "X-MS-TNEF-Correlator: <TYZPR04MB50782C9F@x>\n"
    )
    return arrived("06-05 09:30:00", sender, head, content)


def _outlook_body(number: int, said: str, html: str) -> bytes:
    return multipart(
        "alternative", f"_{number:03}_TYZPR04MB50782C9F1A7B5DTYZPR04MB5078apcp_",
        text(said, "plain", "gb2312", "gb18030"), text(html, "html", "gb2312", "gb18030", "quoted-printable"),
    )  # fmt: skip


def _outlook_file(name: str, content: bytes, kind: str) -> bytes:
    named = word(name, "gb2312", "gb18030", every=40)
    return part(
        f'Content-Type: {kind}; name="{named}"\nContent-Description: {named}\nContent-Disposition: attachment;\n'
        f'\tfilename="{named}"; size={len(content)};\n\tcreation-date="Wed, 05 Jun 2024 01:20:11 GMT"', content,
    )  # fmt: skip


def outlook_signature() -> bytes:
    """A logo in the signature, and beside it a pasted photo: both are called image00n and stand in the text."""
    sender = "kjj@liangshan.example.gov.cn"
    logo, pasted = "image001.png@01DAB70A.5C3E9D10", "image002.jpg@01DAB70A.5C3E9D10"
    html = (
        f'<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang=ZH-CN>{page(PLEASE)}'
        f'<p class=MsoNormal><img width=456 height=342 src="cid:{pasted}"></p>'
        f'<p class=MsoNormal>梁山县科学技术局 <img width=120 height=40 src="cid:{logo}"></p></body></html>'
    )
    shown = [
        part(f'Content-Type: {kind}; name="{cid[:12]}"\nContent-Description: {cid[:12]}\nContent-Disposition: inline; '
             f'filename="{cid[:12]}"; size={len(content)}\nContent-ID: <{cid}>', content)
        for kind, cid, content in (("image/png", logo, png(120, 40, 51)), ("image/jpeg", pasted, photo(51)))
    ]  # fmt: skip
    said = f"{PLEASE}\n[cid:{pasted}]\n梁山县科学技术局 [cid:{logo}]\n"
    related = multipart(
        "related", "_005_TYZPR04MB50782C9F1A7B5DTYZPR04MB5078apcp_", _outlook_body(0, said, html), *shown
    )
    docx = _outlook_file("梁山县科技活动周总结报告.docx", summary("梁山县"), WORD)
    content = multipart("mixed", "_006_TYZPR04MB50782C9F1A7B5DTYZPR04MB5078apcp_", related, docx)
    return arrived("06-05 09:35:00", sender, _outlook_head(sender, "梁山县科技局", "梁山县科技活动周总结材料"), content)


def outlook_reply_above_a_big_attachment() -> bytes:
    """The block stands in the quoted mail of the town below: the county sends a report, and nothing as a link."""
    sender = "kjj@liangshan.example.gov.cn"
    link = "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&amp;k=7b36&amp;code=55a1"
    quoted_head = [
        ("发件人", "梁山街道 &lt;jiedao@qq.example.com&gt;"), ("发送时间", "2024年6月4日 16:02"),
        ("收件人", "kjj@liangshan.example.gov.cn"), ("主题", "街道科技周视频"),
    ]  # fmt: skip
    html = (
        f"<html><body lang=ZH-CN>{page(PLEASE)}<div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
         "<p class=MsoNormal>" + "<br>".join(f"<b>{key}:</b> {value}" for key, value in quoted_head) + "</p></div>"
        f'{page("视频太大，用超大附件发。")}'
        f'<div id="QQMailBigAttach"><div class="bigatt_bt"><b>从QQ邮箱发来的超大附件</b></div>'
        f'<div><a href="{link}">街道科技周.mp4</a> (88.1M, 2024年07月04日 16:02 到期)'
        f'<a href="{link}">进入下载页面</a></div>'
        "</div></body></html>"
    )  # fmt: skip
    said = PLEASE + "\n" + "\n".join(f"{key}: {value}" for key, value in quoted_head) + "\n\n视频太大，用超大附件发。\n"
    said = said.replace("&lt;", "<").replace("&gt;", ">") + (
        "从QQ邮箱发来的超大附件\n街道科技周.mp4 (88.1M, 2024年07月04日 16:02 到期)进入下载页面："
        + link.replace("&amp;", "&") + "\n"
    )  # fmt: skip
    docx = _outlook_file("梁山县科技活动周总结报告.docx", summary("梁山县"), WORD)
    content = multipart("mixed", "_007_TYZPR04MB50782C9F1A7B5DTYZPR04MB5078apcp_", _outlook_body(2, said, html), docx)
    return arrived(
        "06-05 09:40:00", sender, _outlook_head(sender, "梁山县科技局", "答复: 梁山县科技活动周总结材料"), content
    )


def signed_mail() -> bytes:
    """Signed so that the signature wraps everything: who does not look inside sees one file, smime.p7m."""
    sender = "kjj@liangshan.example.gov.cn"
    inside = multipart(
        "mixed", "----=_NextPart_000_0011_01DAB70B.1E2F3A40", text(PLEASE, "plain", "gb2312", "gb18030"),
        _outlook_file("梁山县科技活动周总结报告.docx", summary("梁山县"), WORD),
        _outlook_file("启动仪式.jpg", photo(60), "image/jpeg"),
    )  # fmt: skip
    content = part(
        'Content-Type: application/pkcs7-mime;\n\tsmime-type=signed-data;\n\tname="smime.p7m"\n'
        'Content-Disposition: attachment;\n\tfilename="smime.p7m"', signed(inside, chunk=1000),
    )  # fmt: skip
    return arrived("06-05 10:10:00", sender, _outlook_head(sender, "梁山县科技局", "梁山县科技活动周总结材料"), content)


def disposition_report() -> bytes:
    """A read receipt as Outlook sends it (RFC 8098); only its type says so in any standard way."""
    sender = "kjj@liangshan.example.gov.cn"
    notification = (
        f"Reporting-UA: Microsoft Outlook 16.0\nFinal-Recipient: rfc822; {sender}\n"
        "Original-Message-ID: <notice-20240508@ji.shandong.cn>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n"
    )
    said = "您的邮件\n  收件人: 梁山县科技局\n  主题: 关于举办2024年济宁市科技活动周的通知\n已于2024年5月9日读取。\n"
    content = multipart(
        "report", "----=_NextPart_000_0021_01DAB70B.2E3F4A50", text(said, "plain", "gb2312", "gb18030"),
        part("Content-Type: message/disposition-notification", notification.replace("\n", "\r\n").encode(), "7bit"),
    ).replace(b"multipart/report;", b"multipart/report; report-type=disposition-notification;")  # fmt: skip
    head = _outlook_head(sender, "梁山县科技局", "已读: 关于举办2024年济宁市科技活动周的通知")
    return arrived("05-09 09:00:00", sender, head, content)


def standard_bounce_of_a_known_domain() -> bytes:
    """A delivery report (RFC 3464) by the server of a unit whose whole domain is listed, our letter returned in it."""
    sender = "postmaster@qufu.example.gov.cn"
    status = (
        "Reporting-MTA: dns; mail.qufu.example.gov.cn\n\nFinal-Recipient: rfc822; liu@qufu.example.gov.cn\n"
        "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
    )
    ours = (
        f"From: <{TO}>\nTo: <liu@qufu.example.gov.cn>\nMessage-ID: <receipt-73@ji.shandong.cn>\n"
        f"Subject: {word('【未收齐】2024年科技活动周总结材料受理回执（曲阜市）', 'utf-8', 'utf-8')}\n"
        "MIME-Version: 1.0\n"
    )
    said = "This is the mail system at host mail.qufu.example.gov.cn.\nYour message could not be delivered.\n"
    content = multipart(
        "report", "73A1B2C3D4.1717551000/mail.qufu.example.gov.cn", text(said, "plain", "us-ascii", "ascii", "7bit"),
        part("Content-Type: message/delivery-status", status.replace("\n", "\r\n").encode(), "7bit"),
        part("Content-Type: message/rfc822", wire(ours) + text("回执\n", "plain", "utf-8", "utf-8"), "8bit"),
    ).replace(b"multipart/report;", b"multipart/report; report-type=delivery-status;")  # fmt: skip
    head = (
        f"Date: {{date}}\nFrom: Mail Delivery System <{sender}>\nTo: {TO}\n"
        "Subject: Undelivered Mail Returned to Sender\n"
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\nMessage-ID: <73A1B2C3D4@mail.qufu.example.gov.cn>\n"
    )
    return arrived("06-05 10:50:00", sender, head, content)


def automatic_reply_with_logo() -> bytes:
    """An absence note of a known unit, with the logo of its signature: the logo is a file, and nobody sent it."""
    sender, logo = "kjj@liangshan.example.gov.cn", "image001.png@01DAB70A.5C3E9D10"
    said = "您好，我正在出差，返回后回复。\n"
    html = f'<html><body>{page(said)}<p>梁山县科学技术局 <img src="cid:{logo}"></p></body></html>'
    shown = part(
        'Content-Type: image/png; name="image001.png"\nContent-Disposition: inline; filename="image001.png"\n'
        f"Content-ID: <{logo}>", png(120, 40, 51),
    )  # fmt: skip
    content = multipart(
        "related", "_008_TYZPR04MB50782C9F1A7B5DTYZPR04MB5078apcp_", _outlook_body(9, said, html), shown
    )
    more = "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n"
    head = _outlook_head(sender, "梁山县科技局", "自动答复: 关于举办2024年济宁市科技活动周的通知", more)
    return arrived("05-28 08:40:00", sender, head, content)
