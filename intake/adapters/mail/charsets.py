"""Octets to text as Chinese mail needs it: declared labels are hints, GB labels mean GB18030, nothing is dropped.

Own code, because mail-parser 4.8 decodes a subject labelled gb2312 with one GBK-only character (any title
with 二〇二四年) by dropping octets silently, replaces unknown labels, and leaves 7-bit charsets undecoded.
The WHATWG Encoding Standard maps the same labels the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_GB = (
    "gb2312", "gb_2312", "gb_2312-80", "gb2312-80", "gbk", "x-gbk", "cp936", "ms936", "windows-936", "euc-cn",
    "x-euc-cn", "euccn", "chinese", "csgb2312", "iso-ir-58", "gb18030", "gb18030-2000", "x-mac-chinesesimp", "ansi",
)  # fmt: skip
_ALIASES = dict.fromkeys(_GB, "gb18030") | {
    "big5": "big5hkscs", "x-windows-950": "big5hkscs", "cp950": "big5hkscs", "big5-hkscs": "big5hkscs",
    "hz-gb-2312": "hz", "utf8": "utf-8", "utf8mb4": "utf-8", "unicode-1-1-utf-7": "utf-7",
    "iso-2022-jp": "iso2022_jp_ext", "ks_c_5601-1987": "cp949", "euc-kr": "cp949",
    "shift_jis": "cp932", "windows-31j": "cp932", "iso-8859-1": "cp1252",
}  # fmt: skip
_SAYS_NOTHING = frozenset({"", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "default", "binary"})
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "charmap"})
"""Codecs of Python that no mail means: they run code of ours, raise by design, or take quadratic time."""

_CHINESE = re.compile("[\x00-\x7f\xa0\xb7\u2010-\u27ff\u3000-\u9fff\uf900-\ufaff\uff00-\uffef\U00010000-\U0003ffff]*")
_IDEOGRAPH = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_GB2312_ONLY = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])*")
_FOUR_HIGH = re.compile(rb"[\xa1-\xfe]{4}")
_UTF8_RUN = re.compile(rb"(?:[\xe3-\xe9\xef][\x80-\xbf]{2}){2,}")
_GB_RUN = re.compile(rb"(?:[\x00-\x7f]|[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9])")
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half characters, which UTF-7 of Python gives out and nothing can store."""
_JAPANESE_7BIT = re.compile(rb"\x1b\$[@B]|\x1b\(J")


def label(name: str | None) -> str:
    """The codec that a charset label stands for; empty when the label says nothing usable."""
    cleaned = re.sub(r"[^a-z0-9_.+-]", "", (name or "")[:100].lower())[:40]
    codec = _ALIASES.get(cleaned, cleaned)
    return "" if cleaned in _SAYS_NOTHING or codec.replace("-", "_") in _NO_CHARSETS else codec


def decode(octets: bytes, charset: str | None = None) -> tuple[str, bool]:
    """The text of `octets` and whether it is lossless: declared charset, then UTF-8, then GB18030, then replaced.

    Never raises. A GB or Latin label on what is Chinese in another charset is a wrong label: such octets
    pass as the declared charset too, but as other characters.
    """
    declared = label(charset)
    for codec in _candidates(octets, declared):
        if codec == "gb18030" and declared != codec and _is_damaged_utf8(octets):
            break
        text = _strictly(octets, codec)
        if text is not None:
            return text, True
    codec = declared if declared in ("gb18030", "big5hkscs", "iso2022_jp_ext", "hz") else "utf-8"
    return octets.decode(codec, "replace"), False


def decode_unlabelled(octets: bytes) -> tuple[str, bool]:
    """Raw header octets: UTF-8 or GB18030, or both in one line (a reply prefix in one, the subject in the other)."""
    text = _strictly(octets, "utf-8")
    if text is not None:
        return text, True
    pieces = list(_runs(octets))
    if len(pieces) > 1:
        texts = [_strictly(run, codec) for run, codec in pieces]
        if None not in texts:
            return "".join(text or "" for text in texts), True
    return decode(octets)


def _candidates(octets: bytes, declared: str) -> list[str]:
    if not declared:
        seven_bit = ["iso2022_jp_ext"] if _JAPANESE_7BIT.search(octets) else []
        return [*seven_bit, "utf-8", "gb18030"]
    if declared in ("gb18030", "cp1252") and _is_chinese_utf8(octets):
        return ["utf-8"]
    if declared == "cp1252" and _FOUR_HIGH.search(octets) and _GB2312_ONLY.fullmatch(octets):
        return ["gb18030"]
    return [declared, "utf-8", "gb18030"]


def _is_chinese_utf8(octets: bytes) -> bool:
    text = None if octets.isascii() else _strictly(octets, "utf-8")
    return text is not None and bool(_IDEOGRAPH.search(text)) and _CHINESE.fullmatch(text) is not None


def _is_damaged_utf8(octets: bytes) -> bool:
    """Plainly UTF-8 but for a few octets: text that was cut in a character, or one bad octet in a page."""
    text = octets.decode("utf-8", "replace")
    foreign = sum(not character.isascii() for character in text)
    return text.count("\ufffd") * 10 < foreign


def _strictly(octets: bytes, codec: str) -> str | None:
    try:
        text = octets.decode(codec)
    except (LookupError, UnicodeError, ValueError):
        return None
    return None if _SURROGATE.search(text) else text


def _runs(octets: bytes) -> Iterator[tuple[bytes, str]]:
    """Cut mixed octets into runs of UTF-8 (two ideographs or more) and of GB18030, at character borders of both."""
    start = at = 0
    while at < len(octets):
        if match := _UTF8_RUN.match(octets, at):
            if at > start:
                yield octets[start:at], "gb18030"
            yield match[0], "utf-8"
            start = at = match.end()
        else:
            character = _GB_RUN.match(octets, at)
            at = character.end() if character else at + 1
    if at > start:
        yield octets[start:at], "gb18030"
