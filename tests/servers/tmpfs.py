"""A small file system in memory, which can be filled, made read-only and enlarged. Only root may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BALLAST = "ballast"


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system at `place`."""

    place: Path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.place)], check=True)

    def fill(self, leaving: int = 0) -> None:
        """Take all octets but some."""
        state = os.statvfs(self.place)
        with (self.place / BALLAST).open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(1, state.f_bavail * state.f_frsize - leaving))

    def make_room(self) -> None:
        (self.place / BALLAST).unlink()


@contextmanager
def mounted(place: Path, options: str) -> Iterator[SmallDisk]:
    """Mount one for the length of the block; skip the test, loudly, where that is not allowed."""
    place.mkdir(parents=True)
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(place)], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"NO SMALL DISK: only root may mount one; nothing about real full disks is tested: {tried.stderr}")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)
