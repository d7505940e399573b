"""The heartbeat: a small file beside the blobs that says, from outside the database, that the service works."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from intake.adapters.pulse import PULSE

NAME = "heartbeat"
LEFT_SECONDS = 600
"""After which a temporary file is one that a killed process left."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says, as JSON. `by` is "serve" or "poll"; `silent_seconds` since the last sign of life of a job.

    `ok`: the last poll went well and no alarm stands; None before the first poll of this process.
    """

    time: datetime
    pid: int
    by: str
    ok: bool | None
    last_poll_at: datetime | None
    last_poll_error: str | None
    next_poll_at: datetime | None
    alarms: tuple[str, ...]
    silent_seconds: int


@dataclass(frozen=True, slots=True)
class Signs:
    """What a process knows of its own work: its last poll, and the alarms that stood when it last looked."""

    last_poll_at: datetime | None = None
    last_poll_error: str | None = None
    alarms: tuple[str, ...] = ()

    @property
    def well(self) -> bool | None:
        return None if self.last_poll_at is None else self.last_poll_error is None and not self.alarms


def beat(folder: Path, signs: Signs, now: datetime, by: str, next_poll_at: datetime | None = None) -> None:
    """Write the heartbeat, times in the zone of `now`. OSError when the disk does not take it."""
    told = Heartbeat(
        time=now,
        pid=os.getpid(),
        by=by,
        ok=signs.well,
        last_poll_at=signs.last_poll_at and signs.last_poll_at.astimezone(now.tzinfo),
        last_poll_error=signs.last_poll_error,
        next_poll_at=next_poll_at and next_poll_at.astimezone(now.tzinfo),
        alarms=signs.alarms,
        silent_seconds=round(PULSE.silence()),
    )
    write(folder, told)


def write(folder: Path, beat: Heartbeat) -> None:
    """Put the file in the place of the last one, whole. OSError when the disk does not take it."""
    folder.mkdir(parents=True, exist_ok=True)
    mine = f".{NAME}.{socket.gethostname()}.{os.getpid()}"  # for a moment two processes may lead
    for left in folder.glob(f".{NAME}.*"):
        if left.name != mine and abs(time.time() - left.stat().st_mtime) > LEFT_SECONDS:
            left.unlink(missing_ok=True)
    temporary = folder / mine
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(beat)) + b"\n")
    temporary.replace(folder / NAME)


def read(folder: Path) -> Heartbeat | None:
    """The last heartbeat; None when there is none. OSError or ValueError when it cannot be read."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=Heartbeat)
    except FileNotFoundError:
        return None
