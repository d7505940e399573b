"""The process dies beside the final dot of a letter: what the county gets, what is on record, what staff are told."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import PROJECT, World, address, mail, report
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

HOOK = """
import os, signal, time
from intake.adapters.smtp.connection import Connection

whole = Connection.final_dot

def final_dot(self):
    {deed}
    os.kill(os.getpid(), signal.SIGKILL)

Connection.final_dot = final_dot
"""
BEFORE = "pass"
AFTER = "self._plugged().sendall(b'.\\r\\n'); time.sleep(0.5)"
ANSWERED = "whole(self)"


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink) -> World:
    world = World(tmp_path, user, dovecot, sink)
    world.configure()
    world.deliver(mail("370826", {"微山县总结报告.docx": report("微山县")}))
    return world


def killed_poll(world: World, deed: str) -> None:
    """A poll that kills itself at its first final dot: Python runs sitecustomize before anything else."""
    hook = world.folder / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(HOOK.format(deed=deed))
    environment = world.environment | {"PYTHONPATH": f"{hook}:{PROJECT}"}
    done = subprocess.run(world.command("poll"), env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def standing(world: World) -> tuple[str, int]:
    """State and doubts of the letter."""
    state, doubts = rows(world, "SELECT state, doubts FROM letter")[0]
    return state, doubts


def events(world: World) -> list[str]:
    return [what for (what,) in rows(world, "SELECT what FROM event WHERE letter_id = 1 ORDER BY id")]


def rows(world: World, query: str) -> list[Any]:
    with closing(sqlite3.connect(world.folder / "config/data/intake.db")) as database:
        return database.execute(query).fetchall()


POINTS = [
    pytest.param(BEFORE, 1, id="before"),
    pytest.param(AFTER, 2, id="after"),
    pytest.param(ANSWERED, 2, id="answered"),
]


@pytest.mark.parametrize(("deed", "copies"), POINTS)
def test_a_letter_is_sent_once_more_octet_by_octet(world: World, deed: str, copies: int) -> None:
    killed_poll(world, deed)
    assert len(world.sink.received) == copies - 1
    assert (standing(world), events(world)) == (("due", 1), ["letter owed"])
    world.run("poll")
    world.run("poll")
    assert len(world.sink.received) == copies
    assert len({received.octets for received in world.sink.received}) == 1
    assert len(world.letters(address("370826"))) == copies
    assert standing(world) == ("sent", 1)
    assert events(world) == ["letter owed", "letter sent once more", "letter sent"]


@pytest.mark.parametrize("deed", [BEFORE, AFTER], ids=["before", "after"])
def test_a_second_death_leaves_the_letter_to_people(world: World, deed: str) -> None:
    for _ in range(2):
        killed_poll(world, deed)
    taken = 0 if deed == BEFORE else 2
    world.run("poll")
    world.run("poll", now="2024-06-09T12:00:00+08:00")
    assert len(world.sink.received) == taken
    assert standing(world) == ("failed", 2)
    assert events(world) == ["letter owed", "letter sent once more", "letter failed"]
    assert "可能已送达，也可能没有" in world.run("digest")
    assert "fate unknown" in world.run("show", "L000001")
