"""The service on a disk that is really full or read-only, or takes no more files: it waits, says why, and goes on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import UNITS, World, address, complete, mail, report
from tests.samples import archives
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink
from tests.servers.tmpfs import SmallDisk, mounted

pytestmark = pytest.mark.server

LATER = "2024-06-05T12:20:00+08:00"
MIB = 1 << 20
ANSWERS = "SELECT state FROM letter WHERE mail_id IS NOT NULL"


class Site:
    """A world whose data lie on a small disk of their own."""

    def __init__(self, world: World, disk: SmallDisk) -> None:
        self.world, self.disk = world, disk

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.disk.place / "intake.db")) as database:
            return database.execute(query).fetchall()

    def all_is_well(self, mails: int = 1) -> None:
        """Everything was taken, decided and answered once, and nothing is left over."""
        assert self.rows("SELECT state, disposition FROM mail") == [("decided", "ACCEPTED")] * mails
        assert self.rows(ANSWERS) == [("sent",)] * mails
        assert sum(len(self.world.letters(address(code))) for code in UNITS) == mails
        assert not list((self.disk.place / "blobs/tmp").glob("*"))


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink) -> Iterator[Site]:
    options = getattr(request, "param", "size=16m")
    world = World(tmp_path, user, dovecot, sink)
    world.configure()
    text = (tmp_path / "config/intake.toml").read_text(encoding="utf-8")
    (tmp_path / "config/intake.toml").write_text(text + "[storage]\nreserve_mb = 2\n", encoding="utf-8")
    with ExitStack() as stack:
        yield Site(world, stack.enter_context(mounted(tmp_path / "config/data", options)))


def test_polling_stops_before_the_disk_is_full_and_what_was_taken_is_answered(site: Site) -> None:
    site.world.deliver(mail("370826", {"微山县总结报告.docx": report("微山县")}))
    site.world.sink.say("DATA", "451 4.7.1 later")
    site.world.run("poll")
    site.world.deliver(complete("370883"))
    site.disk.fill(leaving=MIB)
    told = site.world.run("poll", status=75, now=LATER)
    assert "and mail is fetched when there is room for 0.0 GiB: until then it waits" in told
    assert len(site.rows("SELECT id FROM mail")) == 1, "nothing was fetched"
    assert len(site.world.letters(address("370826"))) == 1, "the letter that was owed went out"
    service = site.world.status(now=LATER)["service"]
    assert service["last_poll_ok"] is False
    assert site.world.letters("rck@ji.shandong.cn"), "operators were told"
    site.disk.make_room()
    site.world.run("poll", now=LATER)
    assert site.rows(ANSWERS) == [("sent",), ("sent",)]


def test_a_database_on_a_disk_of_its_own_that_is_nearly_full(
    tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink
) -> None:
    world = World(tmp_path, user, dovecot, sink)
    world.configure()
    with mounted(tmp_path / "records", "size=16m") as disk:
        text = (tmp_path / "config/intake.toml").read_text(encoding="utf-8")
        storage = f'[storage]\nreserve_mb = 4\ndatabase = "sqlite:///{disk.place}/intake.db"\n'
        (tmp_path / "config/intake.toml").write_text(text + storage, encoding="utf-8")
        world.run("poll")
        world.deliver(complete("370826"))
        disk.fill(leaving=3 * MIB)
        assert f"free at {disk.place}, and mail is fetched when" in world.run("poll", status=75, now=LATER)
        assert not list((tmp_path / "config/data/blobs").glob("??/*")), "nothing was fetched"
        assert "octets free" in world.run("status", "--health", status=1, now=LATER)
        disk.make_room()
        world.run("poll", now=LATER)
        assert len(world.letters(address("370826"))) == 1


def test_a_disk_that_fills_up_while_an_archive_is_opened(site: Site) -> None:
    large = os.urandom(30 * MIB).translate(bytes(b"ab"[octet & 1] for octet in range(256)))
    files = {"微山县总结报告.docx": report("微山县"), "说明.bin": large}
    site.world.deliver(mail("370826", {"微山县材料.zip": archives.zipped(files)}))
    told = site.world.run("poll", status=75)
    assert "No space left on device" in told
    assert site.rows("SELECT state FROM mail") == [("received",)]
    assert not list((site.disk.place / "blobs/tmp").glob("*"))
    site.disk.remount("size=64m")
    site.world.run("poll", now=LATER)
    site.all_is_well()


def test_a_disk_that_has_no_octet_left_for_the_records(site: Site) -> None:
    site.world.run("poll")
    site.world.deliver(complete("370826"))
    site.disk.fill()
    for words in (["poll"], ["status"], ["digest", "--send"]):
        assert "database not available" in site.world.run(*words, status=75)
    site.disk.make_room()
    site.world.run("poll", now=LATER)
    site.all_is_well()


def test_a_disk_that_turns_read_only(site: Site) -> None:
    site.world.run("poll")
    site.world.deliver(complete("370826"))
    site.disk.remount("ro")
    site.world.run("poll", status=75)
    site.disk.remount("rw")
    site.world.run("poll", now=LATER)
    site.all_is_well()


@pytest.mark.parametrize("site", ["size=16m,nr_inodes=1200"], indirect=True)
def test_a_disk_that_takes_no_more_files(site: Site) -> None:
    site.world.run("poll")
    site.world.deliver(complete("370826"))
    crowd = [site.disk.place / f"{number}" for number in range(400)]
    for path in crowd:
        path.touch()
    assert "more files fit" in site.world.run("poll", status=75)
    assert site.rows("SELECT id FROM mail") == []
    for path in crowd:
        path.unlink()
    site.world.run("poll", now=LATER)
    site.all_is_well()
