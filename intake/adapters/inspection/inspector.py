"""The parent of the children that measure: starts one per file, hears it out, believes only what fits the schema.

A file that kills, stalls or misleads its child is UNMEASURED, which a person then looks at. That no child can be
started, or that it fails before it has read anything, is no file's fault: Deferred.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated, Final, NamedTuple

import msgspec

from intake.adapters.inspection.formats import FORMATS, UNKNOWN
from intake.adapters.inspection.outcome import PREVIEW, PREVIEW_OCTETS, Note
from intake.adapters.inspection.text import BEGINNING, END
from intake.adapters.sandbox.child import Child, OutOfTime, again_if_orphaned, started
from intake.adapters.sandbox.confinement import Limits, limits_for
from intake.adapters.sandbox.inside import BROKEN_INSTALLATION, READY
from intake.adapters.sandbox.nursery import nursery
from intake.domain.material import Condition, Facts
from intake.ports import Deferred

_ANSWER_CAP: Final = 1 << 20
_WORKER: Final = "intake.adapters.inspection.worker"

_Positive = Annotated[float, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    """The third line of the child's answer: nothing else is believed."""

    condition: Condition
    seconds: _Positive | None
    hidden_seconds: _Positive | None
    coverage: _Positive | None
    codec: Annotated[str, msgspec.Meta(max_length=64)] | None
    width: _Count | None
    height: _Count | None
    pages: _Count | None
    text_length: _Count | None
    text: Annotated[str, msgspec.Meta(max_length=BEGINNING + END + 1)]
    note: Annotated[str, msgspec.Meta(max_length=200)]
    scanned: bool
    macros: bool
    photos_inside: _Count
    taken_at: Annotated[str, msgspec.Meta(max_length=19)] | None
    has_audio: bool | None
    marked: bool


class _End(NamedTuple):
    """How a child ended: its lines, its exit status (negative: the signal), why we stopped it, its last complaint."""

    lines: list[bytes]
    status: int
    stopped: Note | None
    complaint: str


class ChildInspector:
    """Implements ports.Inspector. Safe to call from several threads; each call has its own child."""

    def __init__(self, limits: Callable[[int], Limits] = limits_for, *, previews: bool = False) -> None:
        """`limits` answers the bounds for a file of so many octets. With `previews`, pictures and videos get one."""
        self._limits = limits
        self._wish = PREVIEW if previews else ""

    def warm(self) -> None:
        """Soon there will be something to inspect: let a zygote load what that takes meanwhile."""
        with suppress(OSError):  # said when a child is wanted
            nursery(_WORKER).warm()

    def __call__(self, path: Path, filename: str) -> Facts:
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size == 0:
                    return Facts(Condition.EMPTY)
                words = [_passable(filename), self._wish]
                end = again_if_orphaned(lambda: _run(file, words, self._limits(size)))
        except OSError as error:
            raise Deferred(f"inspection cannot start: {error}") from error
        return _facts(end)


def _run(file: IO[bytes], words: Iterable[str], limits: Limits) -> _End:
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    with started(_WORKER, file, words, limits) as child:
        octets, stopped = _heard(child)
    why = Note.OUT_OF_TIME if child.overran else stopped
    return _End(octets.splitlines(), child.status, why, child.complaint)


def _passable(filename: str) -> str:
    """The end of the name, where the ending is, without what is no text."""
    return filename[-100:].encode("utf-8", "replace").decode()


def _heard(child: Child) -> tuple[bytes, Note | None]:
    """All that the child writes until it ends, its time is over, or it says too much."""
    octets = b""
    try:
        while chunk := child.read():
            octets += chunk
            if len(octets) > _ANSWER_CAP:
                return octets, Note.CHILD_NONSENSE
    except OutOfTime:
        return octets, Note.OUT_OF_TIME
    return octets, None


def _facts(end: _End) -> Facts:
    """What the child's end means: Facts, or Deferred when the file had no part in it."""
    ready, *said = end.lines or [b""]
    told = len(said) > 1
    if ready != json.dumps(READY).encode() or (end.status == BROKEN_INSTALLATION and not told):
        raise Deferred(f"inspection cannot start: exit {end.status} {end.complaint}")
    name = _format(said[0]) if said else UNKNOWN
    media_type, kind, _ = FORMATS[name]
    # Facts that were told whole stand, whatever came after them; only of a child that rants nothing is believed.
    answer = _answer(said[1]) if told and end.stopped is not Note.CHILD_NONSENSE else None
    if answer is None:
        return Facts(Condition.UNMEASURED, note=_why(end), format=name, media_type=media_type, kind=kind)
    preview = _preview(said[2]) if len(said) > 2 else None
    return Facts(**msgspec.structs.asdict(answer), format=name, media_type=media_type, kind=kind, preview=preview)


def _format(line: bytes) -> str:
    try:
        name = msgspec.json.decode(line, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return UNKNOWN
    return name if name in FORMATS else UNKNOWN


def _answer(line: bytes) -> _Answer | None:
    try:
        return msgspec.json.decode(line, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _preview(line: bytes) -> bytes | None:
    """The octets of what begins and ends as a JPEG and is as small as agreed. Nobody decodes it on this side."""
    try:
        octets = base64.b64decode(line.strip(b'"'), validate=True)
    except ValueError:
        return None
    framed = octets.startswith(b"\xff\xd8\xff") and octets.endswith(b"\xff\xd9")
    return octets if framed and len(octets) <= PREVIEW_OCTETS else None


def _why(end: _End) -> str:
    if end.stopped is not None:
        return end.stopped
    if end.status == 0:
        return Note.CHILD_NONSENSE
    return f"{Note.CHILD_DIED}: {end.status} {end.complaint}".strip()
