"""Backup and restore, drilled: an old copy, everything destroyed, and the office goes on as if nothing had been."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime
from email import message_from_bytes
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import select, text

from intake.adapters.records.database import Database
from intake.adapters.records.discards import blobs_in
from intake.adapters.records.dump import DEBIAN
from intake.adapters.records.retention import without_content
from intake.adapters.records.sealing import seal
from intake.adapters.records.tables import MailRow
from intake.domain.mail import Octets
from intake.entry.backup import backup
from intake.entry.ownership import ownership
from intake.pipeline.place import place
from intake.pipeline.retain import discard
from intake.ports import Deferred
from tests.crash.warm import Warm
from tests.e2e.world import World, address, complete, mail, report
from tests.pipeline.office import Office, opened_office
from tests.samples import archives, media
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import HOST, ROLE, Postgres, binaries
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

SECOND = "Archive"
MORNING, NOON, EVENING, NEXT_DAY = (f"2024-06-0{day}T{hour}:00:00+08:00" for day, hour in
                                    ((5, "09"), (5, "12"), (5, "18"), (6, "09")))  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm) -> World:
    world = World(tmp_path, user, dovecot, sink, warm=warm)
    world.configure()
    config = tmp_path / "config/intake.toml"
    told = config.read_text(encoding="utf-8")
    config.write_text(told.replace("[smtp]", f'folders = ["INBOX", "{SECOND}"]\n[smtp]', 1), encoding="utf-8")
    for folder in ("INBOX", SECOND):
        dovecot.deliver(user, mail("370826", {}, "与报送无关", "a <a@nobody.example>", "你好"), at(3, 1), folder)
    return world


def at(day: int, hour: int) -> datetime:
    return datetime(2024, 6, day, hour, tzinfo=UTC)


def data(world: World) -> Path:
    return world.folder / "config/data"


def rows(world: World, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data(world) / "intake.db")) as database:
        return database.execute(query).fetchall()


def books(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """What the records say, without the numbers that mails happen to bear."""
    return {
        "mails": rows(world, "SELECT sha256, size, state, disposition, unit_code, received_at FROM mail ORDER BY 1"),
        "materials": rows(
            world,
            "SELECT mail.sha256, origin, material.sha256, requirement, material.state, counted FROM material"
            " JOIN mail ON mail.id = mail_id ORDER BY 1, position",
        ),
        "entries": rows(
            world,
            "SELECT mail.sha256, entry.requirement, entry.state, entry.sha256 FROM entry"
            " JOIN mail ON mail.id = mail_id ORDER BY 1, 2, 4",
        ),
        "sightings": rows(world, "SELECT folder, uidvalidity, uid, gone_at FROM sighting ORDER BY 1, 2, 3"),
        "letters": rows(world, "SELECT key, message_id, state FROM letter WHERE mail_id IS NOT NULL ORDER BY 1"),
    }


def sent(world: World) -> Counter[str]:
    """How often the server was given an answer of each Message-ID."""
    ids = [message_from_bytes(each.octets)["Message-ID"] for each in world.sink.received]
    return Counter(each for each in ids if each.startswith("<reply."))


@pytest.fixture
def restored(world: World, tmp_path: Path) -> tuple[World, dict[str, Any]]:
    """A backup in the morning, more mail and letters until the evening; all is destroyed, and the backup put back."""
    deliver, user = world.dovecot.deliver, world.user
    deliver(user, complete("370826"), at(5, 0))
    deliver(user, mail("370883", {"邹城市总结报告.docx": report("邹城市")}), at(5, 0), SECOND)
    world.run("poll", now=MORNING)
    deliver(user, mail("370881", {"曲阜市.zip": archives.zipped({"曲阜市总结报告.docx": report("曲阜市")})}), at(5, 1))
    world.sink.say("DATA", "451 4.7.1 later")
    world.run("poll", now=MORNING)
    then: dict[str, Any] = {"sent": sent(world), "states": dict(rows(world, "SELECT message_id, state FROM letter"))}
    target = tmp_path / "backup"
    world.run("backup", target, now=MORNING)

    deliver(user, mail("370883", {"1.jpg": media.photo(seed=3)}, "补充照片"), at(5, 5), SECOND)
    world.run("poll", now=NOON)
    deliver(user, mail("370881", {"2.jpg": media.photo(seed=4)}, "补充照片"), at(5, 4))
    world.run("poll", now=EVENING)
    then |= {"books": books(world), "numbers": dict(rows(world, "SELECT sha256, id FROM mail"))}

    shutil.rmtree(data(world))
    data(world).mkdir()
    newest = target / json.loads((target / "backup.json").read_text())["records"]
    shutil.copy(newest, data(world) / "intake.db")
    shutil.copytree(target / "blobs", data(world) / "blobs")
    world.run("fsck", "--repair", now=NEXT_DAY)
    world.run("poll", now=NEXT_DAY)
    return world, then


def test_an_old_backup_and_a_poll_reach_the_same_records(restored: tuple[World, dict[str, Any]]) -> None:
    world, then = restored
    now = books(world)
    for what, before in then["books"].items():
        assert now[what] == before, what
    numbers = dict(rows(world, "SELECT sha256, id FROM mail"))
    assert numbers != then["numbers"], "the folders are read in another order than the mails came"
    assert "0 problems" in world.run("fsck", now=NEXT_DAY)

    twice = sent(world)
    for message_id, state in then["states"].items():
        if state == "sent" and message_id.startswith("<reply."):
            assert twice[message_id] == 1, "what was sent when the backup was made is not sent again"
    assert len(twice) == 5, "no letter has a second name"
    due = next(each for each, state in then["states"].items() if state == "due")
    assert twice[due] == 2, "once after the backup, and once more"
    assert sorted(count for each, count in twice.items() if each != due) == [1, 1, 2, 2]
    copies = {each.octets for each in world.sink.received if due.encode() in each.octets}
    assert len(copies) == 1, "a letter that was owed already is the same, octet by octet"
    world.run("poll", now=NEXT_DAY)
    assert sent(world) == twice, "and then it is quiet"


def made(world: World, target: Path, *, status: int = 0, keep: int = 14) -> str:
    """What `backup` prints, in this process."""
    with redirect_stdout(StringIO()) as output:
        ended = backup(world.folder / "config", at(5, 4), False, target, keep)
    assert ended == status, output.getvalue()
    return output.getvalue()


def test_a_backup_is_made_beside_the_service_and_copies_each_file_once(world: World, tmp_path: Path) -> None:
    world.deliver(complete("370826"))
    world.run("poll")
    target = tmp_path / "backup"
    database = Database(f"sqlite:///{data(world)}/intake.db")
    with ownership(database):
        assert "(0 new" not in made(world, target)
    database.close()
    files = {path: path.stat().st_ino for path in target.glob("blobs/??/*")}
    world.deliver(complete("370883"))
    world.run("poll")
    assert "(0 new" not in made(world, target, keep=2)
    assert all(path.stat().st_ino == number for path, number in files.items())
    assert len(list(target.glob("blobs/??/*"))) > len(files)
    assert "(0 new" in made(world, target, keep=2)
    assert [path.name[:6] for path in sorted((target / "records").iterdir())] == ["000002", "000003"]
    told = json.loads((target / "backup.json").read_text())
    assert told["records"].startswith("records/000003-")
    assert (told["mails"], told["left_out"]) == (3, 0)
    assert {path.name for path in (target / "config").iterdir()} == {"intake.toml", "units.toml", "notices"}
    private = [target, *(target / "records").rglob("*"), *(target / "blobs").rglob("*")]
    assert not [path for path in private if path.stat().st_mode & 0o077]


def test_what_is_spoilt_does_not_spoil_the_backup(world: World, tmp_path: Path) -> None:
    world.deliver(complete("370826"))
    world.run("poll")
    target = tmp_path / "backup"
    (sound, *_) = sorted((data(world) / "blobs").glob("??/*"))
    made(world, target)
    octets = sound.read_bytes()
    sound.write_bytes(octets[:-1] + b"?")
    copy = target / sound.relative_to(data(world))
    made(world, target)
    assert copy.read_bytes() == octets
    copy.unlink()
    assert f"left out: {sound} is not what its name says" in made(world, target, status=75)
    assert not copy.exists()
    assert json.loads((target / "backup.json").read_text())["left_out"] == 1


def test_all_of_a_backup_is_on_the_disk_before_it_says_that_it_is_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deliver(complete("370826"))
    world.run("poll")
    synced: list[str] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with redirect_stdout(StringIO()):
        backup(world.folder / "config", None, False, tmp_path / "copy", 3)
    before = synced[: synced.index(".backup.json.partial")]
    assert {path.name for path in (tmp_path / "copy/config").rglob("*")} <= set(before)
    assert {"intake.toml", "units.toml", ".config.partial", "copy", "records"} <= set(before)


def test_a_backup_goes_where_nothing_else_is(world: World, tmp_path: Path) -> None:
    with pytest.raises(Deferred, match="nothing to copy"):
        made(world, tmp_path / "backup")
    world.run("status")
    for where in ("config/data/backup", "config/data/blobs", "config"):
        with pytest.raises(click.UsageError):
            made(world, world.folder / where)


def kept_files(target: Path) -> set[str]:
    return {path.name for path in target.glob("blobs/??/*")}


@pytest.fixture
def office(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with opened_office(world, monkeypatch) as office:
        yield office


def blobs_of(office: Office, code: str) -> set[str]:
    """The hashes of what the mail of a unit brought, and of itself."""
    with office.app.database.reading() as session:
        row = session.scalars(select(MailRow).where(MailRow.sender == address(code))).one()
        return {row.sha256, *blobs_in(session, row.id)}


def test_what_was_sealed_since_goes_out_of_the_backup(office: Office, tmp_path: Path) -> None:
    """A mail that was copied before it was examined, and one that was taken for an ordinary one until it was sealed."""
    target, world = tmp_path / "backup", office.world
    world.deliver(complete("370826"))
    world.deliver(mail("370881", {"曲阜市总结报告.docx": report("曲阜市")}, body="请查收\n机密★5年\n"))
    assert office.app.receive() == 3
    ours = {row[0] for row in rows(world, "SELECT sha256 FROM mail")}
    made(world, target)
    assert ours <= kept_files(target)
    assert office.poll() is None
    ((sealed,),) = rows(world, "SELECT sha256 FROM mail WHERE seal = 'sealed'")
    assert "files were removed" in made(world, target)
    assert sealed not in kept_files(target)

    parts = blobs_of(office, "370826")
    assert len(parts) == 6, "the mail, three files, two small pictures"
    assert parts <= kept_files(target)
    (number,) = rows(world, "SELECT id FROM mail WHERE sender LIKE '%u370826%'")[0]
    with office.app.database.writing() as session:
        seal(session, session.get_one(MailRow, number), (), office.now)
    made(world, target)
    assert not parts & kept_files(target), "not in its place yet: nothing is copied, and what was there is gone"
    assert all((office.app.blobs.path(each)).exists() for each in parts)
    place(office.app.records, office.app.blobs, lambda: office.now)
    made(world, target)
    assert not parts & kept_files(target)
    assert not [each for each in (sealed, *parts) if each in (target / "contents.json").read_text()]


def test_what_was_emptied_since_goes_out_of_the_backup(office: Office, tmp_path: Path) -> None:
    target, world = tmp_path / "backup", office.world
    world.deliver(complete("370826"))
    world.deliver(complete("370883"))
    assert office.poll() is None
    made(world, target)
    parts, others = blobs_of(office, "370826"), blobs_of(office, "370883")
    assert parts | others <= kept_files(target)
    (number,) = rows(world, "SELECT id FROM mail WHERE sender LIKE '%u370826%'")[0]
    with office.app.database.writing() as session:
        row = session.get_one(MailRow, number)
        without_content(session, row)
        row.octets = Octets.PURGED
    discard(office.app.records, office.app.blobs)
    made(world, target)
    assert not (parts - others) & kept_files(target)
    assert parts & others, "a photo that both sent"
    assert others <= kept_files(target)


def test_new_records_take_nothing_out_of_a_backup(world: World, tmp_path: Path) -> None:
    """Somebody began with an empty database, and the backup of the night goes on."""
    target = tmp_path / "backup"
    world.deliver(complete("370826"))
    world.run("poll")
    made(world, target)
    before, noted = kept_files(target), (target / "contents.json").read_text()
    shutil.rmtree(data(world))
    world.run("status")
    assert "removed" not in made(world, target)
    assert kept_files(target) == before
    assert json.loads((target / "contents.json").read_text()) == json.loads(noted)


def test_what_no_row_speaks_of_is_copied_when_no_examination_can_be_at_it(office: Office, tmp_path: Path) -> None:
    hashes = []
    for octets, when in ((b"young", at(5, 3)), (b"old", at(3, 3))):
        with office.app.blobs.writer() as writer:
            writer.write(octets)
            hashes.append(writer.commit().sha256)
        os.utime(office.app.blobs.path(hashes[-1]), (when.timestamp(), when.timestamp()))
    made(office.world, tmp_path / "backup")
    assert kept_files(tmp_path / "backup") == {hashes[1]}


def test_postgresql_is_copied_by_its_own_tool_and_comes_back(world: World, tmp_path: Path, postgres: Postgres) -> None:
    name = postgres.create()
    config = world.folder / "config/intake.toml"
    config.write_text(
        config.read_text(encoding="utf-8") + f'[storage]\ndatabase = "{postgres.url(name)}"\n', encoding="utf-8"
    )
    world.deliver(complete("370826"))
    world.run("poll", now=MORNING)
    target = tmp_path / "backup"
    made(world, target)
    world.deliver(complete("370883"))
    world.run("poll", now=NOON)
    before = sent(world)

    postgres.drop(name)
    postgres.sql(f"CREATE DATABASE {name}")
    (copy,) = (target / "records").iterdir()
    found = binaries()
    assert found is not None
    program = found / "pg_restore" if (found / "pg_restore").exists() else next(DEBIAN.glob("*/bin/pg_restore"))
    connection = ["-h", HOST, "-p", str(postgres.port), "-U", ROLE, "-d", name]
    subprocess.run([program, *connection, "--exit-on-error", copy], check=True)
    shutil.rmtree(data(world) / "blobs")
    shutil.copytree(target / "blobs", data(world) / "blobs")
    world.run("fsck", "--repair", now=NEXT_DAY)
    world.run("poll", now=NEXT_DAY)
    database = Database(postgres.url(name))
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM mail WHERE state = 'decided'")) == 3
    database.close()
    assert sent(world).keys() == before.keys()
    assert sorted(sent(world).values()) == [1, 2]
