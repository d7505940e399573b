"""Measures videos by running over their packets with PyAV, decoding none. No header is believed, for or against.

Of the candidates, ffprobe and mediainfo repeat what headers say (60 s for 300 s of packets, 3600 s for 60 s), and
mediainfo spent 43 s on a file of 224 octets. A length is SOUND only when three readings agree: the file holds all
that its outline promises, the packets account for the payload, and their clock runs steadily.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, Final

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from intake.adapters.inspection import avi
from intake.adapters.inspection.clock import Clock, Span
from intake.adapters.inspection.containers import Outline, outline, turned_tracks
from intake.adapters.inspection.outcome import Damaged, Note
from intake.domain.material import Condition, Facts

# Neither lists of other files (concat, hls) nor pictures and texts that pass for video; and no other file at all.
_OPTIONS: Final = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpegts,mpeg,mpegvideo",
    "protocol_whitelist": "none",
}
# PyAV 18 refuses titles in GBK unless told otherwise; PyAV 19 no longer has the word.
_METADATA: Final[dict[str, Any]] = {"metadata_errors": "surrogateescape"} if int(av.__version__[:2]) < 19 else {}
# PyAV 18 raises IndexError when a stream appears in the middle of a broken file.
_BROKEN: Final = (FFmpegError, IndexError, ValueError, OSError, OverflowError)

_BOXED: Final = frozenset({"mp4", "m4v", "mov", "3gp"})
_STREAMED: Final = frozenset({"ts", "mpg"})

# Octets around each packet, at least twice what was measured on ffmpeg's muxers (8, 8, 16-20, 25-30, 22-61, 2-13).
# Boxes have none: their payload is what mdat holds. Transport streams take 130-610, see _reached.
_OVERHEAD: Final = {"mkv": 20, "webm": 20, "flv": 40, "avi": 60, "wmv": 120, "mpg": 30}
_FIXED_OVERHEAD: Final = 16 << 10
_UNEXPLAINED_SHARE: Final = 0.10
_EXCESS_SHARE: Final = 0.05
_EDITED_SHARE: Final = 0.01

_BUDGET_SHARE: Final = 0.8
_PACKETS_PER_LOOK: Final = 1024


@dataclass
class _Scan:
    """What one run over the packets found. `reach`: the end of the furthest packet in the file, in octets."""

    codec: str | None = None
    size: tuple[int, int] | None = None
    clocks: dict[int, Clock] = field(default_factory=dict)
    sounds: set[int] = field(default_factory=set)
    packets: int = 0
    octets: int = 0
    reach: int = 0
    last_is_cut: bool = False
    stopped: Note | None = None

    @cached_property
    def span(self) -> Span | None:
        """The longest of the streams; steady when all of them are. Ask when the run is over."""
        spans = [span for clock in self.clocks.values() if (span := clock.span())]
        if not spans:
            return None
        return Span(max(span.seconds for span in spans), all(span.steady for span in spans))


def measure(file: BinaryIO, name: str) -> Facts:
    """Facts of a video: SOUND or UNMEASURED; raises Damaged when nothing can be opened."""
    shape = outline(file, name)
    turned = turned_tracks(file) if name in _BOXED else frozenset()
    try:
        shown = _scan(file, turned)
        edited = name in _BOXED and shown.octets < (1 - _EDITED_SHARE) * shape.payload
        whole = _scan(file, turned, ignore_editlist="1") if edited else shown
    except MemoryError:  # FFmpegError has one of its own, which is both
        raise
    except _BROKEN as error:
        raise Damaged(Note.UNREADABLE if shape.complete else Note.TRUNCATED) from error
    doubt = _doubt(shown, whole, shape, name)
    if doubt is None and name == "avi" and not avi.is_seamless(file):
        doubt = Note.PAYLOAD_UNEXPLAINED
    return _facts(shown, whole, file_octets=file.seek(0, 2), doubt=doubt)


def _facts(shown: _Scan, whole: _Scan, file_octets: int, doubt: Note | None) -> Facts:
    span, hidden = shown.span, whole.span
    seconds = span and round(span.seconds, 3)
    longer = span and hidden and hidden.seconds > span.seconds
    width, height = shown.size or (None, None)
    return Facts(
        Condition.UNMEASURED if doubt else Condition.SOUND,
        seconds=seconds,
        hidden_seconds=round(hidden.seconds, 3) if hidden and longer else None,
        coverage=round(shown.octets / file_octets, 3),
        codec=shown.codec,
        width=width,
        height=height,
        has_audio=not shown.sounds.isdisjoint(shown.clocks),
        note=doubt or "",
    )


def _doubt(shown: _Scan, scan: _Scan, shape: Outline, name: str) -> Note | None:
    """The first reason not to believe the measured length."""
    reasons = {
        Note.NO_VIDEO_STREAM: scan.codec is None,
        Note.TRUNCATED: not shape.complete or (scan.last_is_cut and name not in _STREAMED),
        Note.NO_TIMESTAMPS: shown.span is None or scan.span is None,
        Note.PAYLOAD_UNEXPLAINED: not (_reached(scan, shape) if name == "ts" else _accounted(scan, shape, name)),
        Note.CLOCK_JUMPS: scan.span is not None and not scan.span.steady,
    }
    return scan.stopped or next((note for note, applies in reasons.items() if applies), None)


def _accounted(scan: _Scan, shape: Outline, name: str) -> bool:
    """Whether the packets make up the payload, give or take what the container itself needs."""
    fixed = 0 if name in _BOXED else _FIXED_OVERHEAD
    overhead = fixed + scan.packets * _OVERHEAD.get(name, 0) + _UNEXPLAINED_SHARE * shape.payload
    excess = _FIXED_OVERHEAD + _EXCESS_SHARE * shape.payload
    return shape.payload - overhead <= scan.octets <= shape.payload + excess


def _reached(scan: _Scan, shape: Outline) -> bool:
    """A transport stream carries tables and stuffing at will; that the packets go on to its end must do."""
    return scan.reach >= (1 - _UNEXPLAINED_SHARE) * shape.payload - _FIXED_OVERHEAD


def opened(file: BinaryIO, **options: str) -> InputContainer:
    """The video from its beginning, in a container that keeps to this one file. Raises what libav and PyAV raise."""
    file.seek(0)
    container: InputContainer = av.open(file, options={**_OPTIONS, **options}, **_METADATA)
    return container


def _scan(file: BinaryIO, turned: frozenset[int], **options: str) -> _Scan:
    """Run over all packets of all streams once. Only opening may raise; what comes later stops the scan."""
    scan = _Scan()
    with opened(file, **options) as container:
        timed = set(_timed(container, scan, turned))
        try:
            _count_all(container, scan, timed)
        except _BROKEN:
            scan.stopped = Note.ENDS_EARLY
    return scan


def _timed(container: InputContainer, scan: _Scan, turned: frozenset[int]) -> Iterator[int]:
    """The indices of the streams whose clocks count: sound, and pictures that move (a cover does not)."""
    for stream in container.streams:
        # A stream of a codec that libav does not know has no context.
        if stream.type == "video" and not stream.disposition & Disposition.attached_pic:
            yield stream.index
            if isinstance(stream, VideoStream) and stream.codec_context is not None and scan.codec is None:
                scan.codec = stream.codec_context.name
                scan.size = _displayed(stream, turned)
        elif stream.type == "audio":
            scan.sounds.add(stream.index)
            yield stream.index


def _displayed(stream: VideoStream, turned: frozenset[int]) -> tuple[int, int]:
    size = (stream.codec_context.width, stream.codec_context.height)
    return size[::-1] if stream.id in turned else size


def _count_all(container: InputContainer, scan: _Scan, timed: set[int]) -> None:
    budget = _processor_budget()
    for packet in container.demux():
        if packet.size == 0:
            continue
        _count(packet, scan, timed)
        if scan.packets % _PACKETS_PER_LOOK == 0 and time.process_time() > budget:
            scan.stopped = Note.OUT_OF_TIME
            return


def _count(packet: av.Packet[Any], scan: _Scan, timed: set[int]) -> None:
    scan.packets += 1
    scan.octets += packet.size
    scan.last_is_cut = packet.is_corrupt
    scan.reach = max(scan.reach, (packet.pos or 0) + packet.size)
    if packet.stream_index in timed:
        tick = float(packet.time_base)
        clock = scan.clocks.setdefault(packet.stream_index, Clock())
        clock.add(_seconds(packet.pts, tick), _seconds(packet.dts, tick), (packet.duration or 0) * tick)


def _seconds(ticks: int | None, tick: float) -> float | None:
    return None if ticks is None else ticks * tick


def _processor_budget() -> float:
    """Seconds of processor after which a scan ends by itself, before the system ends the process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_CPU)
    return float("inf") if soft == resource.RLIM_INFINITY else soft * _BUDGET_SHARE
