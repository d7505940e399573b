"""One system call of a real `poll` fails, as on a disk that is full or breaks: nothing is lost, nothing is answered
twice, no temporary file stays, and the next poll goes through.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import World, address, mail, report
from tests.servers import strace
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink, running_sink
from tests.servers.strace import Target

pytestmark = pytest.mark.server

MAIL = mail("370826", {"微山县总结报告.docx": report("微山县")})
TEMPORARY = "/blobs/tmp/"
SHARD = r"/blobs/[0-9a-f]{2}"
STORED = rf'rename\(".*{TEMPORARY}'
"""The mail, or one of its files, has its name."""
WAL = "intake.db-wal>"

FAULTS = [
    ("the temporary file of a mail", Target("openat", rf"{TEMPORARY}.*O_EXCL"), ("EMFILE",)),
    ("the octets of a mail", Target("write", TEMPORARY), ("EDQUOT",)),
    ("making a mail durable", Target("fsync", TEMPORARY), ("EIO",)),
    ("a new folder", Target("mkdir", SHARD), ("ENOSPC",)),
    ("making a new folder durable", Target("fsync", "/blobs>", after=TEMPORARY), ("EIO",)),
    ("the name of a mail", Target("rename", TEMPORARY), ("EROFS",)),
    ("making the name durable", Target("fsync", rf"{SHARD}>"), ("EIO",)),
    ("the mail, read again", Target("read", rf"{SHARD}/", after=STORED), ("EIO",)),
    ("the octets of a file in a mail", Target("write", TEMPORARY, which=-1), ("ENOSPC",)),
    ("the row of a mail", Target("pwrite64", WAL, after=STORED), ("ENOSPC",)),
    ("making the row durable", Target("fdatasync", WAL, after=STORED), ("EIO",)),
    ("the last row of all", Target("pwrite64", WAL, which=-1), ("EIO",)),
]
CASES = [pytest.param(target, error, id=f"{what}: {error}") for what, target, errors in FAULTS for error in errors]


@dataclass
class Site:
    """A world with one mail in its mailbox, and a place for the log of what is called."""

    world: World
    log: Path

    def polled(self, inject: str | None = None) -> subprocess.CompletedProcess[str]:
        return strace.run(self.world.command("poll"), self.world.environment, self.log, inject)

    @property
    def blobs(self) -> Path:
        return self.world.folder / "config/data/blobs"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.world.folder / "config/data/intake.db")) as database:
            return database.execute(query).fetchall()


@contextmanager
def a_site(folder: Path, dovecot: Dovecot, sink: SmtpSink) -> Iterator[Site]:
    world = World(folder, f"u{uuid.uuid4().hex[:12]}", dovecot, sink)
    world.configure()
    world.deliver(MAIL)
    yield Site(world, folder / "log")


@pytest.fixture
def site(tmp_path: Path, dovecot: Dovecot, sink: SmtpSink) -> Iterator[Site]:
    with a_site(tmp_path, dovecot, sink) as site:
        yield site


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Path:
    """The system calls of a poll that takes and answers one mail, and in which nothing fails."""
    strace.require()
    with running_sink() as sink, a_site(tmp_path_factory.mktemp("undisturbed"), dovecot, sink) as site:
        done = site.polled()
        assert done.returncode == 0, done.stderr
        assert len(site.world.letters(address("370826"))) == 1
        return site.log


@pytest.mark.parametrize(("target", "error"), CASES)
def test_a_disk_that_fails_costs_a_poll_and_nothing_else(
    target: Target, error: str, undisturbed: Path, site: Site
) -> None:
    inject = f"{target.name}:error={error}:when={target.number(undisturbed)}"
    done = site.polled(inject)
    hit = [about for _name, about in strace.calls(site.log) if "(INJECTED)" in about]
    assert len(hit) == 1, f"{inject} hit {hit}"
    assert re.search(target.about, hit[0]), f"{inject} hit {hit}"
    assert done.returncode == 75, f"{hit}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert not list(site.blobs.glob("tmp/*"))

    site.world.run("poll", now="2024-06-05T12:20:00+08:00")
    assert site.rows("SELECT state, disposition FROM mail") == [("decided", "ACCEPTED")]
    assert site.rows("SELECT state FROM letter WHERE mail_id IS NOT NULL") == [("sent",)]
    assert len(site.world.letters(address("370826"))) == 1
    assert not list(site.blobs.glob("tmp/*"))
    stored = [path for path in site.blobs.glob("??/*") if path.is_file()]
    assert len(stored) == 2
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in stored)
