"""Stored octets that were spoilt: nothing is decided from them, they are had again, or a person is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from intake.adapters.blobs import BlobStore
from intake.adapters.imap.mailbox import ImapMailbox
from intake.domain.alarm import Rules, Trouble, troubles
from intake.domain.material import Examined, Material
from intake.pipeline.examine import examine
from intake.ports import Arrival, Blobs, Deferred, Disconnected, DiskLow, Room, Spoilt, Unreachable, Unusable
from tests.crash.warm import Warm
from tests.e2e.world import World, address, mail, report
from tests.pipeline.office import START, Office
from tests.samples import media
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

MAIL = mail("370826", {"微山县总结报告.docx": report("微山县")})
OTHER = mail("370883", {"邹城市总结报告.docx": report("邹城市")})


@pytest.fixture
def office(  # noqa: PLR0917 - fixtures are named
    tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    world = World(tmp_path, user, dovecot, sink, warm=warm)
    world.configure()
    office = Office(world)
    yield office
    office.app.close()


@pytest.fixture
def taken(office: Office) -> Office:
    """Two mails are in the store, and nothing is decided yet."""
    office.world.deliver(MAIL)
    office.world.deliver(OTHER)
    assert office.app.receive() == 2
    return office


def rows(office: Office, query: str) -> list[tuple[Any, ...]]:
    with office.app.database.reading() as session:
        return [tuple(row) for row in session.execute(text(query))]


def blob(office: Office, number: int = 1) -> Path:
    return office.app.blobs.path(rows(office, f"SELECT sha256 FROM mail WHERE id = {number}")[0][0])


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def turned(path: Path) -> None:
    octets = path.read_bytes()
    path.write_bytes(octets[:100] + bytes([octets[100] ^ 1]) + octets[101:])


SPOILT = [cut_short, turned, Path.unlink]
STATES = "SELECT state, disposition, attempts, octets FROM mail ORDER BY id"
WELL = ("decided", "ACCEPTED", 0, "whole")
WAITING = ("received", None, 0, "spoilt")


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_was_spoilt_is_fetched_again_and_decided_then(taken: Office, spoil: Callable[[Path], None]) -> None:
    path = blob(taken)
    spoil(path)
    told = taken.poll()
    assert told is not None
    assert f"M000001: blob {path.name}" in told
    assert rows(taken, STATES) == [WAITING, WELL], "the next mail goes on, and no attempt is counted"
    assert not path.exists()
    aside = list((taken.app.blobs.root / "corrupt").glob("*"))
    assert len(aside) == (spoil is not Path.unlink)
    assert taken.poll() is None
    assert rows(taken, STATES) == [WELL, WELL]
    assert len(taken.world.letters(address("370826"))) == 1
    assert list((taken.app.blobs.root / "corrupt").glob("*")) == aside, "nothing in there is deleted"
    events = rows(taken, "SELECT what FROM event WHERE mail_id = 1 ORDER BY id")
    assert [what for (what,) in events if what.startswith("octets")] == ["octets spoilt", "octets restored"]


def test_nothing_is_fetched_again_onto_a_disk_that_is_nearly_full(
    taken: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob(taken).unlink()
    assert taken.poll() is not None
    with monkeypatch.context() as nearly_full:
        nearly_full.setattr(BlobStore, "room", lambda store: Room(str(store.root), 1 << 20))
        with pytest.raises(DiskLow, match=r"0\.0 GiB are free"):
            taken.app.mend()
    assert not blob(taken).exists()
    assert taken.app.mend() == 1


def test_a_mail_that_cannot_be_fetched_once_more_is_told_and_costs_no_other_its_turn(
    taken: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one whose place is refused nor one that breaks the connection keeps the next from being mended."""
    trouble: list[Deferred] = [Unusable("no such folder"), Disconnected("cut")]
    select, asked = ImapMailbox.download, []

    def unlucky(box: ImapMailbox, place: Arrival, *rest: Any) -> object:
        asked.append(place.locator.uid)
        if place.locator.uid == 1:
            raise trouble[len(asked) % 2]
        return select(box, place, *rest)

    monkeypatch.setattr(ImapMailbox, "download", unlucky)
    for number in (1, 2):
        blob(taken, number).unlink()
    taken.poll()
    for _ in range(3):
        taken.poll()
    assert rows(taken, STATES) == [WAITING, WELL]
    assert asked.count(1) == 1, "not again before its time"
    for minutes in (1, 5, 15, 60):
        taken.now += timedelta(minutes=minutes)
        taken.poll()
    assert asked.count(1) == 5
    with taken.app.records.chronicle() as chronicle:
        (line,) = chronicle.unfetched()
        vitals = chronicle.vitals(taken.now)
    assert (line.place.uid, line.attempts, line.since) == (1, 5, START)
    assert line.error.startswith("M000001: ")
    assert Trouble.POSTPONED in troubles(vitals, Rules())
    assert "cannot be fetched, tried 5 times" in taken.world.run("held")
    monkeypatch.undo()
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    taken.now += timedelta(minutes=240)
    assert taken.poll() is None
    assert rows(taken, STATES) == [WELL, WELL]
    with taken.app.records.chronicle() as chronicle:
        assert chronicle.unfetched() == ()


def test_a_repair_asks_for_every_mail_however_long_it_takes(taken: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        blob(taken, number).unlink()
    taken.poll()
    monkeypatch.setattr("intake.entry.app.LONGEST_ROUND", -1.0)
    assert taken.app.mend() == 0
    assert taken.app.mend(at_once=True) == 2


def test_a_repair_that_is_stopped_says_so(taken: Office) -> None:
    blob(taken).unlink()
    taken.poll()
    taken.app._stop = lambda: True
    with pytest.raises(Deferred, match="M000001 and later ones: there was no time"):
        taken.app.mend(at_once=True)


def test_a_server_that_is_left_alone_is_not_asked_for_octets_either(taken: Office) -> None:
    blob(taken).unlink()
    assert taken.poll() is not None
    taken.app._lull = left_alone
    with pytest.raises(Unreachable, match="not tried again"):
        taken.app.mend()
    taken.app._lull = nullcontext
    assert taken.app.mend() == 1


@contextmanager
def left_alone() -> Iterator[None]:
    raise Unreachable("not tried again for 3 s")
    yield


def test_a_folder_that_was_numbered_anew_gives_it_back(taken: Office) -> None:
    turned(blob(taken))
    assert taken.poll() is not None
    taken.world.dovecot.renew_uidvalidity(taken.world.user, 4711)
    assert taken.poll() is None
    assert rows(taken, STATES) == [WELL, WELL]
    assert len(taken.world.letters(address("370826"))) == 1


def test_another_mail_under_its_number_is_not_taken_for_it(taken: Office) -> None:
    blob(taken).unlink()
    with taken.app.database.writing() as session:
        session.execute(text("UPDATE sighting SET uid = uid + 100 WHERE mail_id = 2"))
        session.execute(text("UPDATE sighting SET uid = uid + 1 WHERE mail_id = 1"))
    assert taken.poll() is not None
    stored = {path.name for path in taken.app.blobs.root.glob("??/*")}
    taken.poll()
    assert rows(taken, STATES)[0] == ("received", None, 0, "lost")
    assert {path.name for path in taken.app.blobs.root.glob("??/*")} == stored


def lose(office: Office) -> bytes:
    """The first mail is gone from the store and from the server; its octets."""
    octets = blob(office).read_bytes()
    turned(blob(office))
    assert office.poll() is not None
    office.world.dovecot.expunge(office.world.user, 1)
    assert office.poll() is None
    assert rows(office, STATES) == [("received", None, 0, "lost"), WELL]
    return octets


def test_what_is_nowhere_any_more_waits_for_a_person(taken: Office) -> None:
    lose(taken)
    assert "M000001" in taken.world.run("held")
    assert "release M000001" in taken.world.run("held")
    assert "原件损坏，无法重取" in taken.world.run("digest")
    taken.app.tend()
    assert any("原件损坏，无法重取" in each["Subject"] for each in taken.world.letters("rck@ji.shandong.cn"))
    assert "lost: of 1 mails" in taken.world.run("status", "--health", status=1)
    assert taken.poll() is None, "nothing more can be done about it"
    assert rows(taken, "SELECT count(*) FROM event WHERE what = 'octets lost'") == [(1,)]
    assert "waits for nobody any more" in taken.world.run("release", "M000001")
    assert "M000001" not in taken.world.run("held")
    with taken.app.records.chronicle() as chronicle:
        assert chronicle.vitals(taken.now).lost == ()


def test_what_is_found_in_a_backup_goes_on(taken: Office) -> None:
    octets = lose(taken)
    blob(taken).write_bytes(octets)
    assert taken.poll() is None
    assert rows(taken, STATES) == [WELL, WELL]
    assert rows(taken, "SELECT needs_person FROM mail WHERE id = 1") == [(0,)]
    assert len(taken.world.letters(address("370826"))) == 1


def test_what_comes_once_more_goes_on(taken: Office) -> None:
    octets = lose(taken)
    taken.world.deliver(octets)
    assert taken.poll() is None
    assert rows(taken, STATES) == [WELL, WELL]


def test_a_file_that_staff_added_is_asked_for_again(office: Office, tmp_path: Path) -> None:
    office.world.deliver(MAIL)
    assert office.poll() is None
    video = tmp_path / "v.mp4"
    video.write_bytes(media.video(30))
    office.world.run("attach", "M000001", video)
    ((sha256,),) = rows(office, "SELECT sha256 FROM attachment")
    office.app.blobs.path(sha256).unlink()
    assert f"blob {sha256}: missing" in office.world.run("retry", "M000001", status=75)
    assert office.poll() is None
    assert rows(office, STATES) == [("received", "ACCEPTED", 0, "lost")]
    office.world.run("attach", "M000001", video)
    assert rows(office, STATES) == [WELL]
    assert office.world.unit("370826")["items"]["video"]["state"] == "ok"


def test_a_file_spoilt_on_its_way_out_of_the_mail_is_taken_out_once_more(taken: Office) -> None:
    healthy = taken.app.bench
    failing = iter([True])

    def look(materials: Sequence[Material], blobs: Blobs, alive: Callable[[], None]) -> tuple[Examined, ...]:
        if next(failing, False):
            raise Spoilt(materials[0].sha256, "not what its name says")
        return healthy.look(materials, blobs, alive)

    with pytest.raises(Deferred, match="not what its name says"):
        examine(replace(healthy, look=look))
    assert rows(taken, STATES) == [("received", None, 0, "whole"), WELL]
    taken.now = taken.now.replace(hour=5)
    assert taken.poll() is None
    assert rows(taken, STATES) == [WELL, WELL]
