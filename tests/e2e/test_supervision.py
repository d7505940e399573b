"""What a supervisor sees of the service: its word to systemd, its heartbeat, its health, and its end when it hangs."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.entry import health as looking
from tests.e2e.test_service import wait_until
from tests.e2e.world import PROJECT, World
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

HURRY = """
import sys
sys.path.insert(0, {project!r})
from intake.entry import app, supervisor
supervisor.TICK, supervisor.HEARTBEAT_SECONDS, supervisor.WEDGED_AFTER = 0.1, 0.1, {wedged}
{more}
from intake.entry.cli import main
raise SystemExit(main())
"""
HANG = """
def hangs(self):
    import threading
    threading.Event().wait()
app.App.poll = hangs
"""


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink) -> World:
    world = World(tmp_path, user, dovecot, sink)
    world.configure()
    return world


def serving(world: World, more: str = "", wedged: float = 3600, **environment: str) -> subprocess.Popen[str]:
    """`serve` that looks around ten times a second."""
    words = world.command("serve", now=None)[2:]
    script = HURRY.format(project=str(PROJECT), wedged=wedged, more=more)
    return subprocess.Popen(
        [sys.executable, "-c", script, *words],
        env={**world.environment, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def ended(service: subprocess.Popen[str]) -> str:
    output, _ = service.communicate(timeout=60)
    return output


def heartbeat(world: World) -> dict[str, object]:
    told: dict[str, object] = json.loads((world.folder / "config/data/heartbeat").read_text(encoding="utf-8"))
    return told


def test_a_job_that_hangs_ends_the_process_so_that_another_can_start(world: World) -> None:
    service = serving(world, HANG, wedged=3)
    output = ended(service)
    assert service.returncode == os.EX_TEMPFAIL, output
    assert "CRITICAL wedged silent_seconds=3" in output
    assert "in hangs" in output, "where it hangs"


def test_a_job_that_hangs_does_not_keep_the_service_from_stopping(world: World) -> None:
    service = serving(world, HANG, wedged=5)
    wait_until((world.folder / "config/data/heartbeat").exists)
    service.send_signal(signal.SIGTERM)
    output = ended(service)
    assert service.returncode == os.EX_TEMPFAIL, output


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_of_the_start_of_life_and_of_the_end(world: World, tmp_path: Path, abstract: bool) -> None:
    name = f"@intake-{tmp_path.name}-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0", 1) if abstract else name)
        systemd.settimeout(60)
        service = serving(world, NOTIFY_SOCKET=name)
        told = [systemd.recv(100).decode() for _ in range(3)]
        service.send_signal(signal.SIGTERM)
        ended(service)
        systemd.settimeout(0.1)
        rest = list(received(systemd))
    assert service.returncode == 0
    assert told == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert rest[-1] == "STOPPING=1"


def received(systemd: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield systemd.recv(100).decode()
        except TimeoutError:
            return


def test_the_service_beats_and_is_healthy_until_it_is_killed(world: World) -> None:
    service = serving(world)
    wait_until(lambda: (world.folder / "config/data/heartbeat").exists() and heartbeat(world)["ok"])
    assert heartbeat(world)["pid"] == service.pid
    assert heartbeat(world)["by"] == "serve"
    assert world.run("status", "--health", now=None) == "ok  all is well\n"
    service.kill()
    ended(service)
    later = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    assert "NO  heartbeat: none since " in world.run("status", "--health", now=later, status=1)


def health(world: World, capsys: pytest.CaptureFixture[str], now: str = "2024-06-05T12:00:00+08:00") -> tuple[int, str]:
    capsys.readouterr()
    status = looking.health(world.folder / "config", datetime.fromisoformat(now), verbose=False)
    return status, capsys.readouterr().out


def test_where_nothing_ever_ran_nothing_is_well(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = health(world, capsys)
    assert status == 1
    assert "NO  heartbeat: there is no " in told
    assert "NO  database: there is no " in told
    assert not (world.folder / "config/data").exists(), "a look changes nothing"
    (world.folder / "config/intake.toml").write_text("[imap]\n", encoding="utf-8")
    status, told = health(world, capsys)
    assert status == 1
    assert "NO  configuration: intake.toml: " in told


def test_a_database_that_is_locked_or_spoilt_is_told_and_not_waited_for(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("poll")
    assert health(world, capsys)[0] == 0
    monkeypatch.setattr(looking, "PATIENCE", 1.0)
    path = world.folder / "config/data/intake.db"
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("PRAGMA locking_mode=EXCLUSIVE")
    lock.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    status, told = health(world, capsys)
    assert (status, told) == (1, "NO  database: no answer within 1 s\n")
    assert time.monotonic() - began < 10
    lock.close()
    assert health(world, capsys)[0] == 0
    path.write_bytes(b"no database" * 1000)
    for more in ("-wal", "-shm"):
        path.with_name(path.name + more).unlink(missing_ok=True)
    status, told = health(world, capsys)
    assert status == 1
    assert told.startswith("NO  database: ")


def test_a_heartbeat_that_is_not_of_now_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run("poll")
    assert health(world, capsys, "2024-06-05T12:04:00+08:00")[0] == 0
    status, told = health(world, capsys, "2024-06-05T11:50:00+08:00")
    assert status == 1
    assert "the clock went back" in told
    status, told = health(world, capsys, "2024-06-05T13:00:00+08:00")
    assert "NO  heartbeat: none since 2024-06-05 12:00:00 +0800" in told
    assert "NO  polls: none since 2024-06-05 12:00:00 +0800" in told
    stuck = heartbeat(world) | {"silent_seconds": 2500}
    (world.folder / "config/data/heartbeat").write_text(json.dumps(stuck), encoding="utf-8")
    assert "NO  heartbeat: nothing has moved in poll " in health(world, capsys)[1]
    (world.folder / "config/data/heartbeat").write_text("{", encoding="utf-8")
    assert "cannot be read" in health(world, capsys)[1]


def test_health_goes_alone(world: World) -> None:
    assert "--health goes alone" in world.run("status", "--health", "--json", status=64)
