"""Files that can act, or that only lead elsewhere: never accepted, told apart by content, by macros, and by name.

Whatever such a file is called, it is not material; whatever is called like a program is treated as one, because on a
clerk's machine the name decides what a double click does.
"""

from __future__ import annotations

import re
import unicodedata
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
_HARMLESS_IN_MAILS = frozenset({"html", "txt", "unknown"})
_PROGRAMS = (
    "exe", "scr", "com", "pif", "cpl", "dll", "sys", "ocx", "xll", "msi", "msp", "msix", "appx", "application", "jnlp",
    "bat", "cmd", "command", "js", "jse", "vb", "vbs", "vbe", "wsf", "wsh", "wsc", "sct", "hta", "ps1", "psm1", "sh",
    "py", "pyc", "pyw", "msc", "inf", "reg", "jar", "chm", "apk",
)  # fmt: skip
_SHORTCUTS = (
    "lnk", "url", "website", "scf", "settingcontent-ms", "library-ms", "search-ms", "desktop", "iqy",
)  # fmt: skip
_MACRO_FILES = ("docm", "dotm", "xlsm", "xltm", "xla", "xlam", "slk", "pptm", "potm", "ppsm", "ppa", "ppam")
_PAGES = ("htm", "html", "xht", "xhtml", "shtml", "mht", "mhtml")
_BY_ENDING = {
    **dict.fromkeys(_PROGRAMS, Harm.PROGRAM),
    **dict.fromkeys(_SHORTCUTS, Harm.SHORTCUT),
    **dict.fromkeys(_PAGES, Harm.PAGE),
    **dict.fromkeys(("iso", "img", "vhd", "vhdx", "vmdk", "vdi", "qcow2", "wim", "udf", "dmg"), Harm.DISC),
    **dict.fromkeys(_MACRO_FILES, Harm.MACROS),
}
_OF_MAILERS = re.compile(r"(?i)ATT\d{5}[^.]*\.html?")
"""What Exchange and Apple Mail cut a mail's own text into: nobody attached it."""


def harm_of(each: Examined) -> Harm | None:
    """Why a file is not accepted whatever it was sent for, or None."""
    facts, name = each.facts, _as_seen(each.material.filename)
    if _OF_MAILERS.fullmatch(name) and not facts.macros and facts.format in _HARMLESS_IN_MAILS:
        return None
    if facts.format == "html":
        return Harm.PAGE
    if facts.macros:
        return Harm.MACROS
    return _BY_FORMAT.get(facts.format) or _BY_ENDING.get(ending(name))


def ending(filename: str) -> str:
    """What stands behind the last dot, as Windows and its reader take it; "" without a dot."""
    name = _as_seen(filename)
    return name.rpartition(".")[2].strip() if "." in name else ""


def _as_seen(filename: str) -> str:
    """Full-width letters as plain ones, without what nobody sees, and without blanks and dots at the end."""
    name = unicodedata.normalize("NFKC", filename).lower()
    return "".join(each for each in name if unicodedata.category(each) not in ("Cc", "Cf")).strip().rstrip(". \t")
