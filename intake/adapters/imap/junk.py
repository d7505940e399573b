"""Which folders a server keeps unwanted mail in: by attribute (RFC 6154, XLIST), else by name.

Filters sort counties' mail there like anybody's: it is read there too. Never sent mail, drafts or what was
thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable

_JUNK = frozenset({b"\\junk", b"\\spam"})
_NEVER = frozenset(
    {
        b"\\sent", b"\\drafts", b"\\trash", b"\\all", b"\\allmail", b"\\archive", b"\\flagged", b"\\starred",
        b"\\important", b"\\inbox", b"\\noselect", b"\\nonexistent",
    }
)  # fmt: skip

_NAMES = frozenset(
    {
        "junk", "junk e-mail", "junk email", "junk mail", "junk-mail", "junkmail",
        "spam", "spam mail", "bulk", "bulk mail", "bulk-mail", "bulkmail", "[gmail]/spam",
        "垃圾邮件", "垃圾郵件", "垃圾信件", "垃圾邮件箱", "垃圾邮件夹", "垃圾邮件文件夹",
        "广告邮件", "廣告郵件", "广告信件", "订阅邮件", "訂閱郵件",
    }
)  # fmt: skip
"""As Coremail (163, 126 and many offices), QQ, Aliyun, Exchange, Yahoo, Gmail and Dovecot's guides name them."""


def is_junk(attributes: Iterable[bytes], delimiter: str, name: str) -> bool:
    """Whether a folder of a LIST answer is one for unwanted mail; of a nested name the last piece tells."""
    told = {attribute.lower() for attribute in attributes}
    if told & _NEVER:
        return False
    last = name.rpartition(delimiter)[2] if delimiter else name
    return bool(told & _JUNK) or last.strip().casefold() in _NAMES
