"""Sample videos and photos. Every maker is deterministic and cached, so that tests may ask often."""

from __future__ import annotations

import io
import random
import struct
import tempfile
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import av

from intake.entry.demo.media import (
    boxes,
    lying_header,
    photo,
    picture_of,
    png,
    saved,
    silence,
    truncated,
    video,
)

__all__ = ["X"]


@cache
def audio(seconds: int, ext: str = "mp4") -> bytes:
    """Silence of `seconds` in a container that could hold a video."""
    sink = io.BytesIO()
    with av.open(
        sink, "w", format="mp4" if ext == "m4a" else ext, options={"brand": "M4A "} if ext == "m4a" else {}
    ) as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        for second in range(seconds):
            container.mux(stream.encode(silence(second)))
        container.mux(stream.encode(None))
    return sink.getvalue()


def fragmented(seconds: int) -> bytes:
    """An mp4 in fragments (moof), as browsers and cameras record it."""
    return video(seconds, muxer_options=(("movflags", "frag_keyframe+empty_moov"),))


def faststart(seconds: int) -> bytes:
    """An mp4 whose moov box comes before the payload."""
    return video(seconds, muxer_options=(("movflags", "faststart"),))


def live(seconds: int, ext: str = "mkv") -> bytes:
    """A recording written to a pipe: its lengths and its duration are unknown (mkv and webm only)."""
    return video(seconds, ext, muxer_options=(("live", "1"),))


def hidden_by_edit_list(mp4: bytes, shown: int) -> bytes:
    """The same mp4 (moov at its end), an edit list letting the player show only the first `shown` seconds."""
    entry = struct.pack(">IIIiHH", 0, 1, shown * 1000, 0, 1, 0)
    elst = struct.pack(">I4s", 8 + len(entry), b"elst") + entry
    edts = struct.pack(">I4s", 8 + len(elst), b"edts") + elst
    boxes = list(boxes(mp4))
    patched = bytearray(mp4)
    tkhd_end = next(start + size for name, start, size in boxes if name == b"tkhd")
    for name, start, size in boxes:
        if name in {b"moov", b"trak"}:
            struct.pack_into(">I", patched, start, size + len(edts))
        if name == b"edts":
            patched[start + 4 : start + 8] = b"free"
    patched[tkhd_end:tkhd_end] = edts
    return bytes(patched)


def upright(mp4: bytes) -> bytes:
    """The same mp4, its display matrix turned by a quarter, as a telephone held upright records."""
    patched = bytearray(mp4)
    for name, start, _ in boxes(mp4):
        if name == b"tkhd":
            struct.pack_into(">9i", patched, start + 48, 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    return bytes(patched)


def boundless_index() -> bytes:
    """An mp4 of 224 octets whose table of times claims 2^31 - 1 entries; it kept mediainfo busy for 43 s."""
    box = struct.pack(">I4sII", 160, b"stts", 0, 0x7FFFFFFF) + b"\1" * 144
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        box = struct.pack(">I4s", 8 + len(box), name) + box
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41") + box


@cache
def image(fmt: str, width: int = 320, height: int = 240) -> bytes:
    """A picture in a format that Pillow names: "GIF", "WEBP", "BMP", "TIFF", "AVIF"."""
    return saved(picture_of(width, height, 1), fmt)


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few hundred octets whose header claims `width` x `height` pixels."""
    octets = bytearray(png(16, 16))
    struct.pack_into(">II", octets, 16, width, height)
    struct.pack_into(">I", octets, 29, zlib.crc32(bytes(octets[12:29])))
    return bytes(octets)
