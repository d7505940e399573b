"""Debian's strace, which makes one system call of a process fail as it would on a broken or full disk.

`when=N` counts calls of one name, so the number of the call that is meant is read from the log of a run in which
nothing fails; every injection is looked up in the log afterwards, that it hit what was meant.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

_CALL = re.compile(r"(\w+)\((.*)")
_SPACING = {"openat", "write", "fsync", "fdatasync", "rename", "mkdir", "pwrite64", "read", "pread64", "unlink"}


@dataclass(frozen=True)
class Target:
    """A call of that name whose arguments match `about`; of several the one numbered `which` (-1: the last).

    With `after`, only those count that come after a call which matches it.
    """

    name: str
    about: str
    which: int = 0
    after: str | None = None

    def number(self, log: Path) -> int:
        """Which of all calls of its name it is, counted from 1."""
        counts: Counter[str] = Counter()
        found, armed = [], self.after is None
        for name, about in calls(log):
            counts[name] += 1
            if armed and name == self.name and re.search(self.about, about):
                found.append(counts[name])
            armed = armed or bool(self.after and re.search(self.after, f"{name}({about}"))
        assert found, f"no call like {self} in {log}"
        return found[self.which]


def calls(log: Path) -> list[tuple[str, str]]:
    """Name and the rest of every call in a log."""
    lines = (_CALL.match(line) for line in log.read_text(errors="replace").splitlines())
    return [(found[1], found[2]) for found in lines if found]


@lru_cache(1)
def missing() -> str | None:
    """Why no call can be made to fail here; None when it can."""
    if not shutil.which("strace"):
        return "NO STRACE: install it, nothing about disks that fail in the middle is tested without it"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"STRACE MAY NOT TRACE HERE: {tried.stderr.strip()[-200:]}" if tried.returncode else None


def require() -> None:
    """Skip the test loudly, or let it fail where servers are a must."""
    why = missing()
    if why and os.environ.get("INTAKE_REQUIRE_SERVERS") == "1":
        pytest.fail(why)
    if why:
        pytest.skip(why)


def run(
    command: Sequence[str], environment: Mapping[str, str], log: Path, inject: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command with its calls in a log: the first process only, its children run as they are."""
    fault = ["-e", f"inject={inject}"] if inject else []
    traced = ["strace", "-y", "-o", str(log), "-e", f"trace={','.join(sorted(_SPACING))}", *fault, *command]
    return subprocess.run(traced, env=dict(environment), capture_output=True, text=True, timeout=120, check=False)
