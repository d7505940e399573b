"""File names as staff may see them: without the sender's path, control characters, and marks that turn text round."""

from __future__ import annotations

import mimetypes
import re

from intake.adapters.mail.headers import Head
from intake.adapters.mail.parameters import filename

LONGEST_NAME = 200
"""Characters; file systems take 255 octets, but the name on disk is the hash."""

_PATH = re.compile(r"[/\\]+")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u206f\ufeff\ud800-\udfff]")
_TYPES = mimetypes.MimeTypes()
"""What Python itself knows, not what this machine's mime.types says: reading twice is equal everywhere."""
for _kind, _suffix in (("image/heic", ".heic"), ("image/heif", ".heif"), ("audio/mp4", ".m4a"), ("video/3gpp", ".3gp")):
    _TYPES.add_type(_kind, _suffix)


def base_name(name: str) -> str:
    """The last component of a name, with nothing in it that is not seen; "" when nothing is left."""
    shown = _INVISIBLE.sub("", _PATH.split(name)[-1]).strip(" .")
    if len(shown) <= LONGEST_NAME:
        return shown
    stem, dot, suffix = shown.rpartition(".")
    return f"{stem[: LONGEST_NAME - 10]}{dot}{suffix[:9]}" if stem else shown[:LONGEST_NAME]


def name_of(head: Head, kind: str, number: int) -> str:
    """The name of a leaf, or one made of its number and media type."""
    return base_name(filename(head)) or f"unnamed-{number}{_TYPES.guess_extension(kind) or ''}"


def origin_of(forwarded: tuple[Head, ...], name: str) -> str:
    """The path of a leaf through the mails it was forwarded in ("message.eml/总结.docx")."""
    return "/".join([*(base_name(filename(head)) or "message.eml" for head in forwarded), name])
