"""Malware on its way through the stages, with a real scanner that finds it, goes away, and comes back."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from intake.domain.outcome import SCAN_DELAYS
from tests.e2e.world import World, address, complete, mail, report
from tests.pipeline.office import START, Office, opened_office
from tests.samples import archives, documents, media
from tests.servers.ailing import Ailing, ailing_clamd
from tests.servers.clamd import MARKER, NAME, ClamdServer, running_clamd

pytestmark = pytest.mark.server


@pytest.fixture
def office(world: World, clamd_server: ClamdServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    scanned_by(world, clamd_server)
    with opened_office(world, monkeypatch) as office:
        yield office


def scanned_by(world: World, server: ClamdServer | Ailing) -> None:
    place = f"unix:{server.socket}" if isinstance(server, ClamdServer) else f"tcp:127.0.0.1:{server.port}"
    site = world.folder / "config/intake.toml"
    site.write_text(f'{site.read_text("utf-8")}[scan]\nclamd = "{place}"\n', encoding="utf-8")


@pytest.fixture
def ailing(world: World, clamd_server: ClamdServer) -> Iterator[Ailing]:
    with ailing_clamd(clamd_server.socket) as server:
        scanned_by(world, server)
        yield server


HOUR = timedelta(hours=1)
TRIES = len(SCAN_DELAYS)
STRANGE = report("微山县")
"""At which the scanner fails."""


def with_a_strange_file() -> bytes:
    return mail("370826", {"微山县总结报告.docx": STRANGE, "1.jpg": media.photo(seed=1), "活动.mp4": media.video(60)})


def scanned_again(office: Office) -> int:
    return str(json.loads(office.world.run("show", "M000001", "--json"))["events"]).count("to be scanned")


def infected(code: str) -> bytes:
    bad = documents.docx("总结报告", ["正文", MARKER.decode()])
    return mail(code, {"总结报告.docx": bad, "1.jpg": media.photo(seed=1), "活动.mp4": media.video(60)})


def test_what_is_clean_counts(office: Office) -> None:
    office.world.deliver(complete("370826"))
    assert office.poll() is None
    assert office.world.unit("370826")["state"] == "complete"
    assert '"scan": "clean"' in office.world.run("show", "M000001", "--json")


def test_malware_is_refused_without_its_name_and_nothing_of_it_leaves(office: Office, tmp_path: Path) -> None:
    office.world.deliver(infected("370826"))
    office.poll()
    assert {"malware"} <= office.codes()[0]
    (letter,) = office.world.letters(address("370826"))
    assert "需补正" in letter["Subject"]
    told = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "安全检查" in told
    assert NAME not in told
    assert NAME in office.world.run("show", "M000001", "--json"), "staff see what it was"
    items = office.world.unit("370826")["items"]
    assert (items["report"]["state"], items["photos"]["state"]) == ("faulty", "ok")
    office.world.run("export", tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.docx"))


def test_nobody_can_let_malware_count(office: Office) -> None:
    office.world.deliver(infected("370826"))
    office.poll()
    office.world.run("accept", "M000001", "--reason", "急用")
    assert office.world.unit("370826")["items"]["report"]["state"] == "faulty"


def test_malware_in_a_container_is_found(office: Office) -> None:

    files = {"材料.zip": archives.zipped({"附表.txt": MARKER}), "微山县总结报告.docx": report("微山县")}
    office.world.deliver(mail("370826", files))
    office.poll()
    assert "malware" in office.codes()[0]
    assert office.world.unit("370826")["items"]["report"]["state"] == "ok", "the good file counts all the same"


@pytest.mark.usefixtures("clamd_server")
def test_while_the_scanner_is_away_nothing_counts_and_then_it_is_made_up_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_clamd() as server:
        scanned_by(world, server)
        server.stop(signal.SIGKILL)
        with opened_office(world, monkeypatch) as office:
            world.deliver(complete("370826"))
            world.deliver(infected("370883"))
            office.poll()
            assert [codes & {"not-scanned", "malware"} for codes in office.codes()] == [{"not-scanned"}] * 2
            assert world.unit("370826")["state"] == "held"
            assert "待人工确认" in world.letters(address("370826"))[0]["Subject"]
            assert "病毒扫描程序没有应答" in world.run("digest")
            office.poll()
            assert len(world.letters()) == 2, "still away: nothing new to say"
            server.start()
            office.poll()
            assert world.unit("370826")["state"] == "complete"
            assert "已收齐" in world.letters(address("370826"))[-1]["Subject"]
            assert "malware" in office.codes()[1]
            assert "病毒扫描程序" not in world.run("digest")


def test_a_file_at_which_the_scanner_fails_makes_one_letter(
    ailing: Ailing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers, so the mail is tried again, later each time, and after some tries no more: staff are told."""
    ailing.bad = (STRANGE,)
    with opened_office(world, monkeypatch) as office:
        world.deliver(with_a_strange_file())
        for minute in range(12):
            office.now = START + timedelta(minutes=minute)
            assert office.poll() is None
        assert len(world.letters(address("370826"))) == 1
        assert 2 <= scanned_again(office) <= 4
        assert "不再自动" not in world.run("digest", now=office.now.isoformat())
        for hour in range(1, 60):
            office.now = START + hour * HOUR
            office.poll()
        assert scanned_again(office) == TRIES
        assert len(world.letters(address("370826"))) == 1
        assert "not-scanned" in office.codes()[0]
        assert world.unit("370826")["items"]["report"]["state"] == "held"
        assert "不再自动" in world.run("digest", now=office.now.isoformat())


def test_a_file_that_can_be_scanned_at_last_is_told(
    ailing: Ailing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ailing.bad = (STRANGE,)
    with opened_office(world, monkeypatch) as office:
        world.deliver(with_a_strange_file())
        for minute in range(10):
            office.now = START + timedelta(minutes=minute)
            office.poll()
        ailing.bad = ()
        office.now = START + HOUR
        office.poll()
        subjects = [letter["Subject"] for letter in world.letters(address("370826"))]
        assert [subject.partition("】")[0] for subject in subjects] == ["【已收到，待人工确认", "【已收齐"]
        assert world.unit("370826")["state"] == "complete"


def test_staff_may_have_what_was_given_up_scanned_once_more(
    ailing: Ailing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ailing.bad = (STRANGE,)
    with opened_office(world, monkeypatch) as office:
        world.deliver(with_a_strange_file())
        for hour in range(40):
            office.now = START + hour * HOUR
            office.poll()
        ailing.bad = ()
        world.run("retry", "M000001", now=office.now.isoformat())
        office.poll()
        assert len(world.letters(address("370826"))) == 2
        assert world.unit("370826")["state"] == "complete"


@pytest.mark.usefixtures("clamd_server")
def test_a_scanner_that_says_ok_past_its_limits_lets_nothing_count(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_clamd(alerts=False) as server:
        scanned_by(world, server)
        with opened_office(world, monkeypatch) as office:
            world.deliver(complete("370826"))
            for _ in range(3):
                office.poll()
            assert world.unit("370826")["state"] == "held"
            assert len(world.letters(address("370826"))) == 1
            assert "AlertExceedsMax yes" in world.run("digest")
            told = world.run("check", status=75)
            assert "NO  scanner: " in told
            assert "AlertExceedsMax yes" in told
            server.stop()
            server.configure(alerts=True)
            server.start()
            office.poll()
            assert world.unit("370826")["state"] == "complete"
            assert "ok  scanner: " in world.run("check")


def test_check_tells_how_the_scanner_is(office: Office, clamd_server: ClamdServer) -> None:
    told = office.world.run("check")
    assert f"ok  scanner: clamd {clamd_server.socket} answers, ClamAV" in told
