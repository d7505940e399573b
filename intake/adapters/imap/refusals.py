"""What a refused login is about, told from the server's words: response codes (RFC 5530 section 3), then phrases."""

from __future__ import annotations

import re

from intake.domain.patience import Refusal

_CODE = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\b", re.IGNORECASE)
_PASSWORD = re.compile(r"passw|credential|密码|授权码", re.IGNORECASE)
_NOT_NOW = re.compile(
    r"frequen|too many|try again|temporar|system is busy|server busy|maximum number of connections|频繁|频率|繁忙|稍后",
    re.IGNORECASE,
)
_CLIENT = re.compile(r"unsafe login", re.IGNORECASE)


def refusal_of(words: str) -> Refusal:
    """Why a login was refused. Words that blame the password and the traffic alike are taken to mean the password.

    One sentence of QQ's covers everything from a wrong password to a busy system; waiting longer harms less.
    """
    if _CLIENT.search(words):
        return Refusal.CLIENT
    if _CODE.search(words) or (_NOT_NOW.search(words) and not _PASSWORD.search(words)):
        return Refusal.TEMPORARY
    return Refusal.CREDENTIALS


def too_many(words: str) -> bool:
    """Whether a server that hangs up says that there are too many of us, or that it is too busy for a login."""
    return bool(_CODE.search(words) or _NOT_NOW.search(words))
