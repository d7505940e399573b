"""Where quoted earlier mail begins: the marks that Chinese mailers put above it, in text and in HTML.

Own code: the reply parsers there are know the marks of English mailers. Each mark was seen in real mail. What
a report may say itself ("发件人：" alone, "--", a signature like 发自我的iPhone) is no mark.
"""

from __future__ import annotations

import re

from intake.adapters.mail.page import Page

_GAP = r"(?:&nbsp;|[ \t\xa0\u3000]){0,20}"
_INDENT = r"^(?:[ \t\xa0\u3000*|]|&nbsp;){0,20}"
_LINES = r"(?:[^\n]*\n){0,4}?"
_DATE = r"\d{4}(?:年[ ]?\d{1,2}月[ ]?\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_HOUR = r"\d{1,2}[:：]\d{2}"
_ON_DATE = rf"(?:(?:[^\n]{{0,80}}[于在])?{_DATE}(?=[^\n]{{0,80}}(?:{_HOUR}|@))|[在于][ ]{_DATE})"

_TITLE = (
    r"原始邮件|原邮件|邮件原件|原始信息|(?:回复|转发)的?原?邮件(?:信息)?|转发的?(?:消息|信息)"
    r"|Original(?:[ ]Message|[ ]Mail)?|Forwarded[ ]Message"
)
_QUOTED = re.compile(
    rf"{_INDENT}-{{2,}}{_GAP}(?:{_TITLE}){_GAP}-{{2,}}"
    rf"|{_INDENT}发{_GAP}件{_GAP}人[ *|]*[:：|][^\n]*\n{_LINES}{_INDENT}(?:发送时间|发送日期|发件时间)[ *|]*[:：|]"
    rf"|{_INDENT}发{_GAP}件{_GAP}人[ *|]*[:：|][^\n]*\n{_LINES}{_INDENT}(?:日期|时间)[ *|]*[:：|][^\n]*\n"
    rf"{_LINES}{_INDENT}(?:收{_GAP}件{_GAP}人|主题)[ *|]*[:：|]"
    rf"|{_INDENT}From[ *]*:[^\n]*\n{_LINES}{_INDENT}Sent[ *]*:"
    rf"|{_INDENT}From[ *]*:[^\n]*\n{_LINES}{_INDENT}Date[ *]*:[^\n]*\n{_LINES}{_INDENT}(?:To|Subject)[ *]*:"
    rf"|{_INDENT}{_ON_DATE}[^\n]{{0,200}}(?:\n[^\n]{{0,120}})?(?:写道|寫道){_GAP}[:：]{_GAP}$"
    rf"|{_INDENT}(?:At|On)[ ][^\n]{{0,120}}\d[^\n]{{0,160}}(?:\n[^\n]{{0,120}})?\swrote{_GAP}[:：]{_GAP}$",
    re.MULTILINE | re.IGNORECASE,
)  # fmt: skip
_CITED_HTML = re.compile(
    r"<blockquote\b[^>]{0,500}?(?:type\s*=\s*[\"']?cite|class\s*=\s*[\"']?[^\"'>]{0,200}quote)"
    r"|<div\b[^>]{0,500}?(?:id\s*=\s*[\"']?(?:isReplyContent|origbody|divRplyFwdMsg|reply-intro)"
    r"|class\s*=\s*[\"']?[^\"'>]{0,200}(?:gmail_quote|ntes_reply|yahoo_quoted|qmbox_reply))",
    re.IGNORECASE,
)


def own_part(text: str) -> str:
    """The text above the first mark of quoted earlier mail, without cited (">") lines."""
    match = _QUOTED.search(text)
    return _uncited(text[: match.start()] if match else text).rstrip()


def own_source(source: str, page: Page) -> str:
    """The same for the source of an HTML body, of which `page` is the text."""
    ends = [len(source)]
    if match := _QUOTED.search(page.text):
        ends.append(page.source_offset(match.start()))
    if cited := _CITED_HTML.search(source):
        ends.append(cited.start())
    return source[: min(ends)]


def _uncited(text: str) -> str:
    """Without runs of two or more lines that begin with ">"; a single one may be somebody's own arrow."""
    lines = text.split("\n")
    cited = [line.lstrip(" \t").startswith(">") for line in lines]
    around = zip(lines, cited, [False, *cited], [*cited[1:], False], strict=False)
    return "\n".join(line for line, own, before, after in around if not (own and (before or after)))


_FORWARD = re.compile(r"\s*(?:fwd?|转发)\s*[:：]", re.IGNORECASE)


def is_forward(subject: str) -> bool:
    """Whether the subject says that what is quoted is passed on, not answered."""
    return bool(_FORWARD.match(subject))
