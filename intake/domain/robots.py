"""Mail that nobody wrote to be answered: robots, bounces, lists, read receipts, our own letters.

Sources: RFC 3834 sections 2 and 5, RFC 3464, RFC 8098, and what Chinese providers send instead (bounces of
Aliyun and Sina are plain multipart/mixed). X-Auto-Response-Suppress and Feedback-ID prove nothing: every
Exchange server sets the one, QQ webmail the other, on mail that people write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set

from intake.domain.mail import Message

_ROBOT_SENDERS = re.compile(
    r"^((mailer-daemon|postmaster|do[-_.]?not[-_.]?reply|root|daemon|owner-.*|.*-(request|bounces?))([+=.-].*)?"
    r"|no[-_.]?reply.*)$"
)
_BOUNCE_SENDERS = re.compile(r"^((mailer-daemon|postmaster)([+=.-].*)?|bounces?([^a-z].*)?)$")
_REPLY_SENDERS = re.compile(r"^auto[-_.]?reply.*$")
_REPLY_HEADERS = ("x-autoreply", "x-auto-reply", "x-autorespond", "x-auto-reply-from", "x-loop")
_BOUNCE_SUBJECTS = re.compile(
    r"^\s*(退信|系统退信|邮件投递失败|邮件传输失败|来自\S+的退信|undeliver|delivery status)", re.IGNORECASE
)
_READ_SUBJECTS = re.compile(r"^\s*(已读[:：]|read:)", re.IGNORECASE)
_REPLY_SUBJECTS = re.compile(
    r"^\s*[\[【(（]?(自动回复|自动答复|自动应答|automatic reply|auto(matic)?[- ]?reply|out of office)", re.IGNORECASE
)


def automatic(message: Message, own: Set[str]) -> str | None:
    """The finding code that says why a mail is automatic, or None when a person wrote it. First match wins.

    `own` holds the addresses this service sends from, in lower case.
    """
    for code, test in _TABLE:
        if test(message, own):
            return code
    return None


def _is_own(message: Message, own: Set[str]) -> bool:
    return bool(message.sender and message.sender.spec in own)


def _is_read_receipt(message: Message, _own: Set[str]) -> bool:
    return "message/disposition-notification" in message.part_types or bool(_READ_SUBJECTS.match(message.subject))


def _is_bounce(message: Message, _own: Set[str]) -> bool:
    null_path = message.header("return-path").strip() == "<>" and not _says_automatic(message)
    return (
        null_path
        or "message/delivery-status" in message.part_types
        or _is_report(message)
        or bool(_BOUNCE_SENDERS.match(_local_part(message)))
        or bool(_BOUNCE_SUBJECTS.match(message.subject))
    )


def _is_report(message: Message) -> bool:
    """A report with a footer below it is one; a person who sends it on with files of her own is not."""
    if message.content_type == "multipart/report":
        return True
    own = {kind.partition("/")[0] for kind in message.part_types} - {"multipart", "message", "text"}
    return "multipart/report" in message.part_types and not own


def _is_automatic_reply(message: Message, _own: Set[str]) -> bool:
    return (
        _says_automatic(message)
        or any(name in message.headers for name in _REPLY_HEADERS)
        or bool(_REPLY_SENDERS.match(_local_part(message)))
        or message.header("precedence").strip().lower() == "auto_reply"
        or bool(_REPLY_SUBJECTS.match(message.subject))
    )


def _is_list(message: Message, _own: Set[str]) -> bool:
    return (
        any(name.startswith("list-") for name in message.headers)
        or message.header("precedence").strip().lower() in ("bulk", "list", "junk")
        or bool(_ROBOT_SENDERS.match(_local_part(message)))
    )


def _says_automatic(message: Message) -> bool:
    """RFC 3834 section 5: any Auto-Submitted value but "no"; parameters and comments do not matter."""
    values = message.headers.get("auto-submitted", ())
    return any(re.split(r"[;(\s]", value.strip().lower(), maxsplit=1)[0] not in ("no", "") for value in values)


def _local_part(message: Message) -> str:
    return message.sender.spec.rpartition("@")[0] if message.sender else ""


_TABLE: tuple[tuple[str, Callable[[Message, Set[str]], bool]], ...] = (
    ("own-letter", _is_own),
    ("read-receipt", _is_read_receipt),
    ("bounce", _is_bounce),
    ("automatic-reply", _is_automatic_reply),
    ("mailing-list", _is_list),
)
AUTOMATIC_CODES = frozenset(code for code, _test in _TABLE)
