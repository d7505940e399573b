"""Files that come as links: oversized attachments and net disks of Chinese providers, recognised and never fetched.

Own code: no library knows these blocks. A link is told by its address; name, size and expiry stand near it,
in the text or in the attributes of the block. Expiry times are Beijing time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from intake.domain.mail import Link

_BEIJING = timezone(timedelta(hours=8))

_PROVIDERS = (
    ("qq", r"(?:i?wx\.)?mail\.(?:qq|foxmail)\.com/(?:cgi-bin/ftnExs_|ftn/download)|[a-z-]+\.ftn\.qq\.com/"),
    ("netease", r"mail\.(?:163|126|yeah)\.(?:com|net)/large-attachment-|dashi\.163\.com/html/cloud-attachment-"),
    ("netease2", r"fs\.(?:mail\.)?163\.com/fs/|u\.163\.com/"),
    ("qiye163", r"edisk\.qiye\.163\.com/api/biz/attachment/|mailh\.qiye\.163\.com/edisk/"),
    ("ct189", r"download\.cloud\.189\.cn/file/|cloud\.189\.cn/"),
    ("sina", r"mail\.sina\.com\.cn/filecenter/"),
    ("aliyun", r"(?:qiye|mail)\.aliyun\.com/alimail/openLinks/"),
    ("cmcc139", r"[\w.-]*mail\.10086\.cn/|[\w.-]+\.caiyun\.139\.com/|caiyun\.139\.com/"),
    ("coremail", r"[\w.-]+/coremail/[\w./-]*(?:download\.jsp|s/json\?func=nf:|s\?func=nf:)"),
    ("baidu", r"pan\.baidu\.com/|yun\.baidu\.com/"),
    ("alipan", r"(?:www\.)?(?:aliyundrive|alipan)\.com/"),
    ("quark", r"pan\.quark\.cn/"),
    ("weiyun", r"share\.weiyun\.com/|docs\.qq\.com/"),
    ("wps", r"(?:[\w.]+\.)?(?:kdocs\.cn|wps\.cn)/"),
    ("icloud", r"[\w.-]*icloud(?:-content)?\.com/(?:attachment|iclouddrive)"),
)  # fmt: skip
_URL = re.compile(
    "https?://(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _PROVIDERS) + r")[^\s\"'<>）)，。]*",
    re.IGNORECASE,
)
_EXPIRY = re.compile(
    r"(\d{4})年(\d{1,2})月(\d{1,2})日(?:\s*(\d{1,2}):(\d{2}))?\s*到期"
    r"|(?:到期时间|过期时间|有效时间到|有效期至)[：:]\s*(\d{4})[年-](\d{1,2})[月-](\d{1,2})日?(?:\s*(\d{1,2}):(\d{2}))?"
)
_EXPIRY_MS = re.compile(r"(?:expire(?:d|time)=[\"']?|[?&]expired=)(\d{13})")
_SIZE = re.compile(r"(?:[(（|]|文件大小[：:])\s*(\d+(?:\.\d+)?)\s*([KMG])B?", re.IGNORECASE)
_NAME = re.compile(
    r"([^\s<>\"'/\\|:：;；，,()（）]{1,120}"
    r"\.(?:mp4|mov|m4v|avi|wmv|mkv|flv|3gp|mpe?g|docx?|wps|pdf|ofd|zip|rar|7z|jpe?g|png|heic))",
    re.IGNORECASE,
)
_NEAR = 400
"""Characters before and after a link in which its name, size and expiry stand."""
_UNIT = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def find_links(*bodies: str) -> tuple[Link, ...]:
    """The linked files in the given bodies (text or HTML source), each address once, in order."""
    links: dict[str, Link] = {}
    for body in bodies:
        for link in _in_body(html.unescape(body)):
            known = links.get(link.url)
            links[link.url] = _fuller(known, link) if known else link
    return tuple(links.values())


def _in_body(body: str) -> Iterator[Link]:
    matches = list(_URL.finditer(body))
    for index, match in enumerate(matches):
        before = body[max(matches[index - 1].end() if index else 0, match.start() - _NEAR) : match.start()]
        stop = matches[index + 1].start() if index + 1 < len(matches) else len(body)
        after = body[match.start() : min(stop, match.end() + _NEAR)]
        yield Link(
            url=match[0][:2000],
            provider=str(match.lastgroup).rstrip("2"),
            filename=_last(_NAME, before) or _first(_NAME, after[len(match[0]) :]),
            size=_size(before) or _size(after),
            expires=_expiry(before) or _expiry(after),
        )


def _fuller(one: Link, other: Link) -> Link:
    return Link(
        one.url,
        one.provider,
        one.filename or other.filename,
        one.size or other.size,
        one.expires or other.expires,
    )


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _size(text: str) -> int | None:
    match = _SIZE.search(text)
    return int(float(match[1]) * _UNIT[match[2].upper()]) if match else None


def _expiry(text: str) -> datetime | None:
    stamp = _EXPIRY_MS.search(text)
    if stamp:
        return datetime.fromtimestamp(int(stamp[1]) / 1000, UTC)
    match = _EXPIRY.search(text)
    if match is None:
        return None
    year, month, day, hour, minute = match.groups()[:5] if match[1] else match.groups()[5:]
    try:
        return datetime(int(year), int(month), int(day), int(hour or 23), int(minute or 59), tzinfo=_BEIJING)
    except ValueError:
        return None
