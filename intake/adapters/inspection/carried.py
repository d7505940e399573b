"""Photos that a document carries inside: counted, so that nobody is asked for photos who has pasted them in.

A photo is a picture of 400 pixels or more on its long side and of 20 kB or more: logos, seals and rules are not.
"""

from __future__ import annotations

import io
import time
import zipfile
import zlib
from collections.abc import Iterable
from typing import Final

from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked
from intake.adapters.inspection.sniff import picture_format

_LONG_SIDE: Final = 400
_OCTETS: Final = 20_000
# More than anybody asks for; a document of 300 photos would else be decoded for a quarter of a minute.
_MAX_COUNTED: Final = 60
_MAX_READ: Final = 32 << 20
_PROCESSOR_SECONDS: Final = 5.0


def is_photo(width: int, height: int, octets: int) -> bool:
    """Whether a picture of these pixels, stored in so many octets, counts."""
    return max(width, height) >= _LONG_SIDE and octets >= _OCTETS


def photos_in(archive: zipfile.ZipFile, infos: Iterable[zipfile.ZipInfo]) -> int:
    """How many of these parts are photos that decode: as many as 60, or as five seconds allow."""
    large = [info for info in infos if _OCTETS <= info.file_size <= _MAX_READ]
    end = time.process_time() + _PROCESSOR_SECONDS
    return sum(time.process_time() < end and _is_sound_photo(archive, info) for info in large[:_MAX_COUNTED])


def _is_sound_photo(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """A picture that cannot be read does not count; the text around it still does."""
    try:
        with archive.open(info) as part:
            octets = part.read(_MAX_READ)
        name = picture_format(octets)
        if name is None:
            return False
        # Here, because documents without large pictures need not wait for Pillow.
        from intake.adapters.inspection import images  # noqa: PLC0415

        facts = images.measure(io.BytesIO(octets), name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, MemoryError):
        return False
    except (Damaged, Exceeded, Locked):
        return False
    return is_photo(facts.width or 0, facts.height or 0, len(octets))
