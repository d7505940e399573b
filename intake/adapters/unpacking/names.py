"""Names from foreign containers, as the sender wrote them and fit to be shown; none ever names a file of ours."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

from intake.adapters.unpacking.outcome import Note, State, Unopened

MAX_PATH: Final = 255
_UNNAMED: Final = "unnamed"

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_SEPARATORS: Final = re.compile(r"[\\/]+")
# Control, format (writing direction, zero width), surrogate; line and paragraph separators.
_UNFIT: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


def inner_path(raw: str) -> str:
    """A path inside a container, with "/" between its parts, at most 255 characters (the end of it).

    Raises Unopened for one that leads out of the container: absolute, with a drive, or above its root.
    """
    text = clean(raw).replace("\\", "/")
    if text.startswith("/") or _DRIVE.match(text):
        raise Unopened(State.REFUSED, Note.PATH_ESCAPE)
    parts: list[str] = []
    for part in (part.strip(" ") for part in text.split("/")):
        if part == "..":
            if not parts:
                raise Unopened(State.REFUSED, Note.PATH_ESCAPE)
            parts.pop()
        elif kept := part.rstrip(". "):
            parts.append(kept)
    return "/".join(parts)[-MAX_PATH:].lstrip("/") or _UNNAMED


def file_name(raw: str) -> str:
    """The name alone, where a sender's program may have left the path on its own disk; "" when nothing is left."""
    return _DRIVE.sub("", _SEPARATORS.split(clean(raw))[-1], count=1).strip(" ").rstrip(". ")


def clean(raw: str) -> str:
    """Without characters that nobody sees; composed, as macOS takes letters and their marks apart."""
    return "".join(c for c in unicodedata.normalize("NFC", raw) if unicodedata.category(c) not in _UNFIT)


def is_litter(path: str) -> bool:
    """What macOS and Windows add of their own."""
    *folders, name = clean(path).replace("\\", "/").split("/")
    return "__MACOSX" in folders or name.lower() in _LITTER


def decoded(octets: bytes, codepage: int = 0) -> str:
    """Octets that do not tell their encoding: UTF-8, else the code page if there is one, else GB 18030."""
    for encoding in ("utf-8", _known(codepage), "gb18030"):
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError:
            continue
    return octets.decode("gb18030", "replace")


def _known(codepage: int) -> str:
    try:
        return codecs.lookup(f"cp{codepage}").name
    except LookupError:
        return "gb18030"
