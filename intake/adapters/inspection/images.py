"""Measures pictures: pixels as displayed, and whether every octet of them decodes.

A hole of zeros inside a JPEG is not detected: libjpeg only warns, and Pillow does not pass that on. Some broken HEIC
files end pi-heif 1.4 with a segmentation fault: one reason for the child process.
"""

from __future__ import annotations

import importlib
import re
import struct
import warnings
from functools import lru_cache
from typing import BinaryIO, Final, NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from intake.adapters.inspection.outcome import Damaged, Exceeded, Note
from intake.adapters.inspection.thumbnail import jpeg_of
from intake.domain.material import Condition, Facts

# Pillow's name of each format, and what else to load for it. One name at a time: with a list, Pillow loads all its
# plugins, one of which would start Ghostscript. JPEG yields MPO by itself; naming that raises KeyError.
_READERS: Final = {
    "jpg": ("JPEG", None),
    "png": ("PNG", None),
    "gif": ("GIF", None),
    "bmp": ("BMP", None),
    "webp": ("WEBP", "PIL.WebPImagePlugin"),
    "tiff": ("TIFF", "PIL.TiffImagePlugin"),
    "avif": ("AVIF", "PIL.AvifImagePlugin"),
    "heic": ("HEIF", "pi_heif"),
}

# Telephones make 200 million pixels. Address space bounds what decoding takes.
_MAX_PIXELS: Final = 256_000_000
_DRAFT: Final = (640, 640)
_QUARTER_TURNED: Final = frozenset({5, 6, 7, 8})
_CAMERA_TIME: Final = re.compile(r"(?!0000)[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")

_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What the decoders raise on broken files, seen in practice; struct.error and zlib.error reach us as these.
_BROKEN: Final = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, EOFError, OverflowError, LookupError,
    RuntimeError, ArithmeticError,
)  # fmt: skip


class _Decoded(NamedTuple):
    """A picture, maybe reduced, and the pixels it has as displayed."""

    picture: Image.Image
    size: tuple[int, int]


def measure(file: BinaryIO, name: str) -> Facts:
    """Facts of a picture; raises Damaged, Exceeded."""
    _bound_pixels()
    try:
        picture, (width, height) = _decoded(file, name)
    except _BOMBS as error:
        raise Exceeded(Note.TOO_LARGE) from error
    except _BROKEN as error:
        raise Damaged(Note.TRUNCATED if "truncated" in str(error) else Note.UNREADABLE) from error
    return Facts(Condition.SOUND, width=width, height=height, taken_at=_taken_at(picture))


def preview(file: BinaryIO, name: str, _: Facts) -> bytes:
    """A small JPEG of a picture that has been measured."""
    return jpeg_of(_decoded(file, name).picture)


def _bound_pixels() -> None:
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    # Between once and twice the bound Pillow only warns.
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _reader(name: str) -> str:
    reader, plugin = _READERS[name]
    if plugin is not None:
        module = importlib.import_module(plugin)
        if reader == "HEIF":
            module.register_heif_opener()
    return reader


@lru_cache(maxsize=1)
def _decoded(file: BinaryIO, name: str) -> _Decoded:
    """Decoded once, for the facts and for the preview."""
    picture = Image.open(file, formats=[_reader(name)])
    width, height = picture.size
    if picture.getexif().get(ExifTags.Base.Orientation, 1) in _QUARTER_TURNED:
        width, height = height, width
    # A reduced JPEG still passes every octet through the decoder, for a tenth of the time.
    if picture.format in {"JPEG", "MPO"}:
        picture.draft("RGB", _DRAFT)
    picture.load()
    return _Decoded(picture, (width, height))


def _taken_at(picture: Image.Image) -> str | None:
    """EXIF 2.32 section 4.6.5, DateTimeOriginal; a broken directory makes no picture worse."""
    try:
        told = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
    except (*_BROKEN, struct.error):
        return None
    found = _CAMERA_TIME.match(told) if isinstance(told, str) else None
    return found and found[0]
