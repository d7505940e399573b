"""A process that has imported everything and forks one that runs `run_intake.py`, as often as it is asked.

Importing costs a second, which would be most of a poll. multiprocessing's forkserver hides how a child ended
and imports the caller's main module again in every child, hence our own: `python -m tests.crash.warm` reads one
order per line and answers each with one line, both JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import compiled
from tests.crash.processes import adopt, allow_tracing, orphans

PROJECT = Path(__file__).resolve().parents[2]
GO = signal.SIGUSR1
LONGEST = 300.0
"""Seconds that a run may take: it has deadlines of its own, and a test must end."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status, negative for a signal, and all that it printed."""

    status: int
    output: str

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL


@dataclass(frozen=True)
class Run:
    """A run that was started. A held one waits for `go` before its first step."""

    warm: Warm
    pid: int
    output: Path

    def go(self) -> None:
        os.kill(self.pid, GO)

    def wait(self) -> Ended:
        status = self.warm.ask({"wait": self.pid})
        return Ended(status, self.output.read_text(errors="replace"))


class Warm:
    """The harness's side of the pipe."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], LONGEST)[0]:
            self._process.kill()
            raise TimeoutError(f"no answer within {LONGEST} s to {order}")
        return json.loads(self._process.stdout.readline())

    def start(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        output: Path,
        *,
        errors: Path | None = None,
        held: bool = False,
        changed: Sequence[str] = (),
    ) -> Run:
        """Start `run_intake.py WORDS`; `changed` names functions ("module:function") that are called before it.

        What it says goes to `output`, and its complaints too when there are no `errors`.
        """
        order = {"words": list(words), "environment": dict(environment), "output": str(output), "held": held}
        order["errors"] = str(errors or output)
        return Run(self, self.ask({**order, "changed": list(changed)}), output)

    def orphans(self) -> list[str]:
        """Command lines of processes that runs have left behind."""
        left: list[str] = self.ask({"orphans": True})
        return left

    def learn(self, run: Run) -> Ended:
        """Wait for a run, and import here what it has imported."""
        ended = run.wait()
        modules = run.output.with_suffix(".modules")
        self.ask({"import": modules.read_text().split() if modules.exists() else []})
        return ended


@contextmanager
def warmed() -> Iterator[Warm]:
    """Start the process; it ends with the block."""
    command = [sys.executable, "-m", "tests.crash.warm"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Warm(process)
        assert process.stdin
        process.stdin.close()


def main() -> None:
    """Obey orders until there are no more."""
    importlib.import_module("intake.entry.cli")
    compiled.keep()
    compiled.everything()
    adopt()
    signal.pthread_sigmask(signal.SIG_BLOCK, {GO})
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    while line := sys.stdin.readline():
        print(json.dumps(_obeyed(json.loads(line))), file=answers)


def _obeyed(order: Mapping[str, Any]) -> Any:
    if "orphans" in order:
        return orphans(but=set())
    if "wait" in order:
        return os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
    if "import" in order:
        for name in order["import"]:
            with suppress(ImportError):
                importlib.import_module(name)
        return 0
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _run(order, tell)
    os.close(tell)
    os.read(ready, 1)
    os.close(ready)
    return pid


def _run(order: Mapping[str, Any], tell: int) -> None:
    """In the child: become run_intake.py, and never return. `tell` is closed when nothing is left but to begin."""
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    empty = os.open(os.devnull, os.O_RDONLY)
    apart = order["errors"] != order["output"]
    errors = os.open(order["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if apart else output
    for source, target in ((empty, 0), (output, 1), (errors, 2)):
        os.dup2(source, target)
    os.closerange(3, tell)
    os.closerange(tell + 1, 256)
    os.environ.clear()
    os.environ.update(order["environment"])
    tempfile.tempdir = None
    allow_tracing()
    os.close(tell)
    if order["held"]:
        signal.sigwait({GO})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {GO})
    os._exit(_status(order))


def _status(order: Mapping[str, Any]) -> int:
    sys.argv = ["run_intake.py", *order["words"]]
    try:
        for change in order["changed"]:
            module, _, function = change.partition(":")
            getattr(importlib.import_module(module), function)()
        runpy.run_path(str(PROJECT / "run_intake.py"), run_name="__main__")
    except SystemExit as stop:
        Path(order["output"]).with_suffix(".modules").write_text("\n".join(sys.modules))
        return int(stop.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
