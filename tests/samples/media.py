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


@cache
def video(
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
        with av.open(file.name, "w", format=muxer, options=dict(muxer_options)) as container:
            container.metadata.update({"title": title} if title else {})
            _encode(container, codec, frames=range(seconds * fps), fps=fps, size=size, sound=sound)
        return file.read()


def _encode(
    container: av.container.OutputContainer, codec: str, *, frames: range, fps: int, size: tuple[int, int], sound: bool
) -> None:
    stream = container.add_stream(codec, rate=fps, options=_CODEC_OPTIONS.get(codec, {}))
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    stream.codec_context.gop_size = fps * 10
    sounds = container.add_stream("aac", rate=8000, layout="mono") if sound else None
    for number in frames:
        container.mux(stream.encode(_frame(number, fps, size)))
        if sounds is not None and number % fps == 0:
            container.mux(sounds.encode(_silence(number // fps)))
    for each in (stream, sounds):
        container.mux(each.encode(None) if each is not None else ())


@cache
def audio(seconds: int, ext: str = "mp4") -> bytes:
    """Silence of `seconds` in a container that could hold a video."""
    sink = io.BytesIO()
    with av.open(
        sink, "w", format="mp4" if ext == "m4a" else ext, options={"brand": "M4A "} if ext == "m4a" else {}
    ) as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        for second in range(seconds):
            container.mux(stream.encode(_silence(second)))
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


def truncated(octets: bytes, part: float = 0.5) -> bytes:
    """The first `part` of a file, as a broken upload leaves it."""
    return octets[: int(len(octets) * part)]


def lying_header(mp4: bytes, seconds: int) -> bytes:
    """The same mp4 or mov, its mvhd, tkhd and mdhd boxes claiming `seconds`. The packets stay as they are."""
    patched = bytearray(mp4)
    movie_scale = 1000
    for name, start, _ in _boxes(mp4):
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


def hidden_by_edit_list(mp4: bytes, shown: int) -> bytes:
    """The same mp4 (moov at its end), an edit list letting the player show only the first `shown` seconds."""
    entry = struct.pack(">IIIiHH", 0, 1, shown * 1000, 0, 1, 0)
    elst = struct.pack(">I4s", 8 + len(entry), b"elst") + entry
    edts = struct.pack(">I4s", 8 + len(elst), b"edts") + elst
    boxes = list(_boxes(mp4))
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
    for name, start, _ in _boxes(mp4):
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
def photo(width: int = 1280, height: int = 960, seed: int = 1, orientation: int = 1) -> bytes:
    """A JPEG of the given pixels, more than 20 kB at the default size; another seed is another picture."""
    picture = _picture(width, height, seed)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(picture, "JPEG", quality=85, exif=exif)


@cache
def png(width: int = 640, height: int = 480, seed: int = 1) -> bytes:
    return _saved(_picture(width, height, seed), "PNG", compress_level=1)


@cache
def image(fmt: str, width: int = 320, height: int = 240) -> bytes:
    """A picture in a format that Pillow names: "GIF", "WEBP", "BMP", "TIFF", "AVIF"."""
    return _saved(_picture(width, height, 1), fmt)


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few hundred octets whose header claims `width` x `height` pixels."""
    octets = bytearray(png(16, 16))
    struct.pack_into(">II", octets, 16, width, height)
    struct.pack_into(">I", octets, 29, zlib.crc32(bytes(octets[12:29])))
    return bytes(octets)


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


def _silence(second: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="mono", samples=8000)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate, frame.pts, frame.time_base = 8000, second * 8000, Fraction(1, 8000)
    return frame


def _picture(width: int, height: int, seed: int) -> Image.Image:
    columns, rows = max(1, width // 24), max(1, height // 24)
    noise = random.Random(seed).randbytes(columns * rows * 3)
    return Image.frombytes("RGB", (columns, rows), noise).resize((width, height), Image.Resampling.BICUBIC)


def _saved(picture: Image.Image, fmt: str, **options: object) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, fmt, **options)
    return sink.getvalue()


_CONTAINERS = {b"moov", b"trak", b"mdia", b"edts"}


def _boxes(octets: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of every box, the ones inside moov/trak/mdia after their parent."""
    end = len(octets) if end is None else end
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", octets, start)
        yield name, start, size
        if name in _CONTAINERS:
            yield from _boxes(octets, start + 8, start + size)
        if size < 8:
            return
        start += size
