"""Sample videos and photos: tiny, made in memory, the same octets for the same question."""

from __future__ import annotations

import io
import random
import struct
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import cast

import av
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

_MUXERS = {
    "mp4": ("mp4", "libx264"),
    "m4v": ("mp4", "libx264"),
    "mov": ("mov", "libx264"),
    "3gp": ("3gp", "mpeg4"),
    "mkv": ("matroska", "libx264"),
    "webm": ("webm", "libvpx"),
    "avi": ("avi", "mpeg4"),
    "wmv": ("asf", "wmv2"),
    "flv": ("flv", "flv"),
    "ts": ("mpegts", "libx264"),
    "mpg": ("mpeg", "mpeg2video"),
}
_CODEC_OPTIONS = {
    "libx264": {"preset": "ultrafast", "x264-params": "threads=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
}

_SAME = {"fflags": "+bitexact"}
"""Otherwise a Matroska file gets a random number of its own."""


@cache
def video(  # noqa: PLR0913
    seconds: int,
    ext: str = "mp4",
    *,
    size: tuple[int, int] = (160, 120),
    fps: int = 5,
    sound: bool = False,
    title: str = "",
    muxer_options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A moving picture of exactly `seconds`, in the container that `ext` names; mpg is made with 25 frames a second."""
    muxer, codec = _MUXERS[ext]
    fps = 25 if ext == "mpg" else fps
    # A named file and not a buffer: the faststart option reads back what was written.
    with tempfile.NamedTemporaryFile(suffix=f".{ext}") as file:
        with av.open(file.name, "w", format=muxer, options={**_SAME, **dict(muxer_options)}) as container:
            container.metadata.update({"title": title} if title else {})
            _encode(container, codec, frames=range(seconds * fps), fps=fps, size=size, sound=sound)
        return file.read()


def _encode(  # noqa: PLR0913
    container: OutputContainer, codec: str, *, frames: range, fps: int, size: tuple[int, int], sound: bool
) -> None:
    stream = cast("VideoStream", container.add_stream(codec, rate=fps, options=_CODEC_OPTIONS.get(codec, {})))
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    stream.codec_context.gop_size = fps * 10
    sounds = container.add_stream("aac", rate=8000, layout="mono") if sound else None
    for number in frames:
        container.mux(stream.encode(_frame(number, fps, size)))
        if sounds is not None and number % fps == 0:
            container.mux(sounds.encode(silence(number // fps)))
    container.mux(stream.encode(None))
    container.mux(sounds.encode(None) if sounds is not None else ())


def truncated(octets: bytes, part: float = 0.5) -> bytes:
    """The first `part` of a file, as a broken upload leaves it."""
    return octets[: int(len(octets) * part)]


def lying_header(mp4: bytes, seconds: int) -> bytes:
    """The same mp4 or mov, its mvhd, tkhd and mdhd boxes claiming `seconds`. The packets stay as they are."""
    patched = bytearray(mp4)
    movie_scale = 1000
    for name, start, _ in boxes(mp4):
        version_zero = mp4[start + 8] == 0
        if not version_zero or name not in {b"mvhd", b"tkhd", b"mdhd"}:
            continue
        if name == b"tkhd":
            struct.pack_into(">I", patched, start + 28, seconds * movie_scale)
        else:
            (scale,) = struct.unpack_from(">I", mp4, start + 20)
            movie_scale = scale if name == b"mvhd" else movie_scale
            struct.pack_into(">I", patched, start + 24, seconds * scale)
    return bytes(patched)


@cache
def photo(width: int = 1280, height: int = 960, seed: int = 1, orientation: int = 1) -> bytes:
    """A JPEG of the given pixels, more than 20 kB at the default size; another seed is another picture."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(picture(width, height, seed), "JPEG", quality=85, exif=exif)


@cache
def png(width: int = 640, height: int = 480, seed: int = 1) -> bytes:
    return saved(picture(width, height, seed), "PNG", compress_level=1)


def _frame(number: int, fps: int, size: tuple[int, int]) -> av.VideoFrame:
    width, height = size
    frame = av.VideoFrame(width, height, "yuv420p")
    luma = frame.planes[0]
    row = bytes((column * 7 + 16) % 220 for column in range(luma.line_size))
    bright = b"\xe0" * luma.line_size
    position = number % (height - 8)
    luma.update(row * position + bright * 8 + row * (height - 8 - position))
    for plane in frame.planes[1:]:
        plane.update(b"\x80" * plane.buffer_size)
    frame.pts, frame.time_base = number, Fraction(1, fps)
    return frame


def silence(second: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="mono", samples=8000)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate, frame.pts, frame.time_base = 8000, second * 8000, Fraction(1, 8000)
    return frame


def picture(width: int, height: int, seed: int) -> Image.Image:
    columns, rows = max(1, width // 24), max(1, height // 24)
    noise = random.Random(seed).randbytes(columns * rows * 3)  # noqa: S311 - a picture, no secret
    return Image.frombytes("RGB", (columns, rows), noise).resize((width, height), Image.Resampling.BICUBIC)


def saved(image: Image.Image, fmt: str, **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, fmt, **options)
    return sink.getvalue()


_CONTAINERS = {b"moov", b"trak", b"mdia", b"edts"}


def boxes(octets: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of every box, the ones inside moov/trak/mdia after their parent."""
    end = len(octets) if end is None else end
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", octets, start)
        yield name, start, size
        if name in _CONTAINERS:
            yield from boxes(octets, start + 8, start + size)
        if size < 8:
            return
        start += size
