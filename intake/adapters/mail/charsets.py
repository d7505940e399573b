"""Octets to text as Chinese mail needs it: declared labels are hints, GB labels mean GB18030, nothing is dropped.

Own code, because mail-parser 4.8 decodes a subject labelled gb2312 with one GBK-only character (any title
with 二〇二四年) by dropping bytes silently, replaces unknown labels, and leaves 7-bit charsets undecoded.
The WHATWG Encoding Standard maps the same labels the same way.
"""

from __future__ import annotations

import re

_GB = (
    "gb2312", "gb_2312", "gb_2312-80", "gb2312-80", "gbk", "x-gbk", "cp936", "ms936", "windows-936", "euc-cn",
    "x-euc-cn", "chinese", "csgb2312", "iso-ir-58", "gb18030", "gb18030-2000", "x-mac-chinesesimp", "ansi",
)  # fmt: skip
_ALIASES = dict.fromkeys(_GB, "gb18030") | {
    "big5": "big5hkscs", "x-windows-950": "big5hkscs", "cp950": "big5hkscs", "big5-hkscs": "big5hkscs",
    "hz-gb-2312": "hz", "utf8": "utf-8", "utf8mb4": "utf-8", "unicode-1-1-utf-7": "utf-7",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "windows-31j": "cp932",
}  # fmt: skip
_SAYS_NOTHING = frozenset({"", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "default", "binary"})
_STATEFUL = re.compile(rb"\x1b[$(]|~\{")


def label(name: str | None) -> str:
    """The codec that a charset label stands for; empty when the label says nothing usable."""
    cleaned = re.sub(r"[^a-z0-9_.+-]", "", (name or "").lower())[:40]
    return "" if cleaned in _SAYS_NOTHING else _ALIASES.get(cleaned, cleaned)


def decode(octets: bytes, charset: str | None = None) -> tuple[str, bool]:
    """The text of `octets` and whether it is lossless: declared charset, then UTF-8, then GB18030, then replaced.

    Never raises. A GB label that fails for bytes that are plain UTF-8 is taken for a wrong label.
    """
    declared = label(charset)
    for codec in (*([declared] if declared else ()), "utf-8", "gb18030"):
        try:
            return octets.decode(codec), True
        except (LookupError, UnicodeError, ValueError):
            continue
    codec = declared if declared in ("gb18030", "big5hkscs") else "utf-8"
    return octets.decode(codec, "replace"), False
