"""Addresses that are made to be taken for one of the roster: other letters of the same shape, one letter more or less.

Only domains are compared. A provider's, where everybody may have a mailbox, is taken for another one only in letters of
the same shape: providers' own names differ by a digit, and so do honest addresses there. Unicode UTS 39 calls what is
compared a skeleton; the table here holds the letters that mail domains are forged with, Cyrillic and Greek ones that
look like Latin ones, and digits that look like letters. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

SHARED: Final = frozenset({
    "qq.com", "foxmail.com", "vip.qq.com", "163.com", "126.com", "yeah.net", "139.com", "189.cn", "wo.cn", "sina.com",
    "sina.cn", "sohu.com", "aliyun.com", "21cn.com", "tom.com", "gmail.com", "outlook.com", "hotmail.com", "icloud.com",
})  # fmt: skip
"""Domains of mailboxes for everybody."""
SHORTEST: Final = 6
"""Characters of a name, without what it is registered under, below which one letter makes another name: those of honest
offices are short for their counties, as in sdly.gov.cn and sdlq.gov.cn."""
_REGISTRIES: Final = frozenset({"gov", "edu", "org", "com", "net", "ac"})
"""What stands before .cn in many domains and tells none from another."""

_SHAPES: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0261\u03b1\u03bf\u03c1\u03bd\u013101",
    "aeopcyxijshdqwgaopviol",
)


def looks_like(domain: str, own: Iterable[str]) -> str | None:
    """The domain of `own` that somebody wants `domain` to be taken for; None when it is one of them or like none.

    Subdomains of an own one are its owner's; an own one with something behind it is not.
    """
    own = frozenset(own)
    if domain in own or domain in SHARED or any(domain.endswith(f".{each}") for each in own):
        return None
    shown = skeleton(domain)
    return next((each for each in sorted(own) if _close(shown, each) or _behind(domain, each)), None)


def skeleton(domain: str) -> str:
    """What an eye sees of a domain: its labels decoded, letters of one shape the same, without hyphens and dots."""
    text = unicodedata.normalize("NFKC", ".".join(map(_decoded, domain.split(".")))).casefold()
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return plain.translate(_SHAPES).replace("rn", "m").replace("vv", "w").replace("-", "").replace(".", "")


def _decoded(label: str) -> str:
    """A label of RFC 3490 as it is shown; one that is none stays as it is."""
    if not label.lower().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def _close(shown: str, own: str) -> bool:
    """Whether a skeleton is that of the own domain, or near it where near says something."""
    whole = skeleton(own)
    if own in SHARED or len(_name(own)) < SHORTEST:
        return shown == whole
    return shown.startswith(whole) or _one_edit(shown, whole)


def _behind(domain: str, own: str) -> bool:
    """Whether it is the own one with something behind it; providers have such names themselves: 163.com.cn."""
    return own not in SHARED and domain.startswith(f"{own}.")


def _name(domain: str) -> str:
    """The skeleton of a domain without its top level and a registry's label before that."""
    labels = domain.split(".")[:-1]
    return skeleton(".".join(labels[:-1] if labels[-1:] and labels[-1] in _REGISTRIES else labels))


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter more, less, or changed, or two that changed places, makes the one the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    shorter, longer = sorted((one, other), key=len)
    start = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    swapped = shorter[start : start + 2] == longer[start : start + 2][::-1]
    if len(shorter) == len(longer):
        return shorter[start + 1 :] == longer[start + 1 :] or (swapped and shorter[start + 2 :] == longer[start + 2 :])
    return shorter[start:] == longer[start + 1 :]
