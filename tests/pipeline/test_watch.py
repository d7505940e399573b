"""Alarms with real servers and a clock that the test turns: told once, ended once, and never lost with the mail."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from intake.entry import health as looking
from intake.entry.app import App
from intake.entry.commands import look_after
from intake.entry.config import load
from intake.entry.proofs import letter_problems
from intake.ports import Deferred
from tests.e2e.world import address, complete
from tests.pipeline.office import START, Office

pytestmark = pytest.mark.server

OPERATOR = "ops@ji.shandong.cn"
STAFF = "rck@ji.shandong.cn"


def configure(office: Office, **ports: int) -> None:
    """An operator of its own; a server at another port."""
    office.world.configure()
    site = office.world.folder / "config/intake.toml"
    told = site.read_text(encoding="utf-8").replace("[replies]", f'operators = ["{OPERATOR}"]\n[replies]')
    for name, port in ports.items():
        told = told.replace(f"port = {getattr(office.world, name).port}\n", f"port = {port}\n")
    site.write_text(told, encoding="utf-8")
    office.app.close()
    office.app = App(load(site.parent), lambda: office.now)


def minutes(office: Office, count: int, step: int = 1) -> None:
    """What the service does in so many minutes."""
    for _ in range(0, count, step):
        office.poll()
        look_after(office.app)
        office.now += timedelta(minutes=step)


def subjects(office: Office) -> list[str]:
    return [letter["Subject"] for letter in office.world.letters(OPERATOR)]


Look = Callable[[], tuple[int, str]]


@pytest.fixture
def look(office: Office, capsys: pytest.CaptureFixture[str]) -> Look:
    """`status --health`, in this process."""

    def run() -> tuple[int, str]:
        capsys.readouterr()
        status = looking.health(office.world.folder / "config", office.now, verbose=False)
        return status, capsys.readouterr().out

    return run


def test_a_mailbox_that_is_away_is_told_once_reminded_daily_and_cleared_once(office: Office, look: Look) -> None:
    configure(office)
    minutes(office, 5, 5)
    assert look() == (0, "ok  all is well\n")
    configure(office, dovecot=1)
    minutes(office, 15, 5)
    assert subjects(office) == [], "not yet"
    minutes(office, 5, 5)
    assert subjects(office) == ["【告警】收信中断（6-05 12:20）"]
    status, told = look()
    assert (status, told.split(": ")[0]) == (1, "NO  polling")
    minutes(office, 60, 10)
    assert len(subjects(office)) == 1
    office.now = datetime(2024, 6, 6, 0, 31, tzinfo=UTC)
    minutes(office, 60, 20)
    assert subjects(office)[1:] == ["【告警提醒】6月6日仍有1项未解除：收信中断"]
    configure(office)
    office.world.deliver(complete("370826"))
    minutes(office, 15, 5)
    assert len(office.world.letters(address("370826"))) == 1, "what waited on the server is fetched"
    assert len(subjects(office)) == 2, "not yet over"
    assert look()[0] == 0
    minutes(office, 10, 5)
    assert subjects(office)[2:] == ["【告警解除】收信中断，现已恢复"]
    minutes(office, 30, 15)
    assert len(subjects(office)) == 3
    assert [letter["Auto-Submitted"] for letter in office.world.letters(OPERATOR)] == ["auto-generated"] * 3


def test_an_alarm_about_sending_stands_everywhere_else_and_is_mailed_when_it_can_be(office: Office, look: Look) -> None:
    configure(office, sink=1)
    office.world.deliver(complete("370826"))
    minutes(office, 80, 15)
    assert office.world.letters() == []
    told = office.world.run("status", now=office.now.isoformat())
    assert "sending" in told.split("alarms", 1)[1]
    assert "NO  sending: " in look()[1]
    configure(office)
    minutes(office, 30, 5)
    assert subjects(office) == ["【告警】自动邮件发不出去（6-05 13:00）", "【告警解除】自动邮件发不出去，现已恢复"]
    assert len(office.world.letters(address("370826"))) == 1


def test_a_full_disk_and_parked_mails_are_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(office)
    office.world.deliver(complete("370826"))
    minutes(office, 1)
    with office.app.database.writing() as session:
        session.execute(text("UPDATE mail SET state = 'parked'"))
    monkeypatch.setattr(office.app, "room", lambda: (5 << 20, 1 << 30))
    minutes(office, 3)
    assert sorted(subjects(office)) == [
        "【告警】有邮件多次处理未成功（6-05 12:01）",
        "【告警】磁盘空间不足，已停止收信（6-05 12:01）",
    ]

    def sick() -> tuple[int, int]:
        raise Deferred("input/output error")

    monkeypatch.setattr(office.app, "room", sick)
    minutes(office, 3)
    assert len(subjects(office)) == 2


def test_mails_that_nothing_can_be_done_with_are_told_although_polls_go_well(
    office: Office, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(office)
    office.world.deliver(complete("370826"))

    def broken() -> int:
        raise Deferred("inspection cannot start: no memory")

    monkeypatch.setattr(office.app, "examine", broken)
    broken.__name__ = "examine"
    minutes(office, 20, 5)
    assert subjects(office) == ["【告警】来件无法检查（6-05 12:15）"]
    assert "NO  examining: 1 mails wait" in look()[1]


def test_a_digest_that_cannot_be_written_is_told(office: Office, look: Look) -> None:
    """Its absence is what nobody notices."""
    configure(office)
    for _ in range(4):
        office.app.ended("summarise", KeyError("a subject"))
        minutes(office, 5, 5)
    assert subjects(office) == ["【告警】程序出错（6-05 12:15）"]
    assert "summarise failed 4 times" in look()[1]
    (letter,) = office.world.letters(OPERATOR)
    assert "KeyError" in letter.as_string()
    body = letter.get_body(("plain",))
    assert body is not None
    assert "a subject" not in body.get_content() + look()[1], "the words of an error may be a mail's"
    office.app.ended("summarise", None)
    minutes(office, 20, 5)
    assert subjects(office)[1:] == ["【告警解除】程序出错，现已恢复"]


def test_a_clock_that_jumps_while_all_is_well_alarms_nobody(office: Office) -> None:
    configure(office)
    office.world.deliver(complete("370826"))
    minutes(office, 2)
    for jump in (timedelta(days=400), -timedelta(days=403), timedelta(days=3)):
        office.now += jump
        look_after(office.app)
        minutes(office, 2)
    assert subjects(office) == []


def test_a_restart_forgets_no_alarm(office: Office) -> None:
    configure(office, dovecot=1)
    minutes(office, 20, 5)
    configure(office, dovecot=1)
    minutes(office, 20, 5)
    assert len(subjects(office)) == 1


def test_an_own_template_that_cannot_tell_an_alarm_is_found_before_it_must(office: Office) -> None:
    source = "templates/words/alarm.j2"
    own = office.world.folder / "config" / source
    own.parent.mkdir(parents=True)
    shutil.copy(source, own)
    own.write_text(own.read_text(encoding="utf-8").replace("facts.reserve", "facts.least"), encoding="utf-8")
    configure(office)
    (problem,) = letter_problems(office.app)
    assert str(own) in problem
    assert "least" in problem


def test_poll_leaves_a_heartbeat(office: Office) -> None:
    office.world.run("poll", now=START.isoformat())
    beat = json.loads((office.world.folder / "config/data/heartbeat").read_text(encoding="utf-8"))
    assert (beat["by"], beat["ok"], beat["alarms"], beat["last_poll_error"]) == ("poll", True, [], None)
    assert datetime.fromisoformat(beat["last_poll_at"]) == datetime.fromisoformat(beat["time"]) == START
    configure(office, dovecot=1)
    office.world.run("poll", now=START.isoformat(), status=75)
    beat = json.loads((office.world.folder / "config/data/heartbeat").read_text(encoding="utf-8"))
    assert beat["ok"] is False
    assert "127.0.0.1:1" in beat["last_poll_error"]


def test_a_digest_that_comes_back_is_an_alarm_until_another_one_was_sent(office: Office, look: Look) -> None:
    """Operators may be others than those who read it; who does not get it does not miss the mails that wait."""
    configure(office)
    office.now = datetime(2024, 6, 6, 0, 31, tzinfo=UTC)
    office.app.summarise()
    office.poll()
    (digest,) = office.world.letters(STAFF)
    bounce = (
        f"From: MAILER-DAEMON@example.cn\r\nTo: {STAFF}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n\r\nmailbox full\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {digest['Message-ID']}\r\n\r\nx\r\n--B--\r\n"
    )
    office.world.deliver(bounce.encode(), office.now)
    minutes(office, 2)
    assert subjects(office) == ["【告警】日报未能送达（6-06 08:31）"]
    status, told = look()
    assert (status, told.split(": ")[0]) == (1, "NO  digest")
    office.now = datetime(2024, 6, 7, 0, 31, tzinfo=UTC)
    office.app.summarise()
    minutes(office, 30, 5)
    assert subjects(office)[-1] == "【告警解除】日报未能送达，现已恢复"
