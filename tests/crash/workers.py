"""Kills on the other side: the zygote that children are born from, and the children that look at files.

Both are reached by the interpreter that a run starts its zygote with, which is a script of ours. A child has strace
attached to it as the first thing of its life, before it locks itself in.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.crash.processes import allow_tracing
from tests.crash.tracing import Call, calls, inject

ZYGOTE = """#!/bin/sh
exec strace -D -y -s 64 -o {folder}/child.$$ {inject} {python} "$@"
"""
WORKER = """#!/bin/sh
# Called as: -I -S -B -c START SEARCH-PATH WORKER
exec {python} "$1" "$2" "$3" -c 'import sys; sys.path[:] = sys.argv[1].split("\\n")
from tests.crash.workers import follow; follow(*sys.argv[2:])' "$6" "$7" {folder} {inject}
"""
SCRIPTS = {"zygote": ZYGOTE, "worker": WORKER}


class Trap:
    """`change` is done to a run before it begins; afterwards `calls` or `killed` tell what its children did."""

    change = "tests.crash.workers:set_trap"

    def __init__(self, role: str, folder: Path, name: str = "", ordinal: int = 0) -> None:
        """Without a name nothing is killed, and every call is noted."""
        self._folder = folder
        self._ordinal = ordinal
        script = folder / "python"
        words = {"folder": shlex.quote(str(folder)), "python": shlex.quote(sys.executable)}
        script.write_text(SCRIPTS[role].format(inject=shlex.join(inject(name, ordinal)) if name else "", **words))
        script.chmod(0o700)

    def calls(self) -> list[Call]:
        """The calls that any of the children made; the n-th of a name once."""
        found = {(call.name, call.ordinal): call for trace in self._traces() for call in calls(trace)}
        return list(found.values())

    def killed(self) -> tuple[Call, ...]:
        """The calls at which children were killed."""
        last = [list(calls(trace))[-1:] for trace in self._traces() if "killed by SIGKILL" in trace.read_text()]
        return tuple(call for each in last for call in each if call.ordinal == self._ordinal)

    def _traces(self) -> list[Path]:
        return sorted(self._folder.glob("child.*"))


def set_trap() -> None:
    """In the run: start zygotes with the interpreter that the trap wrote."""
    sys.executable = str(Path(os.environ["PLACE"]) / "python")


def follow(worker: str, folder: str, *expressions: str) -> None:
    """In the zygote: serve, and let strace follow every child from its birth."""
    from intake.adapters.sandbox import zygote

    live = zygote._live

    def followed(*arguments: Any) -> Any:
        allow_tracing()
        command = ["strace", "-y", "-s", "64", "-o", f"{folder}/child.{os.getpid()}", *expressions]
        strace = subprocess.Popen([*command, "-p", str(os.getpid())], stderr=subprocess.PIPE, start_new_session=True)
        assert strace.stderr
        assert b"attached" in strace.stderr.readline()
        return live(*arguments)

    zygote._live = followed
    os.environ["PATH"] = "/usr/bin:/bin"
    zygote.main(worker)
