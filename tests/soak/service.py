"""`run_intake.py serve` as a process that is killed and started again, and what memory it takes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.office import Office

MIB = 1 << 20


@dataclass
class Life:
    """One process: when it began (monotonic), and its resident memory in octets, a sample every so often."""

    began: float
    memory: list[int] = field(default_factory=list)


class Service:
    """Starts it; `kill` ends it without warning, `stop` as an operator would."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._log = (office.folder / "log").open("ab")
        self.lives: list[Life] = []
        self.process = self._started()

    @property
    def log(self) -> Path:
        return self._office.folder / "log"

    def sample(self) -> None:
        """Note how much memory it takes now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        self.lives[-1].memory.append(pages * os.sysconf("SC_PAGESIZE"))

    def kill_and_start(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._started()

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        self._log.close()
        return status

    def _started(self) -> subprocess.Popen[bytes]:
        self.lives.append(Life(time.monotonic()))
        command = self._office.world.command("serve", now=None)
        return subprocess.Popen(command, env=self._office.environment, stdout=self._log, stderr=self._log)
