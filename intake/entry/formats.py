"""Words for content formats as people write them in a notice."""

from __future__ import annotations

from intake.adapters.inspection.formats import FORMATS, UNKNOWN
from intake.domain.notice import Kind

_SAME_FORMAT = {"jpeg": "jpg", "tif": "tiff", "mpeg": "mpg", "heif": "heic", "asf": "wmv"}
"""Other words for a format; content knows only one."""

_NAMES_ONLY = {"wps": Kind.DOCUMENT}
"""What letters name and content never is: a WPS text file is a doc or docx inside."""


def content_format(word: str) -> str:
    """The format that a person means: ".JPEG" is jpg. A word that nobody knows comes back as it is, in lower case."""
    plain = word.lower().removeprefix(".")
    return _SAME_FORMAT.get(plain, plain)


def is_known(word: str) -> bool:
    """Whether a word names a format that content is told by."""
    return content_format(word) in (FORMATS.keys() - {UNKNOWN}) | _NAMES_ONLY.keys()


def known_for(kind: str | None) -> list[str]:
    """The words for formats of a kind, to choose from; those of all kinds when it is not clear which."""
    words = {name: each.kind for name, each in FORMATS.items()} | _NAMES_ONLY
    words |= {word: FORMATS[name].kind for word, name in _SAME_FORMAT.items()}
    return sorted(word for word, of in words.items() if of is not Kind.OTHER and kind in (None, of))
