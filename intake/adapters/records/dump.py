"""A copy of the database as it is at one moment, while others go on writing.

SQLite: VACUUM INTO, a snapshot without the write-ahead log; copying the file itself would leave out what stands only in
that log. PostgreSQL: its own pg_dump, which takes a snapshot as well and is the tool whose copies can be restored.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from intake.ports import Deferred

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps what belongs to one version of PostgreSQL."""


def suffix(url: URL) -> str:
    """What the copies of such a database end in."""
    return ".db" if url.get_backend_name() == "sqlite" else ".dump"


def dump(url: URL, target: Path) -> None:
    """Write a copy to a file that is not there yet, readable by its owner only. Deferred when that does not succeed."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if url.get_backend_name() == "sqlite":
        _vacuum(Path(url.database or ""), target)
    else:
        _pg_dump(url, target)


def _vacuum(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source, isolation_level=None, timeout=30)) as database:
            database.execute("VACUUM INTO ?", (str(target),))
        with closing(sqlite3.connect(target)) as copy:
            (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise Deferred(f"the database {source} cannot be copied: {error}") from error
    if verdict != "ok":
        raise Deferred(f"the copy of {source} is not sound: {verdict}")


def _pg_dump(url: URL, target: Path) -> None:
    program = shutil.which("pg_dump") or _of_debian()
    if program is None:
        raise Deferred("pg_dump is not installed: it comes with Debian's postgresql-client, of the server's version")
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [program, "--format=custom", "--no-password", f"--file={target}", f"--dbname={plain}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (no shell, no foreign words)
    if done.returncode:
        raise Deferred(f"pg_dump: {done.stderr.strip()[-500:]}")


def _of_debian() -> str | None:
    """The newest: a pg_dump reads servers of its own version and of older ones."""
    found = [each for each in DEBIAN.glob("*/bin/pg_dump") if each.parent.parent.name.isdigit()]
    return str(max(found, key=lambda each: int(each.parent.parent.name))) if found else None
