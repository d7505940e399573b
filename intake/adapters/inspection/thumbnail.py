"""A small JPEG of a picture, for people who look at a list. It decides nothing and holds nothing but the picture."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps

from intake.adapters.inspection.outcome import PREVIEW_OCTETS

LONG_SIDE: Final = 320
# What is all detail is made coarser, then smaller, until it fits.
_TRIALS: Final = ((LONG_SIDE, 70), (LONG_SIDE, 45), (LONG_SIDE * 3 // 4, 40), (LONG_SIDE // 2, 30))


def jpeg_of(picture: Image.Image) -> bytes:
    """At most 320 pixels on the long side and 20 kB, upright."""
    octets = b""
    for long_side, quality in _TRIALS:
        picture = _reduced(picture, long_side)
        sink = io.BytesIO()
        _plain(picture).save(sink, "JPEG", quality=quality)
        octets = sink.getvalue()
        if len(octets) <= PREVIEW_OCTETS:
            break
    return octets


def _reduced(picture: Image.Image, long_side: int) -> Image.Image:
    """Never `Image.thumbnail`: it leaves the reader in charge, and pi-heif then decodes the whole again and fails."""
    share = min(1.0, long_side / max(picture.size))
    width, height = (max(1, round(side * share)) for side in picture.size)
    return picture.resize((width, height), reducing_gap=2.0)


def _plain(picture: Image.Image) -> Image.Image:
    """On a fresh white canvas: upright, opaque, without comments, places and profiles."""
    upright = ImageOps.exif_transpose(picture)
    canvas = Image.new("RGB", upright.size, "white")
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        canvas.paste(layer, mask=layer.getchannel("A"))
    else:
        canvas.paste(upright.convert("RGB"))
    return canvas
