"""Sample videos and photos. Every maker is deterministic and cached, so that tests may ask often."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib
from fractions import Fraction
from functools import cache
from typing import cast

import av
from av.video.stream import VideoStream

from intake.entry.demo.media import (
    boxes,
    lying_header,
    photo,
    picture,
    png,
    saved,
    silence,
    truncated,
    video,
)

__all__ = [
    "audio", "boundless_index", "corrupted", "cut_by_edit_list", "fading_gif", "faststart", "fragmented", "heic",
    "heic_bomb", "hidden_by_edit_list", "image", "lists_all_lying", "live", "lying_avi", "lying_flv",
    "lying_header", "lying_mkv", "lying_movie_header", "lying_wmv", "nested_boxes", "pair_heic", "photo", "png",
    "png_bomb", "remuxed", "slides", "truncated", "upright", "video",
]  # fmt: skip


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
    found = list(boxes(mp4))
    patched = bytearray(mp4)
    tkhd_end = next(start + size for name, start, size in found if name == b"tkhd")
    for name, start, size in found:
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
    return saved(picture(width, height, 1), fmt)


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few hundred octets whose header claims `width` x `height` pixels."""
    octets = bytearray(png(16, 16))
    struct.pack_into(">II", octets, 16, width, height)
    struct.pack_into(">I", octets, 29, zlib.crc32(bytes(octets[12:29])))
    return bytes(octets)


@cache
def slides(seconds: int, each: int = 5, codec: str = "libx264", ext: str = "mp4") -> bytes:
    """The pictures 0, 1, 2 ..., all of them key frames, on show for `each` seconds; `codec` may be libx265 too."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=ext) as container:
        options = {"preset": "ultrafast", "g": "1", "x265-params": "log-level=none:pools=1"}
        stream = cast("VideoStream", container.add_stream(codec, rate=Fraction(1, each), options=options))
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(seconds // each):
            frame = av.VideoFrame.from_image(picture(160, 120, number))
            frame.pts, frame.time_base = number, Fraction(each)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getvalue()


class _Pipe:
    """Somewhere to write to and not to go back in: muxers leave out what they learn only at the end."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def write(self, data: bytes) -> int:
        self._octets += data
        return len(data)

    def getvalue(self) -> bytes:
        return bytes(self._octets)


def remuxed(octets: bytes, muxer: str, *, start: float = 0.0, piped: bool = True, **options: str) -> bytes:
    """The same packets in another container, the first `start` seconds of them before time zero."""
    sink = _Pipe() if piped else io.BytesIO()
    with av.open(io.BytesIO(octets)) as source, av.open(sink, "w", format=muxer, options=options) as target:
        copies = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                shift = int(start / packet.time_base)
                packet.dts, packet.pts = packet.dts - shift, packet.pts - shift
                packet.stream = copies[packet.stream_index]
                target.mux(packet)
    return sink.getvalue()


def corrupted(octets: bytes, seed: int = 1, one_in: int = 10_000) -> bytes:
    """The same file with random octets in random places."""
    numbers, broken = random.Random(seed), bytearray(octets)
    for _ in range(len(octets) // one_in + 1):
        broken[numbers.randrange(len(broken))] = numbers.randrange(256)
    return bytes(broken)


def _patched(octets: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """`value` in the place `offset` octets after the first `mark`."""
    at = octets.index(mark) + len(mark) + offset
    return octets[:at] + value + octets[at + len(value) :]


def lying_mkv(mkv: bytes, seconds: float) -> bytes:
    """Its Duration element (RFC 9559 section 5.1.2.10, in milliseconds) claims `seconds`."""
    return _patched(mkv, b"\x44\x89\x88", 0, struct.pack(">d", seconds * 1000))


def lying_flv(flv: bytes, seconds: float) -> bytes:
    """Its onMetaData claims `seconds`."""
    return _patched(flv, b"duration\0", 0, struct.pack(">d", seconds))


def lying_wmv(wmv: bytes, seconds: int) -> bytes:
    """Its file properties (ASF section 3.2) claim `seconds` to play and to send, in units of 100 ns."""
    properties = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
    return _patched(wmv, properties, 48, struct.pack("<QQ", seconds * 10**7, seconds * 10**7))


def lying_avi(avi: bytes, share: int) -> bytes:
    """Its headers claim one in `share` of its frames."""
    (frames,) = struct.unpack_from("<I", avi, avi.index(b"avih") + 24)
    claimed = struct.pack("<I", frames // share)
    return _patched(_patched(avi, b"avih", 20, claimed), b"strh", 36, claimed)


def lying_movie_header(mp4: bytes, seconds: int) -> bytes:
    """Its mvhd box alone claims `seconds`."""
    (scale,) = struct.unpack_from(">I", mp4, mp4.index(b"mvhd") + 16)
    return _patched(mp4, b"mvhd", 16, struct.pack(">I", seconds * scale))


def lists_all_lying(mp4: bytes, seconds: int) -> bytes:
    """Header and edit list agree on `seconds`: what lies beyond is there and not played."""
    lying = bytearray(lying_header(mp4, seconds))
    at = lying.index(b"elst")
    struct.pack_into(">I", lying, at + 12, seconds * 1000)
    return bytes(lying)


def cut_by_edit_list(seconds: int, before: int) -> bytes:
    """What a cut without encoding leaves: it begins at the key frame before, and an edit list skips to the cut."""
    return remuxed(video(seconds + before), "mp4", start=before, piped=False)


def nested_boxes(depth: int = 20_000) -> bytes:
    """An mp4 of boxes inside boxes."""
    sizes = range(8 * depth, 0, -8)
    names = (b"trak", b"moov")
    nested = b"".join(struct.pack(">I4s", size, names[(size // 8) % 2]) for size in sizes)
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41") + nested


@cache
def fading_gif(frames: int = 10) -> bytes:
    """A picture that moves, and no video."""
    first, *others = (picture(160, 120, seed) for seed in range(frames))
    return saved(first, "GIF", save_all=True, append_images=others, duration=200)


def heic(turned: int = 0) -> bytes:
    """A HEIC of 96 x 64 pixels, taken on 2024-05-28 at 10:11:12; `turned` by so many quarters against the clock.

    pi-heif only reads: these octets were made once, with libheif, from `picture(96, 64, 3)`.
    """
    if not turned:
        return _HEIC
    # ISO/IEC 23008-12 section 6.5.10; in the place of "pixi", which says what everybody assumes.
    return _patched(_HEIC.replace(b"pixi", b"irot"), b"irot", 0, bytes([turned]))


def pair_heic() -> bytes:
    """A HEIC of two pictures of 480 x 320 pixels, as telephones keep several of one moment; made like `heic`."""
    return _PAIR_HEIC


def heic_bomb(side: int = 60_000) -> bytes:
    """A HEIC of 650 octets that claims `side` times `side` pixels (the "ispe" property)."""
    return _patched(_HEIC, b"ispe", 4, struct.pack(">II", side, side))


_HEIC = base64.b64decode(
    b"AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAYBtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAA"
    b"AAAAABAAAANGlsb2MAAAAAREAAAgABAAAAAAGkAAEAAAAAAAAAlgACAAAAAAI6AAEAAAAAAAAAUAAAADhpaW5mAAAAAAACAAAAFWluZmUCAAAA"
    b"AAEAAGh2YzEAAAAAFWluZmUCAAABAAIAAEV4aWYAAAAAv2lwcnAAAAChaXBjbwAAAHVodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGE"
    b"ABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQAoQgEBA3AAAAMAkAAAAwAAAwAeoDCBBZbqSSmubAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAA"
    b"ABRpc3BlAAAAAAAAAGAAAABAAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAoMAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQ"
    b"AAAO5tZGF0AAAAkigBr1j5K1h/zZwZm3GlpHGC73yoq8UWinuAMfvgV3bXQMQF/RY3NoI2yHHkEu7J1y8nuBDH7Sm3OjuUcc/N6FiN/kdbDzd0"
    b"k87tRfKxLxQevKVxbtLvsN6PggvjLPH4vYPQhD6SdyiT+qeqkqjgv1GB8h/Z0nP3fEGawgeDcDAJQNPVxr8+khc9ErA3FvxzTG3dAAAAAE1NAC"
    b"oAAAAIAAIBEgADAAAAAQABAACHaQAEAAAAAQAAACYAAAAAAAGQAwACAAAAFAAAADgAAAAAMjAyNDowNToyOCAxMDoxMToxMgA="
)

_PAIR_HEIC = base64.b64decode(
    b"AAAAKGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZm1pZjFoZWljbWlhZgAAAg1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAA"
    b"AAAAAAAA5waXRtAAAAAAABAAAANGlsb2MAAAAAREAAAgABAAAAAAI9AAEAAAAAAAAAdAACAAAAAAKxAAEAAAAAAAAAcwAAADhpaW5mAAAAAAAC"
    b"AAAAFWluZmUCAAAAAAEAAGh2YzEAAAAAFWluZmUCAAAAAAIAAGh2YzEAAAABZmlwcnAAAAFCaXBjbwAAAHlodmNDAQNwAAAAAAAAAAAAP/AA/P"
    b"34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAP7oCQCEAAQAsQgEBA3AAAAMAkAAAAwAAAwA/oA8IBQWW6kkprm4EBAwIAAADAAgAAAMA"
    b"CEAiAAEAB0QBwXKwYkAAAAAUaXNwZQAAAAAAAAHgAAABQAAAABBwaXhpAAAAAAMICAgAAAB5aHZjQwEDcAAAAAAAAAAAAD/wAPz9+PgAAA8DIA"
    b"ABABhAAQwB//8DcAAAAwCQAAADAAADAD+6AkAhAAEALEIBAQNwAAADAJAAAAMAAAMAP6APCAUFlupJKa5uBAQMCAAAAwAIAAADAAhAIgABAAdE"
    b"AcFysGJAAAAAFGlzcGUAAAAAAAAB4AAAAUAAAAAQcGl4aQAAAAADCAgIAAAAHGlwbWEAAAAAAAAAAgABA4ECgwACA4QFhgAAAO9tZGF0AAAAcC"
    b"gBrwSSlvGtYPyFK1xryRt8nWYoiSTSTPYgR2uHCSwKiKcNTKkwKdB+h946EGKoAAATsKPHofE3jpAAw14b8AqUFNUFcCiiDUienaLjW5lIt5AE"
    b"NSZ6O14aJBx8EujEDrqOPG7Wt/l4AAADAAADAvoAAABvKAGvBJKWto1g/IUrOwvI/7ya3ijB3QIzZCBjDMcHVKNdAWNvx5qQWK26ABe3VgBdDi"
    b"VChDhLo8eeEplZzsPeFoAAAAMAAGTAnqP6UPQZKjwB4hWfBOVbl494j6jhTCAhPoEU24ZAAAADAAADACrg"
)
