"""The parent of the children that measure: starts one per file, hears it out, believes only what fits the schema.

A file that kills, stalls or misleads its child is UNMEASURED, which a person then looks at. That no child can be
started, or that it fails before it has read anything, is no file's fault: Deferred.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Annotated, Final, NamedTuple

import msgspec

import intake
from intake.adapters.inspection.confinement import Limits, limits_for
from intake.adapters.inspection.formats import FORMATS, UNKNOWN
from intake.adapters.inspection.outcome import Note
from intake.adapters.inspection.text import BEGINNING, END
from intake.domain.material import Condition, Facts
from intake.ports import Deferred

_ANSWER_CAP: Final = 1 << 20
_WORKER: Final = "intake.adapters.inspection.worker"
_START: Final = f"import sys; sys.path[:] = sys.argv[1].split('\\n'); from {_WORKER} import main; main(*sys.argv[2:])"

# Isolated, without site.py; and without writing bytecode, which the child's file size limit would cut short.
_FLAGS: Final = ("-I", "-S", "-B")
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8"}

_Positive = Annotated[float, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    """The last line of the child's answer: nothing else is believed."""

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


class _End(NamedTuple):
    """How a child ended: its lines, its exit status (negative: the signal), why we stopped it, its last complaint."""

    lines: list[bytes]
    status: int
    stopped: Note | None
    complaint: str


class ChildInspector:
    """Implements ports.Inspector. Safe to call from several threads; each call has its own child."""

    def __init__(self, limits: Callable[[int], Limits] = limits_for) -> None:
        """`limits` answers the bounds for a file of so many octets."""
        self._limits = limits

    def __call__(self, path: Path, filename: str) -> Facts:
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size == 0:
                    return Facts(Condition.EMPTY)
                end = _run(file, filename, self._limits(size))
        except OSError as error:
            raise Deferred(f"inspection cannot start: {error}") from error
        return _facts(end)


def _run(file: IO[bytes], filename: str, limits: Limits) -> _End:
    """Start a child on an open file and hear it out, with nothing of ours but the file and a pipe."""
    deadline = time.monotonic() + limits.wall_seconds
    with tempfile.TemporaryDirectory(prefix="inspect-") as empty, tempfile.TemporaryFile() as complaints:
        command = [sys.executable, *_FLAGS, "-c", _START, _search_path(), _passable(filename), *map(str, limits)]
        with subprocess.Popen(  # noqa: S603  (our own interpreter; the file name is an argument, no shell reads it)
            command, stdin=file, stdout=subprocess.PIPE, stderr=complaints, cwd=empty, env=_ENVIRONMENT,
            start_new_session=True,
        ) as child:  # fmt: skip
            try:
                octets, stopped = _heard(child, deadline)
            finally:
                _end_session(child)
        return _End(octets.splitlines(), child.returncode, stopped, _tail(complaints))


def _search_path() -> str:
    """Where the child finds the same modules as we do, without running site.py and its .pth files again."""
    here = Path(intake.__file__).parent.parent
    return "\n".join([str(here), *(entry for entry in sys.path if entry)])


def _passable(filename: str) -> str:
    """The end of the name, where the ending is, without what an argument cannot hold."""
    return filename[-100:].encode("utf-8", "replace").decode().replace("\0", "")


def _heard(child: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, Note | None]:
    """All that the child writes until it ends, the deadline passes, or it says too much."""
    assert child.stdout is not None
    poll = select.poll()
    poll.register(child.stdout, select.POLLIN)
    octets = b""
    while len(octets) <= _ANSWER_CAP:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return octets, Note.OUT_OF_TIME
        chunk = os.read(child.stdout.fileno(), 1 << 16)
        if not chunk:
            return octets, _outlived(child, deadline)
        octets += chunk
    return octets, Note.CHILD_NONSENSE


def _outlived(child: subprocess.Popen[bytes], deadline: float) -> Note | None:
    """Whether a child that has closed its pipe is still there at the deadline."""
    try:
        child.wait(max(1.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return Note.OUT_OF_TIME
    return None


def _end_session(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def _tail(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = complaints.read(1 << 16).decode("utf-8", "replace").split("\n")
    return next((line.strip()[:120] for line in reversed(lines) if line.strip()), "")


def _facts(end: _End) -> Facts:
    """What the child's end means: Facts, or Deferred when the file had no part in it."""
    ready, *said = end.lines or [b""]
    if ready != b'"ready"' or end.status == os.EX_UNAVAILABLE:
        raise Deferred(f"inspection cannot start: exit {end.status} {end.complaint}")
    name = _format(said[0]) if said else UNKNOWN
    media_type, kind, _ = FORMATS[name]
    answer = _answer(said[1]) if len(said) > 1 and end.status == 0 and end.stopped is None else None
    measured = msgspec.structs.asdict(answer) if answer else {"condition": Condition.UNMEASURED, "note": _why(end)}
    return Facts(**measured, format=name, media_type=media_type, kind=kind)


def _format(line: bytes) -> str:
    try:
        name = json.loads(line)
    except ValueError:
        return UNKNOWN
    return name if isinstance(name, str) and name in FORMATS else UNKNOWN


def _answer(line: bytes) -> _Answer | None:
    try:
        return msgspec.json.decode(line, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _why(end: _End) -> str:
    if end.stopped is not None:
        return end.stopped
    if end.status == -signal.SIGXCPU:
        return Note.OUT_OF_TIME
    if end.status == 0:
        return Note.CHILD_NONSENSE
    return f"{Note.CHILD_DIED}: {end.status} {end.complaint}".strip()
