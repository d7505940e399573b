"""Starts one child process per foreign file, hears it out until its time is over, and leaves nothing behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import intake
from intake.adapters.pulse import PULSE
from intake.adapters.sandbox.confinement import Limits

_START: Final = "import sys; sys.path[:] = sys.argv[1].split('\\n'); from {} import main; main(*sys.argv[2:])"

# Isolated, without site.py; and without writing bytecode, which the child's file size limit would cut short.
_FLAGS: Final = ("-I", "-S", "-B")
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8"}


class OutOfTime(Exception):
    """The child was not done when its wall clock ran out."""


class Child:
    """A child at work. After the block of `started` it has ended: `status` (negative: the signal) and `complaint`."""

    def __init__(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        self._process = process
        self._deadline = deadline
        self._poll = select.poll()
        assert process.stdout is not None
        self._pipe = process.stdout.fileno()
        self._poll.register(self._pipe, select.POLLIN)
        self.complaint = ""

    @property
    def status(self) -> int:
        """The exit status; only after the end."""
        return int(self._process.returncode)

    @property
    def overran(self) -> bool:
        """Whether the limit of processor time has ended the child."""
        return self.status == -signal.SIGXCPU

    def read(self, most: int = 1 << 16) -> bytes:
        """What the child has written, at least one octet; none at its end. Raises OutOfTime."""
        PULSE.beat()
        left = self._deadline - time.monotonic()
        if left <= 0 or not self._poll.poll(left * 1000):
            raise OutOfTime
        chunk = os.read(self._pipe, most)
        if not chunk:
            self._outlive()
        return chunk

    def _outlive(self) -> None:
        """Wait for a child that has closed its pipe and may still be there."""
        try:
            self._process.wait(max(1.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise OutOfTime from error


@contextmanager
def started(worker: str, file: IO[bytes], arguments: Iterable[object], limits: Limits) -> Iterator[Child]:
    """A child on an open file, with nothing of ours but the file and a pipe: `main` of the module `worker`.

    `main` gets the arguments, then the limits, all as text. Raises OSError when the system gives no process.
    """
    deadline = time.monotonic() + limits.wall_seconds
    with tempfile.TemporaryDirectory(prefix="intake-") as empty, tempfile.TemporaryFile() as complaints:
        words = [_search_path(), *map(str, arguments), *map(str, limits)]
        with subprocess.Popen(  # noqa: S603  (our own interpreter; no shell reads the arguments)
            [sys.executable, *_FLAGS, "-c", _START.format(worker), *words],
            stdin=file, stdout=subprocess.PIPE, stderr=complaints, cwd=empty, env=_ENVIRONMENT, start_new_session=True,
        ) as process:  # fmt: skip
            child = Child(process, deadline)
            try:
                yield child
            finally:
                _end_session(process)
        child.complaint = _tail(complaints)


def _search_path() -> str:
    """Where the child finds the same modules as we do, without running site.py and its .pth files again."""
    here = Path(intake.__file__).parent.parent
    return "\n".join([str(here), *(entry for entry in sys.path if entry)])


def _end_session(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _tail(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = complaints.read(1 << 16).decode("utf-8", "replace").split("\n")
    return next((line.strip()[:120] for line in reversed(lines) if line.strip()), "")
