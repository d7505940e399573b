"""Oversized attachments and net disks, as the providers' webmails and clients write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from intake.adapters.mail.links import find_links

BEIJING = timezone(timedelta(hours=8))
M = 1 << 20

CASES = {
    "QQ webmail, text": (
        (
            "从QQ邮箱发来的超大附件\n\n活动视频.mp4 (128.03M, 2024年06月27日 21:59 到期)进入下载页面："
            "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=7d36&code=7684decd"
        ),
        ("qq", "活动视频.mp4", int(128.03 * M), datetime(2024, 6, 27, 21, 59, tzinfo=BEIJING)),
    ),
    "QQ webmail, HTML": (
        (
            '<div id="QQMailBigAttach"><div title="微山 视频.mp4&#10;&#13;文件大小：65.38M'
            '&#10;&#13;到期时间：2024年08月22日 17:33"'
            ' class="bigatt_bt"><a href="http://mail.qq.com/cgi-bin/ftnExs_download?k=1&amp;code=2">下载</a>'
        ),
        ("qq", "微山 视频.mp4", int(65.38 * M), datetime(2024, 8, 22, 17, 33, tzinfo=BEIJING)),
    ),
    "QQ webmail, new address": (
        '<a href="https://wx.mail.qq.com/ftn/download?func=3&key=abc&code=def" title="总结.docx">下载</a> 无限期',
        ("qq", "总结.docx", None, None),
    ),
    "Tencent company mail": (
        (
            "从腾讯企业邮箱发来的超大附件 资料.zip (65.38M, 2026年11月30日 10:00 到期) "
            "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=1"
        ),
        ("exmail", "资料.zip", int(65.38 * M), datetime(2026, 11, 30, 10, 0, tzinfo=BEIJING)),
    ),
    "163 master": (
        (
            '<div id="divNeteaseBigAttach"><a class="bigattach-mailmaster-download" '
            'filename="宣传片.mp4" filesize="3785359"'
            ' expiretime="1669354500000" href="https://dashi.163.com/html/cloud-attachment-download/?key=xx">下载</a>'
        ),
        ("netease", "宣传片.mp4", 3785359, datetime(2022, 11, 25, 5, 35, tzinfo=UTC)),
    ),
    "163 webmail, text": (
        (
            "从网易163邮箱发来的超大附件\n视频.mp4 (3.61M, 2022年11月25日 13:35 到期)\n"
            "https://mail.163.com/large-attachment-download/index.html?p=X-NETEASE&file=abc"
        ),
        ("netease", "视频.mp4", int(3.61 * M), datetime(2022, 11, 25, 13, 35, tzinfo=BEIJING)),
    ),
    "NetEase company mail": (
        (
            '<div id="divNeteaseSiriusCloudAttach">20.49K&nbsp;|&nbsp;过期时间：2024年8月4日 23:48<a class="x" '
            'href="https://edisk.qiye.163.com/api/biz/attachment/download?identity=e7" file-name="a.docx" file-size="20977"'
            ' expired="1722786486117">'
        ),
        ("qiye163", "a.docx", 20977, datetime(2024, 8, 4, 23, 48, tzinfo=BEIJING)),
    ),
    "139 in days": (
        '<table id="attachAndDisk">来自139邮箱的文件 a.mp4(12M)(15天后过期)<a href="http://mail.10086.cn/x">进入下载页面</a>',
        ("c139", "a.mp4", 12 * M, datetime(2024, 6, 20, 2, 0, tzinfo=UTC)),
    ),
    "189": (
        '<a href="https://download.cloud.189.cn/file/downloadFile.action?dt=51&expired=1722751005000">a.mp4</a>',
        ("t189", "a.mp4", None, datetime(2024, 8, 4, 5, 56, 45, tzinfo=UTC)),
    ),
    "Sina": (
        "来自中转站 宣传.avi (88M) 有效时间到：2024-07-01 08:00:00 https://mail.sina.com.cn/filecenter/download.php?id=1",
        ("sina", "宣传.avi", 88 * M, datetime(2024, 7, 1, 8, 0, tzinfo=BEIJING)),
    ),
    "Aliyun": (
        "https://qiye.aliyun.com/alimail/openLinks/downloadMimeMetaDiskBigAttach?id=netdiskid%3A1",
        ("aliyun", None, None, None),
    ),
    "Coremail": (
        "https://mail.shandong.gov.cn/coremail/common/nf/download.jsp?id=5",
        ("coremail", None, None, None),
    ),
    "Baidu": (
        "通过网盘分享的文件：微山县视频.mp4\n链接: https://pan.baidu.com/s/1abcDEF?pwd=8xyz 提取码: 8xyz",
        ("baidu", "微山县视频.mp4", None, None),
    ),
    "Aliyun drive": ("「视频」https://www.alipan.com/s/abc 点击链接保存", ("aliyundrive", None, None, None)),
    "Quark": ("链接：https://pan.quark.cn/s/0123", ("quark", None, None, None)),
    "WPS": ("【金山文档】总结 https://kdocs.cn/l/cabc", ("wps", None, None, None)),
    "Weiyun": ("https://share.weiyun.com/AbCd", ("weiyun", None, None, None)),
    "iCloud Mail Drop": (
        "IMG_0001.MOV https://www.icloud.com/attachment/?u=https%3A%2F%2Fcvws.icloud-content.com",
        ("icloud", "IMG_0001.MOV", None, None),
    ),
    "address lost, mark left": (
        '<div class="foxmail_hugeattachment">视频.mp4 (30M, 2024年06月27日 到期)</div>',
        ("qq", "视频.mp4", 30 * M, datetime(2024, 6, 27, 23, 59, tzinfo=BEIJING)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_linked_file_is_recognised_with_all_that_is_told(name: str) -> None:
    body, expected = CASES[name]
    (link,) = find_links(body, sent_at=datetime(2024, 6, 5, 2, 0, tzinfo=UTC))
    assert (link.provider, link.filename, link.size, link.expires) == expected


@pytest.mark.parametrize(
    "body",
    ["附件请见 https://example.com/a.pdf", "超大附件请勿使用", "https://mail.qq.com/", "http://www.baidu.com/s?wd=pan"],
)
def test_other_addresses_and_talk_are_no_files(body: str) -> None:
    assert find_links(body) == ()


def test_text_and_html_of_one_mail_tell_of_one_file() -> None:
    text, expected = CASES["QQ webmail, text"]
    page = text.replace("&", "&amp;").replace("活动视频.mp4", "")
    (link,) = find_links(page, text)
    assert link.filename == expected[1]


def test_several_files_keep_their_own_names() -> None:
    entry = "{0}.mp4 (1M, 2024年06月27日 21:59 到期) http://mail.qq.com/cgi-bin/ftnExs_download?k={0}\n"
    links = find_links("".join(entry.format(name) for name in ("甲", "乙", "丙")))
    assert [link.filename for link in links] == ["甲.mp4", "乙.mp4", "丙.mp4"]


def test_a_size_that_no_file_has_is_read_no_further_than_numbers_go() -> None:
    block = "从QQ邮箱发来的超大附件\n\na.mp4 ({}G, 2024年06月27日 21:59 到期) http://mail.qq.com/cgi-bin/ftnExs_download?k=7d36"
    (link,) = find_links(block.format("9" * 400))

    assert link.size is None or link.size < 1 << 80
