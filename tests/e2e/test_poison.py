"""A mail that kills whoever examines it: really killed, three times, then set aside; the next mail goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import PROJECT, World, complete, mail
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

KILLED_BY_POISON = """
import os, signal, sys
from intake.adapters.looking import Looker
look = Looker.__call__
def killed(self, materials, *others):
    if any(material.filename == "poison.docx" for material in materials):
        os.kill(os.getpid(), signal.SIGKILL)
    return look(self, materials, *others)
Looker.__call__ = killed
from intake.entry.cli import main
sys.exit(main())
"""


@pytest.fixture(params=["file", "server"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink
) -> Iterator[World]:
    world = World(tmp_path, user, dovecot, sink)
    if request.param == "server":
        postgres = request.getfixturevalue("postgres")
        name = postgres.create()
        world.database = postgres.url(name)
    world.configure()
    yield world
    if world.database:
        postgres.drop(name)


def poll(world: World, minute: int) -> int:
    """A poll by a service that the mail kills; its exit status."""
    _python, _program, *words = world.command("poll", now=f"2024-06-05T12:{minute:02}:00+08:00")
    command = [sys.executable, "-c", KILLED_BY_POISON, *words]
    return subprocess.run(
        command, env=world.environment, capture_output=True, cwd=PROJECT, timeout=120, check=False
    ).returncode


def test_a_mail_that_kills_us_is_parked_and_the_next_goes_on(world: World) -> None:
    world.deliver(mail("370826", {"poison.docx": b"poison"}))
    world.deliver(complete("370883"))
    assert [poll(world, 0), poll(world, 0)] == [-signal.SIGKILL, -signal.SIGKILL], "at once after the first death"
    assert poll(world, 0) == os.EX_OK, "a minute after the second"
    assert world.unit("370883")["state"] == "complete"
    assert poll(world, 1) == -signal.SIGKILL
    assert poll(world, 1) == os.EX_OK
    assert world.status()["mails"]["parked"] == 1
    if world.database:  # what people see of it is the same
        return
    assert "retry M000001" in world.run("held")
    assert "M000001" in world.run("digest").split("需要您处理", 1)[1].split("三、", 1)[0]
    assert "never ended" in world.run("show", "M000001")
    assert "-> " in world.run("retry", "M000001")
    assert world.status()["mails"]["parked"] == 0
