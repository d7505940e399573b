"""Makes the mails of this folder: `python -m tests.mail.make`. What is right about each stands beside it, by hand.

The mails are committed; this is how they came about, and how the next one is added. Numbers are never reused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from intake.entry.demo import media
from intake.entry.demo.mailbag import samples
from intake.entry.demo.mails import COREMAIL, FOXMAIL, TO, File, Mail, compose
from intake.entry.demo.samples import BEIJING, photos, report, video
from tests.mail import abroad, netease, oddities, tencent
from tests.samples import documents
from tests.samples.media import hidden_by_edit_list

HERE = Path(__file__).parent
_RENCHENG = ("任城区科技局", "kjj@rencheng.example.gov.cn")
_SUBJECT = "任城区科技活动周总结材料"
_TEXT = "现将我单位2024年科技活动周总结材料报上，请查收。\n"


def of_the_demo(name: str) -> bytes:
    return next(sample.octets for sample in samples() if sample.name == name)


def at(when: str, mail: Mail) -> bytes:
    return compose(mail, datetime.strptime(f"2024-{when}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING))


def usual(*files: File, when: str = "06-05 10:00:00", **other: object) -> bytes:
    """The usual mail of a known unit, but for what is given."""
    return at(when, replace(Mail(_RENCHENG, _SUBJECT, _TEXT, files), **other))


def film(name: str = "任城区科技活动周.mp4", seconds: int = 100) -> File:
    return video(name, seconds)


def link(expires: str) -> str:
    return (
        "从QQ邮箱发来的超大附件\n\n任城区科技活动周.mp4 (128.03M, "
        f"{expires} 到期)进入下载页面：http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=7d36&code=7684\n"
    )


def last_second() -> bytes:
    return usual(report("任城区"), when="06-11 23:59:59")


def three_minutes_and_one_second() -> bytes:
    return usual(film(seconds=181))


def three_minutes_and_two_seconds() -> bytes:
    return usual(film(seconds=182))


def edit_list() -> bytes:
    long = film(seconds=222)
    return usual(replace(long, octets=hidden_by_edit_list(long.octets, 60)))


def expired_link() -> bytes:
    return usual(report("任城区"), text=_TEXT + link("2024年06月04日 21:59"))


def quoted_link() -> bytes:
    quoted = '\n------------------ 原始邮件 ------------------\n发件人: "任城区宣传部"\n'
    return usual(report("任城区"), text=_TEXT + quoted + link("2024年07月05日 21:59"))


def empty_file() -> bytes:
    return usual(replace(report("任城区"), octets=b""))


def program_named_as_video() -> bytes:
    return usual(File("任城区科技活动周.mp4", b"MZ" + bytes(62) + b"\x80\0\0\0" + bytes(60) + b"PE\0\0" + bytes(400)))


def names_two_units() -> bytes:
    text = "附件是微山县、鱼台县两地科技活动周总结报告，请查收。\n"
    files = [report("微山县"), report("鱼台县")]
    return at("06-05 10:00:00", Mail(("小陈", "chen@mail.example.com"), "科技活动周总结报告", text, files))


def forwarded() -> bytes:
    return with_mail_inside(usual(report("任城区"), *photos("启动仪式.jpg")))


def forwarded_photos() -> bytes:
    return with_mail_inside(usual(*photos("启动仪式.jpg")))


def with_mail_inside(inside: bytes) -> bytes:
    """A mail that has another one as an attachment, as Outlook and Foxmail forward several at once."""
    outside = usual(subject="转发：任城区科技活动周总结材料", text="转发，请查收。\n")
    head, _, body = outside.partition(b"\r\nContent-Type: ")
    mark = b"----=_forwarded_by_hand"
    part = b"--" + mark + b"\r\nContent-Type: "
    return (
        head + b'\r\nContent-Type: multipart/mixed; boundary="' + mark + b'"\r\n\r\n' + part + body
        + b"\r\n" + part + b"message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + inside
        + b"\r\n--" + mark + b"--\r\n"
    )  # fmt: skip


def mailing_list() -> bytes:
    extra = ("List-Id: <notices.news.example.com>", "Precedence: bulk")
    sender = ("科技资讯", "editor@news.example.com")
    return usual(sender=sender, subject="各地科技活动周掠影（任城区）", text="本期要目……\n", extra=extra)


def two_from_headers() -> bytes:
    forged = "From: someone <someone@mail.example.com>"
    return usual(report("任城区"), extra=(forged,))


def own_letter() -> bytes:
    subject = "【已收齐】2024年科技活动周总结材料受理回执（任城区）[M000004]"
    return usual(sender=("济宁市科技局人才科", TO), subject=subject)


def read_receipt() -> bytes:
    return usual(subject="已读: 关于举办2024年济宁市科技活动周的通知", text="您的邮件已被阅读。\n", program=COREMAIL)


def photo_twice() -> bytes:
    (photo,) = photos("启动仪式.jpg")
    return usual(photo, replace(photo, name="启动仪式（副本）.jpg"))


def wps_report() -> bytes:
    paragraphs = ["任城区2024年科技活动周总结报告", *["开展科普进校园活动，参与群众一万余人次。"] * 3]
    return usual(File("任城区科技活动周总结.wps", documents.doc(paragraphs)), program=FOXMAIL)


def two_documents() -> bytes:
    plan = documents.docx("任城区科技活动周活动方案", ["时间：5月25日至6月1日", "地点：各镇街"])
    return usual(File("活动方案.docx", plan), report("任城区"))


def rtf_report() -> bytes:
    lines = ["任城区2024年科技活动周总结报告", "开展科普活动。"]
    return usual(File("任城区科技活动周总结报告.rtf", documents.rtf(lines)))


def small_photo() -> bytes:
    return usual(report("任城区"), File("启动仪式.jpg", media.photo(320, 240)))


def roster_policy() -> bytes:
    sender = ("晓看天色", "305600123@qq.example.com")
    return usual(report("金乡县"), sender=sender, subject="金乡县科技活动周总结材料", text="请查收。\n")


CASES: tuple[str | Callable[[], bytes], ...] = (
    "complete", "video-too-long", "header-says-too-little", "header-says-too-much", "no-photos", "damaged-files",
    "locked-report", "private-address", "raw-gbk", "late", "two-units", "oversized-attachment", "logo-in-signature",
    "advertisement", "automatic-reply", "bounce", "unrelated", "question", "three-mails-photos",
    last_second, three_minutes_and_one_second, three_minutes_and_two_seconds, edit_list, expired_link, quoted_link,
    empty_file, program_named_as_video, names_two_units, forwarded, mailing_list, two_from_headers, own_letter,
    read_receipt, photo_twice, wps_report, two_documents, rtf_report, small_photo, roster_policy, forwarded_photos,
    tencent.qq_pasted_photos, tencent.qq_big_attachment, netease.coremail_webmail, netease.alimail, netease.flashmail,
    netease.master_big_attachment, tencent.foxmail, tencent.foxmail_big_attachment, abroad.iphone, abroad.winmail,
    abroad.outlook_signature, abroad.outlook_reply_above_a_big_attachment, oddities.wps_share, tencent.exmail,
    netease.names_another_unit_below, oddities.names_beyond_gb2312, oddities.big5_subject,
    oddities.zip_with_gbk_names, tencent.foxmail_forwarded_file, abroad.signed_mail, oddities.byte_order_mark_first,
    oddities.mbox_line_first, oddities.whole_mail_is_a_photo, oddities.uuencoded_report, oddities.base64_wrapped_mail,
    tencent.qq_automatic_reply, oddities.aliyun_bounce, oddities.sina_bounce, abroad.disposition_report,
    oddities.question_below_the_notice, oddities.question_of_a_stranger, netease.copied_from_the_reading_view,
    abroad.standard_bounce_of_a_known_domain, abroad.automatic_reply_with_logo, tencent.qq_forwarded_big_attachment,
    netease.master_forwarded_big_attachment,
)  # fmt: skip
"""In the order of their numbers, from 01: a sample of the demo by its name, or a maker of this folder."""


def main() -> None:
    for number, case in enumerate(CASES, 1):
        name = case if isinstance(case, str) else case.__name__.replace("_", "-")
        octets = of_the_demo(case) if isinstance(case, str) else case()
        (HERE / f"{number:02}-{name}.eml").write_bytes(octets)


if __name__ == "__main__":
    main()
