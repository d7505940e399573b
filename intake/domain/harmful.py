"""Files that can act, or that only lead elsewhere: never accepted, told apart by content, by macros, and by name.

Whatever such a file is called, it is not material; whatever is called like a program is treated as one, because on a
clerk's machine the name decides what a double click does.
"""

from __future__ import annotations

import re
from enum import StrEnum

from intake.domain.material import Examined


class Harm(StrEnum):
    """What is wrong with a file; templates/words/findings.j2 has the words, and how to send it instead."""

    PROGRAM = "program"
    MACROS = "macros"
    SHORTCUT = "shortcut"
    PAGE = "page"
    DISC = "disc"


_BY_FORMAT = {
    **dict.fromkeys(("exe", "msi", "jar", "chm", "bat", "script", "apk"), Harm.PROGRAM),
    **dict.fromkeys(("docm", "xlsm", "pptm"), Harm.MACROS),
    **dict.fromkeys(("lnk", "url"), Harm.SHORTCUT),
    **dict.fromkeys(("iso", "vhd", "dmg"), Harm.DISC),
    "html": Harm.PAGE,
}
_PROGRAMS = (
    "exe", "scr", "com", "pif", "cpl", "dll", "sys", "msi", "msp", "bat", "cmd", "js", "jse", "vbs", "vbe", "wsf",
    "wsh", "hta", "ps1", "psm1", "reg", "jar", "chm", "apk",
)  # fmt: skip
_BY_ENDING = {
    **dict.fromkeys(_PROGRAMS, Harm.PROGRAM),
    **dict.fromkeys(("lnk", "url", "website"), Harm.SHORTCUT),
    **dict.fromkeys(("iso", "img", "vhd", "vhdx", "dmg"), Harm.DISC),
    **dict.fromkeys(("docm", "dotm", "xlsm", "xltm", "pptm", "potm", "ppsm"), Harm.MACROS),
}
_OF_MAILERS = re.compile(r"(?i)ATT\d{5}[^.]*\.html?")
"""What Exchange and Apple Mail cut a mail's own text into: nobody attached it."""


def harm_of(each: Examined) -> Harm | None:
    """Why a file is not accepted whatever it was sent for, or None."""
    facts, name = each.facts, each.material.filename.rstrip(". ")
    if facts.format == "html" and _OF_MAILERS.fullmatch(name):
        return None
    if facts.macros:
        return Harm.MACROS
    return _BY_FORMAT.get(facts.format) or _BY_ENDING.get(name.rpartition(".")[2].lower() if "." in name else "")
