"""A private PostgreSQL in a temporary folder, with a database for whoever asks: one role, no password, loopback only.

PostgreSQL refuses to run as root. Started by root it runs as nobody, started by anybody else as that user. It does not
wait for the disk: what is tested is what it promises while it runs.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.servers.ports import free_ports

HOST = "127.0.0.1"
ROLE = "intake"
_BINARIES = Path("/usr/lib/postgresql")
_SETTINGS = {
    "listen_addresses": HOST,
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "deadlock_timeout": "200ms",
    "autovacuum": "off",
}


def binaries() -> Path | None:
    """The folder of Debian's newest PostgreSQL, or of the one on the path; None when there is none."""
    versions = (found for found in _BINARIES.glob("*/bin") if (found / "postgres").exists())
    newest = max(versions, key=lambda found: int(re.sub(r"\D", "", found.parent.name) or 0), default=None)
    on_path = shutil.which("postgres")
    return newest or (Path(on_path).parent if on_path else None)


@dataclass
class Postgres:
    """A running server."""

    root: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """As storage.database wants it."""
        return f"postgresql+psycopg://{ROLE}@{HOST}:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """A new database, empty or a copy of another; its name."""
        name = f"d{uuid.uuid4().hex[:12]}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement, outside of a transaction; its rows."""
        with psycopg.connect(host=HOST, port=self.port, user=ROLE, dbname=database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        found = binaries()
        assert found is not None
        settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(self.port)}).items()]
        command = [str(found / "postgres"), "-D", str(self.root / "data"), *settings]
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, f"--unix_socket_directories={self.root}"], stdout=log, stderr=log, **_as_nobody()
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"postgres did not start: {(self.root / 'log').read_text()}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT in order, SIGQUIT as a crash does."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start one, in about two seconds; stop it and remove its folder afterwards."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Postgres(Path(folder), free_ports(1)[0])
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        found = binaries()
        assert found is not None
        made = [str(found / "initdb"), "-D", f"{folder}/data", "-U", ROLE, "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*made, "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, cwd=folder, **_as_nobody()
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _as_nobody() -> dict[str, Any]:
    """Arguments for subprocess that change the user, which only root may and must."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
