"""A refused login is not repeated before its time, by nobody; a mended password is tried at once. On a real server."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest

from intake.adapters.records.patience import fingerprint
from intake.domain.alarm import Rules, Trouble, troubles
from intake.domain.patience import Refusal, Wait
from intake.entry.app import App
from intake.entry.config import load
from intake.entry.lull import Lull
from intake.ports import Disconnected, DiskLow
from tests.e2e.world import complete
from tests.pipeline.office import Office
from tests.servers import scripted
from tests.servers.dovecot import PASSWORD
from tests.servers.scripted import Folder, Scripted

pytestmark = pytest.mark.server

WRONG = "hunter2-no-secret"


@pytest.fixture
def refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office that has a mail waiting and a wrong password, and has tried it once."""
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", WRONG)
    office.world.deliver(complete("370826"))
    assert "logging in" in (office.poll() or "")
    return office


def waits(office: Office) -> tuple[Wait, ...]:
    with office.app.records.chronicle() as chronicle:
        return chronicle.waits()


def logins(office: Office) -> int:
    """How often the server was asked."""
    log = office.world.dovecot.log()
    return sum("auth failed" in line and f"user=<{office.world.user}>" in line for line in log.splitlines())


def test_a_refused_login_waits_twice_as_long_each_time_up_to_an_hour(refused: Office) -> None:
    pauses = []
    for _ in range(6):
        (wait,) = waits(refused)
        pauses.append((wait.until - refused.now) / timedelta(minutes=1))
        asked = logins(refused)
        refused.now = wait.until - timedelta(seconds=1)
        assert "login refused" in (refused.poll() or "")
        assert logins(refused) == asked, "not before its time"
        refused.now = wait.until
        refused.poll()
        assert logins(refused) == asked + 1
    assert waits(refused)[0].failures == 7
    for pause, least in zip(pauses, (5, 10, 20, 40, 60, 60), strict=True):
        assert least <= pause <= least * 1.2


def test_neither_a_restart_nor_poll_from_cron_asks_sooner(refused: Office) -> None:
    refused.app.close()
    restarted = App(load(refused.world.folder / "config"), lambda: refused.now + timedelta(minutes=1))
    assert "login refused once" in (restarted.poll() or "")
    restarted.close()
    environment = {**refused.world.environment, "INTAKE_IMAP_PASSWORD": WRONG}
    command = refused.world.command("poll", now="2024-06-05T12:02:00+08:00")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 75
    assert "not tried again before 2024-06-05 12:0" in done.stderr
    assert "with other credentials at once" in done.stderr
    assert "authorisation code" in done.stderr
    assert "Traceback" not in done.stderr
    assert logins(refused) == 1


def test_a_mended_password_is_tried_at_once(refused: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    assert refused.poll() is None
    assert refused.states()["accepted"] == 1
    assert waits(refused) == ()


@pytest.mark.parametrize("trouble", ["disconnected", "disk"])
def test_a_mended_password_is_forgiven_whatever_the_round_ends_in(
    refused: Office, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    refused.now += timedelta(hours=2)

    def fails(*_arguments: object, **_options: object) -> None:
        raise Disconnected("lost") if trouble == "disconnected" else DiskLow("0 GiB are free")

    monkeypatch.setattr("intake.adapters.imap.mailbox.ImapMailbox.arrivals", fails)
    monkeypatch.setattr("intake.entry.app.take_a_breath", lambda: None)
    assert (refused.poll() or "").startswith("receive: ")
    assert waits(refused) == ()


def test_another_wrong_password_is_tried_at_once_and_counts_anew(
    refused: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", WRONG + "2")
    refused.poll()
    assert logins(refused) == 2
    assert waits(refused)[0].failures == 1


def test_what_is_on_record_names_the_reason_and_no_secret(refused: Office) -> None:
    (wait,) = waits(refused)
    assert (wait.server, wait.refusal) == ("imap", Refusal.CREDENTIALS)
    database = (refused.world.folder / "config/data/intake.db").read_bytes()
    wal = (refused.world.folder / "config/data/intake.db-wal").read_bytes()
    assert wait.credentials.encode() in database + wal
    assert WRONG.encode() not in database + wal


def test_a_fingerprint_needs_the_key_and_keeps_the_words_apart() -> None:
    made = fingerprint(b"k" * 32, "host", "user", "password")
    assert len(made) == 64
    others = [(b"j" * 32, "host", "user", "password"), (b"k" * 32, "host", "userpassword"), (b"k" * 32, "h", "ost")]
    assert made not in {fingerprint(key, *words) for key, *words in others}


def test_a_server_that_cannot_be_reached_is_left_alone_for_a_while_by_the_service_and_not_by_hand(
    office: Office,
) -> None:
    config = office.world.folder / "config/intake.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace(f"port = {office.world.dovecot.port}", "port = 1"), encoding="utf-8")
    now = [0.0]
    service = App(load(office.world.folder / "config"), lambda: office.now, lull=Lull(lambda: now[0]).respected)
    assert "cannot connect" in (service.poll() or "")
    assert "not tried again for" in (service.poll() or "")
    assert "not tried again" not in office.world.run("poll", status=75)
    now[0] += 7
    assert "not tried again" not in (service.poll() or "")
    service.close()


def test_a_mailbox_that_stays_closed_behind_the_login_waits_twice_as_long_each_time(office: Office) -> None:
    closed = scripted.say(b"TAG NO User is authenticated but not connected.\r\n")
    with scripted.running(Scripted({b"INBOX": Folder()})) as server:
        server.only = lambda exchange: exchange.name == b"EXAMINE"
        server.misbehave(closed, lasting=True)
        config = office.world.folder / "config/intake.toml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace(f"port = {office.world.dovecot.port}", f"port = {server.port}"), "utf-8")
        app = App(load(office.world.folder / "config"), lambda: office.now)
        for failures, least in enumerate((5, 10, 20, 40), 1):
            assert "not connected" in (app.poll() or "")
            with app.records.chronicle() as chronicle:
                (wait,) = chronicle.waits()
                alarms = troubles(chronicle.vitals(office.now), Rules())
            assert (wait.refusal, wait.failures) == (Refusal.CLOSED, failures)
            assert least <= (wait.until - office.now) / timedelta(minutes=1) <= least * 1.2
            assert (Trouble.LOGIN_IMAP in alarms) == (failures >= 3)
            office.now = wait.until
        server.misbehave(None)
        assert app.poll() is None
        with app.records.chronicle() as chronicle:
            assert chronicle.waits() == ()
        app.close()


def test_unsafe_login_waits_like_a_refusal_and_is_no_wrong_password(office: Office) -> None:
    refused = scripted.say(b"TAG NO EXAMINE Unsafe Login. Please contact kefu@188.com for help\r\n")
    with scripted.running(Scripted({b"INBOX": Folder()})) as server:
        server.only = lambda exchange: exchange.name == b"EXAMINE"
        server.misbehave(refused, lasting=True)
        config = office.world.folder / "config/intake.toml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace(f"port = {office.world.dovecot.port}", f"port = {server.port}"), "utf-8")
        app = App(load(office.world.folder / "config"), lambda: office.now)
        assert "Unsafe Login" in (app.poll() or "")
        assert "Unsafe Login" in (app.poll() or "")
        assert server.connections == 1, "not asked again before its time"
        with app.records.chronicle() as chronicle:
            (wait,) = chronicle.waits()
        assert (wait.refusal, wait.failures) == (Refusal.CLIENT, 1)
        assert "authorisation code" not in wait.error
        office.now = wait.until
        server.misbehave(None)
        assert app.poll() is None
        app.close()
