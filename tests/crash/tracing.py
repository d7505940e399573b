"""strace on a run: what it calls, and SIGKILL at the n-th call of one name.

`when=` counts per name and per tracee, so one name is swept at a time: an expression with several kills at
whichever comes to its n-th call first, and skips the rest. The signal arrives before the call is carried out.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.warm import Ended, Run

_LINE = re.compile(r"(\w+)\((.*)")


@dataclass(frozen=True)
class Call:
    """One system call of a trace: its name, the how-manieth of that name (from 1), its arguments as strace shows."""

    name: str
    ordinal: int
    words: str


def calls(trace: Path) -> Iterator[Call]:
    """The calls in the order they were begun."""
    seen: dict[str, int] = {}
    with trace.open(errors="replace") as lines:
        for line in lines:
            if found := _LINE.match(line):
                name, words = found[1], found[2].rstrip()
                seen[name] = seen.get(name, 0) + 1
                yield Call(name, seen[name], words)


def traced(run: Run, trace: Path) -> Ended:
    """Let a held run go and note every call of its main thread."""
    with _attached(run, trace, []):
        run.go()
        return run.wait()


def killed(run: Run, trace: Path, name: str, ordinal: int) -> tuple[Ended, Call | None]:
    """Let a held run go with SIGKILL at one call; how it ended, and the call at which it was killed."""
    with _attached(run, trace, inject(name, ordinal)):
        run.go()
        ended = run.wait()
    last = list(calls(trace))[-1:]
    hit = last[0] if ended.killed and last and last[0].ordinal == ordinal else None
    return ended, hit


def inject(name: str, ordinal: int) -> list[str]:
    """Words for strace: only this call, and SIGKILL at its n-th time."""
    return ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={ordinal}"]


@contextmanager
def _attached(run: Run, trace: Path, expressions: list[str]) -> Iterator[None]:
    command = ["strace", "-y", "-s", "64", "-o", str(trace), *expressions, "-p", str(run.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr
        said = strace.stderr.readline()
        if "attached" not in said:
            run.go()
            raise RuntimeError(f"strace: {said}{strace.stderr.read()}")
        yield
        strace.stderr.read()
