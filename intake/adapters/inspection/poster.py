"""The poster of a video: one key frame from a tenth of its length, at least a second in, as a small JPEG."""

from __future__ import annotations

from itertools import islice
from typing import BinaryIO, Final

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from intake.adapters.inspection.outcome import Damaged, Note
from intake.adapters.inspection.thumbnail import LONG_SIDE, jpeg_of
from intake.adapters.inspection.video import opened
from intake.domain.material import Facts

_MAX_PIXELS: Final = 8192 * 4320
_PACKETS_TRIED: Final = 5_000


def preview(file: BinaryIO, _: str, facts: Facts) -> bytes:
    """A JPEG. Raises whatever broken files make libav raise; nobody depends on it."""
    with opened(file) as container:
        stream = next(filter(_is_moving, container.streams.video))
        _wind_to(container, max(1.0, (facts.seconds or 0) / 10))
        return _jpeg(_key_frame(container, stream))


def _is_moving(stream: VideoStream) -> bool:
    """Not a cover; and no larger than the address space can hold a few frames of."""
    context = stream.codec_context
    if context is None or stream.disposition & Disposition.attached_pic:
        return False
    return context.width * context.height <= _MAX_PIXELS


def _wind_to(container: InputContainer, seconds: float) -> None:
    try:
        container.seek((container.start_time or 0) + int(seconds * av.time_base), backward=True)
    except FFmpegError:
        return  # what cannot be wound is looked at from where it stands


def _key_frame(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """The first key packet that decodes, without waiting for the frames that may be shown before it."""
    stream.thread_type = "NONE"
    stream.codec_context.skip_frame = "NONKEY"
    for packet in islice(container.demux(stream), _PACKETS_TRIED):
        if not packet.is_keyframe:
            continue
        for frame in (*packet.decode(), *stream.codec_context.decode(None)):
            return frame
        stream.codec_context.flush_buffers()
    raise Damaged(Note.UNREADABLE)


def _jpeg(frame: VideoFrame) -> bytes:
    """Reduced before it becomes a picture: a frame of 4K takes 25 MB as RGB."""
    share = min(1.0, LONG_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * share)) for side in (frame.width, frame.height))
    picture: Image.Image = frame.reformat(width, height, format="rgb24").to_image()  # type: ignore[no-untyped-call]
    return jpeg_of(picture.rotate(frame.rotation, expand=True))
