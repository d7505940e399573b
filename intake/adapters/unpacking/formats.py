"""The containers that can be opened, by the names that inspection gives them, and the module that reads each."""

from __future__ import annotations

from typing import Final

READERS: Final = {
    "zip": "zips",
    "rar": "rars",
    "7z": "sevens",
    "tar": "tars",
    "gz": "streams",
    "bz2": "streams",
    "xz": "streams",
    "tnef": "tnef",
    "msg": "outlook",
    "p7m": "cms",
}
"""Each module has `unpack(file, out)`, which passes what is inside on, or raises Unopened."""

UNPACKABLE: Final = frozenset(READERS)

NAMELESS: Final = "content"
"""The path of a file that has no name of its own in what it is packed in."""
