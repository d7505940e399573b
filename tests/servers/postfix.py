"""Postfix's smtp-sink: an SMTP server that is not ours, and that refuses or hangs up at the command it is told to."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ports import free_ports, wait_for


def installed() -> str | None:
    return shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")


@dataclass(frozen=True)
class PostfixSink:
    port: int
    dumps: Path

    @property
    def taken(self) -> int:
        """Letters that came whole, final dot included."""
        return len(list(self.dumps.iterdir()))


@contextmanager
def running_postfix_sink(*options: str) -> Iterator[PostfixSink]:
    """Serve until the block ends, with options as smtp-sink(1) has them."""
    program = installed()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="smtp-sink-") as folder:
        sink = PostfixSink(free_ports(1)[0], Path(folder))
        sink.dumps.chmod(0o777)
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [program, *user, *options, "-d", f"{folder}/letter.", f"127.0.0.1:{sink.port}", "10"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        try:
            assert wait_for(sink.port), "smtp-sink did not start"
            yield sink
        finally:
            process.terminate()
            process.communicate(timeout=10)
