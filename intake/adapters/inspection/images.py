"""Measures pictures: pixels as displayed, and whether every octet of them decodes.

A hole of zeros inside a JPEG is not detected: libjpeg only warns, and Pillow does not pass that on.
"""

from __future__ import annotations

import importlib
import warnings
from typing import BinaryIO, Final

from PIL import ExifTags, Image, UnidentifiedImageError

from intake.adapters.inspection.outcome import Damaged, Exceeded, Note
from intake.domain.material import Condition, Facts

# Naming MPO would raise KeyError on anything else; JPEG yields it by itself. Without a list, Ghostscript would start.
_READERS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "HEIF", "AVIF")

# Telephones make 200 million pixels. Address space bounds what decoding takes.
_MAX_PIXELS: Final = 256_000_000
_DRAFT: Final = (640, 640)
_QUARTER_TURNED: Final = frozenset({5, 6, 7, 8})

_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What the decoders raise on broken files, seen in practice; struct.error and zlib.error reach us as these.
_BROKEN: Final = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, EOFError, OverflowError, LookupError,
    RuntimeError, ArithmeticError,
)  # fmt: skip


def measure(file: BinaryIO, name: str) -> Facts:
    """Facts of a picture; raises Damaged, Exceeded."""
    _prepare(name)
    try:
        with Image.open(file, formats=_READERS) as picture:
            return _facts(picture)
    except _BOMBS as error:
        raise Exceeded(Note.TOO_LARGE) from error
    except _BROKEN as error:
        raise Damaged(Note.TRUNCATED if "truncated" in str(error) else Note.UNREADABLE) from error


def _prepare(name: str) -> None:
    if name == "heic":
        # Loaded for those who need it: it takes 30 ms.
        importlib.import_module("pi_heif").register_heif_opener()
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    # Between once and twice the bound Pillow only warns.
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _facts(picture: Image.Image) -> Facts:
    width, height = picture.size
    if picture.getexif().get(ExifTags.Base.Orientation, 1) in _QUARTER_TURNED:
        width, height = height, width
    # A reduced JPEG still passes every octet through the decoder, for a tenth of the time.
    if picture.format in {"JPEG", "MPO"}:
        picture.draft("RGB", _DRAFT)
    picture.load()
    return Facts(Condition.SOUND, width=width, height=height)
