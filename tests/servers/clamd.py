"""A private clamd in a temporary folder, with signatures made by hand: no freshclam, no gigabyte of others' signatures.

Started by root it runs as nobody, started by anybody else as that user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.ports import free_ports

MARKER = b"INTAKE-TEST-MALWARE-MARKER"
"""What the hand-made signature finds, at any place of any file."""
NAME = "Test.IntakeMarker"
STREAM_LIMIT = 4 << 20
"""Octets of one file that this clamd takes."""

_CONF = """
DatabaseDirectory {root}/db
TemporaryDirectory {root}/tmp
LocalSocket {root}/clamd.sock
TCPSocket {port}
TCPAddr 127.0.0.1
LogFile {root}/clamd.log
Foreground yes
User {user}
StreamMaxLength {stream}
MaxFileSize {limit}
MaxScanSize 16M
MaxRecursion {recursion}
MaxThreads 2
AlertExceedsMax {alerts}
AlertEncrypted yes
ReadTimeout 30
CommandReadTimeout 10
SelfCheck 0
"""


def installed() -> str | None:
    return shutil.which("clamd", path="/usr/sbin:/usr/bin")


@dataclass
class ClamdServer:
    """`socket` and `port` are where it listens while it runs."""

    root: Path
    port: int
    user: str
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        return self.root / "clamd.sock"

    def configure(self, *, alerts: bool, stream: int = STREAM_LIMIT, recursion: int = 8) -> None:
        """What it reads when it starts."""
        conf = _CONF.format(
            root=self.root, port=self.port, user=self.user, limit=STREAM_LIMIT, stream=stream, recursion=recursion,
            alerts="yes" if alerts else "no",
        )  # fmt: skip
        (self.root / "clamd.conf").write_text(conf)

    def start(self) -> None:
        """Start it and wait until it answers; with these few signatures that is a second."""
        account = pwd.getpwnam(self.user)
        program = installed()
        assert program is not None
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        with (self.root / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [program, "-c", str(self.root / "clamd.conf")], stdout=output, stderr=output, **as_user
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"clamd did not start: {(self.root / 'output').read_text(errors='replace')}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.socket))
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; with SIGKILL its socket stays behind, as after a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None
        if how is signal.SIGTERM:
            self.socket.unlink(missing_ok=True)


@contextmanager
def running_clamd(*, alerts: bool = True, stream: int = STREAM_LIMIT, recursion: int = 8) -> Iterator[ClamdServer]:
    """Serve until the block ends. Without `alerts` it says OK to what is past its limits, as it does by default."""
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder:
        root = Path(folder)
        server = ClamdServer(root, free_ports(1)[0], user)
        (root / "db").mkdir()
        (root / "tmp").mkdir()
        (root / "db/local.ndb").write_text(f"{NAME}:0:*:{MARKER.hex()}\n")
        server.configure(alerts=alerts, stream=stream, recursion=recursion)
        account = pwd.getpwnam(user)
        for path in (root, *root.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
        server.start()
        try:
            yield server
        finally:
            server.stop()
