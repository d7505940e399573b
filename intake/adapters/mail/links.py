"""Files that come as links: oversized attachments and net disks of Chinese providers, recognised and never fetched.

Own code: no library knows these blocks. A link is told by its address; name, size and expiry stand near it,
in the text or in the attributes of the block. A block whose address was lost on the way is told by its mark:
the file is still not in the mail. Expiry times are Beijing time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from intake.domain.mail import Link

_BEIJING = timezone(timedelta(hours=8))

_ADDRESSES = {
    "qq": (
        r"(?:i?wx\.|m\.)?mail\.(?:qq|foxmail)\.com/(?:cgi-bin/ftnExs_|ftn/download)|[a-z-]+\.ftn\.qq\.com/"
        r"|(?:i?wx\.)?exmail\.qq\.com/(?:cgi-bin/ftnExs_|ftn/download)"
    ),
    "qiye163": r"edisk\.qiye\.163\.com/api/biz/attachment/|mailh\.qiye\.163\.com/edisk/",
    "netease": (
        r"mail\.(?:163|126|yeah)\.(?:com|net)/large-attachment-|dashi\.163\.com/html/cloud-attachment-"
        r"|fs\.(?:mail\.)?163\.com/fs/|u\.163\.com/"
    ),
    "t189": r"download\.cloud\.189\.cn/file/|cloud\.189\.cn/",
    "sina": r"mail\.sina\.com\.cn/filecenter/",
    "aliyun": r"(?:qiye|mail)\.aliyun\.com/alimail/openLinks/",
    "c139": r"[\w.-]*mail\.10086\.cn/|(?:[\w-]+\.)?caiyun\.139\.com/|yun\.139\.com/",
    "coremail": r"[\w.-]+/coremail/[\w./-]*(?:download\.jsp|s/json\?func=nf:|s\?func=nf:)",
    "baidu": r"(?:pan|yun)\.baidu\.com/",
    "aliyundrive": r"(?:www\.)?(?:aliyundrive|alipan)\.com/",
    "quark": r"pan\.quark\.cn/",
    "weiyun": r"share\.weiyun\.com/|docs\.qq\.com/",
    "wps": r"(?:[\w-]+\.)*(?:kdocs\.cn|wps\.cn)/",
    "icloud": r"[\w.-]*icloud(?:-content)?\.com/(?:attachment|iclouddrive|B/)|[\w.-]+/com\.apple\.largeattachment",
}
_URL = re.compile(
    "https?://(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _ADDRESSES.items())
    + r")[^\s\"'<>）)，。]*",
    re.IGNORECASE,
)
_BLOCK = r"(?:id|class)=[\"'][^\"']{0,80}"
_MARKS = {
    "exmail": r"从腾讯企业邮箱发来的超大附件",
    "qq": rf"{_BLOCK}(?:QQMailBigAttach|qqmailbgattach|bigatt_bt|foxmail_hugeattachment|FoxmailClientBigAttach)"
    r"|从QQ邮箱发来的超大附件",
    "qiye163": rf"{_BLOCK}divNeteaseSiriusCloudAttach|从网易企业邮箱发来的云附件",
    "netease": rf"{_BLOCK}(?:divNeteaseBigAttach|bigattach-mailmaster-download|X-NETEASE-HUGE-ATTACHMENT)"
    r"|从网易\S{0,8}邮箱发来的超大附件",
    "c139": rf"{_BLOCK}[aA]ttachAndDisk|来自139邮箱的文件|139邮箱-超大附件",
    "sina": r"来自中转站",
}
_MARK = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _MARKS.items()), re.IGNORECASE)
_COMPANY_MARK = re.compile(_MARKS["exmail"])

_EXPIRY = re.compile(
    r"(?:到期时间|过期时间|有效时间到|有效期至)[：:]\s*(\d{4})[年-](\d{1,2})[月-](\d{1,2})日?(?:\s*(\d{1,2}):(\d{2}))?"
    r"|(\d{4})年(\d{1,2})月(\d{1,2})日(?:\s*(\d{1,2}):(\d{2}))?\s*到期"
)
_EXPIRY_STAMP = re.compile(r"(?:expire(?:d|s|time)=[\"']?|[?&]expired=)(\d{13})", re.IGNORECASE)
_EXPIRY_DAYS = re.compile(r"[(（]\s*(\d{1,3})\s*天后过期")
_SIZE = re.compile(r"(?:[(（|]|文件大小[：:]|大小[：:])\s*(\d{1,12}(?:\.\d{1,6})?)\s*([KMG])B?\b", re.IGNORECASE)
_SIZE_OCTETS = re.compile(r"file-?size=[\"'](\d{1,15})[\"']", re.IGNORECASE)
_ENDING = r"\.(?:mp4|mov|m4v|avi|wmv|mkv|flv|3gp|mpe?g|docx?|wps|pdf|ofd|zip|rar|7z|jpe?g|png|heic)"
_NAME_ATTRIBUTE = re.compile(
    rf"(?:file-?name|title|alt|download)=[\"']([^\"'<>\r\n]{{1,200}}?{_ENDING})(?=[\"'\r\n(])", re.IGNORECASE
)
_NAME = re.compile(rf"([^\s<>\"'/\\|:：;；，,()（）=]{{1,120}}{_ENDING})(?![\w.])", re.IGNORECASE)

_NEAR = 500
"""Characters before and after a link in which its name, size and expiry stand."""
_UNIT = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def find_links(*bodies: str, sent_at: datetime | None = None) -> tuple[Link, ...]:
    """The linked files in the given bodies (text or HTML source), each address once, in order.

    `sent_at` dates expiries that are told in days.
    """
    links: dict[str, Link] = {}
    marked: list[Link] = []
    for body in map(html.unescape, bodies):
        for link in _addressed(body, sent_at):
            known = links.get(link.url)
            links[link.url] = _fuller(known, link) if known else link
        marked += _marked(body, sent_at)
    return tuple(links.values()) or tuple(marked[:1])


def _addressed(body: str, sent_at: datetime | None) -> Iterator[Link]:
    matches = list(_URL.finditer(body))
    for index, match in enumerate(matches):
        start = max(matches[index - 1].end() if index else 0, match.start() - _NEAR)
        stop = min(matches[index + 1].start() if index + 1 < len(matches) else len(body), match.end() + _NEAR)
        before, after = body[start : match.start()], body[match.start() : stop]
        provider = str(match.lastgroup)
        if provider == "qq" and (_COMPANY_MARK.search(body) or "exmail" in match[0]):
            provider = "exmail"
        yield _link(match[0][:2000], provider, before, after, sent_at)


def _marked(body: str, sent_at: datetime | None) -> Iterator[Link]:
    """A block that says it holds a file, whatever became of the address."""
    match = _MARK.search(body)
    if match:
        after = body[match.start() : match.end() + 4 * _NEAR]
        yield _link("", str(match.lastgroup), "", after, sent_at)


def _link(url: str, provider: str, before: str, after: str, sent_at: datetime | None) -> Link:
    behind = after[len(url) :]
    return Link(
        url=url,
        provider=provider,
        filename=_name(before, last=True) or _name(behind, last=False),
        size=_size(before) or _size(after),
        expires=_expiry(before, sent_at) or _expiry(after, sent_at),
    )


def _fuller(one: Link, other: Link) -> Link:
    return replace(
        one,
        filename=one.filename or other.filename,
        size=one.size or other.size,
        expires=one.expires or other.expires,
    )


def _name(text: str, *, last: bool) -> str | None:
    for pattern in (_NAME_ATTRIBUTE, _NAME):
        found = pattern.findall(text)
        if found:
            return str(found[-1 if last else 0]).strip()
    return None


def _size(text: str) -> int | None:
    exact = _SIZE_OCTETS.search(text)
    if exact:
        return int(exact[1])
    match = _SIZE.search(text)
    return int(float(match[1]) * _UNIT[match[2].upper()]) if match else None


def _expiry(text: str, sent_at: datetime | None) -> datetime | None:
    stamp = _EXPIRY_STAMP.search(text)
    if stamp:
        return datetime.fromtimestamp(int(stamp[1]) / 1000, UTC)
    days = _EXPIRY_DAYS.search(text)
    if days:
        return sent_at + timedelta(days=int(days[1])) if sent_at else None
    match = _EXPIRY.search(text)
    if match is None:
        return None
    year, month, day, hour, minute = match.groups()[:5] if match[1] else match.groups()[5:]
    try:
        return datetime(int(year), int(month), int(day), int(hour or 23), int(minute or 59), tzinfo=_BEIJING)
    except ValueError:
        return None
