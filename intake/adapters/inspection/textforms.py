"""Which text a file is: pages, shortcuts, scripts, calendars, mails, as programs tell them, by how they begin."""

from __future__ import annotations

import re
from typing import Final

from intake.adapters.inspection.formats import UNKNOWN

_PROGRAM_ENDINGS: Final = {
    **dict.fromkeys(("bat", "cmd"), "bat"),
    **dict.fromkeys(("js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "ps1", "psm1", "reg", "sh", "py"), "script"),
    **dict.fromkeys(("htm", "html", "shtml", "xhtml", "xht"), "html"),
}
# What browsers take for a page: at once, and behind comments and the prolog of XML.
_PAGE: Final = re.compile(
    rb"(?i)<(?:!doctype html|html|head|script|meta|iframe|h1|div|font|table|a|style|title|b|body|br|p|form|img|link)"
    rb"[\s>/]"
)
_PROLOG: Final = re.compile(rb"(?s)(?:\s++|<!--.*?-->|<\?xml.*?\?>)*+")
_XHTML: Final = re.compile(rb"(?i)<(?:!doctype html|html)[\s>]")
_TEXT_FORMS: Final = (
    (re.compile(rb"(?is)<svg|<\?xml[^>]*\?>\s*(<!--.{0,2000}?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg"), "svg"),
    (re.compile(rb"<\?xml"), "xml"),
    (re.compile(rb"(?i)BEGIN:VCALENDAR"), "ics"),
    (re.compile(rb"(?i)BEGIN:VCARD"), "vcf"),
    (
        re.compile(
            rb"(?i)(?:(?!\[InternetShortcut\])(?:[;\[][^\r\n]*|\w+=[^\r\n]*|[ \t]*)\r?\n)*+\s*+\[InternetShortcut\]"
        ),
        "url",
    ),
    (re.compile(rb"(?i)(?:(?:rem |::)[^\n]*\n)*+@echo off"), "bat"),
    (re.compile(rb"#!\s*/"), "script"),
    (
        re.compile(
            rb"(?i)(received|return-path|from|to|subject|date|message-id|delivered-to|mime-version|dkim-signature"
            rb"|x-[\w-]+):[^\n]*\r?\n([\w-]+:|[ \t])"
        ),
        "eml",
    ),
)


def text_format(head: bytes, ending: str) -> str:
    """What the first octets of a file are that is text, or UNKNOWN; the ending decides which text Windows would run."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    start = (head.decode("utf-16", "ignore").encode() if wide else head).lstrip(b"\xef\xbb\xbf \t\r\n")
    prolog = _PROLOG.match(start)
    body = start[prolog.end() :] if prolog else start
    if (_XHTML if start.startswith(b"<?xml") else _PAGE).match(body):
        return "html"
    for form, name in _TEXT_FORMS:
        if form.match(start):
            return name
    return _PROGRAM_ENDINGS.get(ending, "txt") if _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\0" in head:
        return False
    return any(_decodes(head, encoding) for encoding in ("utf-8", "gb18030", "big5"))


def _decodes(head: bytes, encoding: str) -> bool:
    """Whether the head is text in this encoding; its last character may be cut (at most 4 octets)."""
    for cut in range(4):
        try:
            head[: len(head) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
