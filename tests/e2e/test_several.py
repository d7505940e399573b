"""Several processes on one PostgreSQL: one serves, the others stand by or only examine, whatever happens to them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select

from intake.adapters.records.database import Database
from intake.adapters.records.tables import EventRow, ExaminationRow, LetterRow, MailRow
from intake.entry.app import App
from intake.entry.config import load
from tests.e2e.world import UNITS, World, address, complete, mail, report
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.postgres import Postgres
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, postgres: Postgres) -> Iterator[World]:
    name = postgres.create()
    world = World(tmp_path, user, dovecot, sink, postgres.url(name))
    world.configure()
    yield world
    postgres.drop(name)


@pytest.fixture
def started(world: World) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command of the world; whatever still runs at the end is killed."""
    with ExitStack() as running:

        def start(*words: str) -> subprocess.Popen[str]:
            process = running.enter_context(world.start(*words))
            running.callback(process.kill)
            return process

        yield start


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def ended(process: subprocess.Popen[str]) -> str:
    """Tell a process to stop; what it said."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "Traceback" not in output, output
    return output


def test_the_whole_way_of_a_mail_on_a_server(world: World) -> None:
    world.deliver(complete("370826"))
    world.deliver(mail("370883", {"邹城市总结报告.docx": report("邹城市")}))
    world.run("poll")
    assert len(world.letters()) == 2
    assert world.unit("370826")["state"] == "complete"
    world.run("retry", "M000001")
    world.run("assign", "M000002", "曲阜市")
    world.run("poll")
    assert len(world.letters()) == 3, "a retry is answered no second time, a ruling is"
    assert world.unit("370881")["state"] == "partial"
    world.run("digest", "--send")
    assert world.letters("rck@ji.shandong.cn")


def test_when_the_leader_is_killed_another_takes_over(
    world: World, started: Callable[..., subprocess.Popen[str]], postgres: Postgres
) -> None:
    first = started("serve")
    wait_until(lambda: leaders(postgres, world))
    second = started("serve")
    world.deliver(complete("370826"), datetime.now(UTC))
    wait_until(lambda: world.letters(address("370826")))
    assert f"{first.pid}) already works on this database" in world.run("poll", status=75)
    assert "the running service will send it" in world.run("digest", "--send", now=None)
    first.kill()
    world.deliver(complete("370883"), datetime.now(UTC))
    wait_until(lambda: world.letters(address("370883")))
    assert leaders(postgres, world) == [second.pid]
    said = ended(second)
    assert said.count("standing-by") == 1
    assert len(world.letters(address("370826"))) == 1


def test_a_leader_without_its_connection_leads_no_more(
    world: World, started: Callable[..., subprocess.Popen[str]], postgres: Postgres
) -> None:
    only = started("serve")
    wait_until(lambda: leaders(postgres, world) and world.status()["service"]["last_poll_ok"])
    name = world.database.rpartition("/")[2]
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    world.deliver(complete("370826"), datetime.now(UTC))
    wait_until(lambda: world.letters(address("370826")))
    said = ended(only)
    assert "lead-lost" in said
    assert said.count(" started ") == 2


def leaders(postgres: Postgres, world: World) -> list[int]:
    """Process ids of those that lead."""
    name = world.database.rpartition("/")[2]
    rows = postgres.sql(
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
        f" WHERE locktype = 'advisory' AND objid = 2 AND datname = '{name}'"
    )
    return [int(each.split()[-1]) for (each,) in rows]


def test_work_needs_a_database_that_is_shared(world: World) -> None:
    world.database = ""
    world.configure()
    told = world.run("work", now=None, status=78)
    assert "`work` needs" in told
    assert not (world.folder / "config/data").exists(), "nothing was made"


def test_a_worker_that_does_not_see_the_files_spoils_no_record(
    world: World, started: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    world.deliver(complete("370826"))
    app = App(load(world.folder / "config"), lambda: datetime(2024, 6, 5, 4, tzinfo=UTC))
    app.receive()
    app.close()
    (world.folder / "config/data/blobs").rename(world.folder / "shared")
    worker = started("work")
    assert worker.stdout is not None
    wait_until(lambda: "M000001" in worker.stdout.readline())  # type: ignore[union-attr]
    assert '"what": "octets spoilt"' not in world.run("show", "M000001", "--json")
    (world.folder / "shared").rename(world.folder / "config/data/blobs")
    records = Database(world.database)
    wait_until(lambda: states(records) == {"decided": 1})
    records.close()
    assert "decided" in ended(worker)


MAILS = 40
WORKERS = 8
AWAY = 2.0
"""Seconds after which a worker that is paused has lost its claim."""


def test_eight_workers_decide_each_mail_once_though_some_are_paused_and_some_are_killed(
    world: World,
    started: Callable[..., subprocess.Popen[str]],
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    for number in range(MAILS):
        code = list(UNITS)[number % len(UNITS)]
        world.deliver(mail(code, {f"{number}.docx": report(f"{UNITS[code]}{number}")}, body=f"第{number}封"))
    app = App(load(world.folder / "config"), lambda: datetime(2024, 6, 5, 4, tzinfo=UTC))
    app.receive()
    app.close()
    world.database += "?options=" + quote(f"-c idle_in_transaction_session_timeout={AWAY:.0f}s")
    world.configure()
    workers = {process.pid: process for process in (started("work") for _each in range(WORKERS))}
    paused, killed = harm(workers, postgres, world)
    records = Database(world.database)
    wait_until(lambda: states(records) == {"decided": MAILS}, 120)
    for pid in paused:
        os.kill(pid, signal.SIGCONT)
    said = "".join(ended(process) for pid, process in workers.items() if pid not in killed)
    with records.reading() as session:
        events = Counter((event.what, event.mail_id) for event in session.scalars(select(EventRow)))
        letters = Counter(session.scalars(select(LetterRow.mail_id)))
        left = len(list(session.scalars(select(ExaminationRow))))
    records.close()

    decided = {mail_id: count for (what, mail_id), count in events.items() if what == "decided"}
    assert decided == dict.fromkeys(range(1, MAILS + 1), 1)
    assert letters == dict.fromkeys(range(1, MAILS + 1), 1)
    assert {what for what, _mail in events} == {"taken", "decided", "letter owed"}
    assert (len(paused), len(killed)) == (2, 2)
    assert said.count("deferred what=work") == 2, "each of the paused learnt that it has no connection any more"
    assert left == 0


def harm(workers: dict[int, subprocess.Popen[str]], postgres: Postgres, world: World) -> tuple[set[int], set[int]]:
    """Pause two and kill two, each in the middle of an examination."""
    paused: set[int] = set()
    killed: set[int] = set()
    while len(paused) + len(killed) < 4:
        busy = [pid for pid in examining(postgres, world) if pid not in paused | killed]
        if busy:
            pid = random.choice(busy)
            os.kill(pid, signal.SIGSTOP)
            if pid not in examining(postgres, world):  # it was done a moment before
                os.kill(pid, signal.SIGCONT)
            elif len(killed) < 2:
                killed.add(pid)
                workers[pid].kill()
            else:
                paused.add(pid)
    return paused, killed


def examining(postgres: Postgres, world: World) -> list[int]:
    """Process ids of those that hold a mail, and have for a moment."""
    name = world.database.rpartition("/")[2].partition("?")[0]
    rows = postgres.sql(
        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE state = 'idle in transaction'"
        " AND relation = 'mail'::regclass AND mode = 'RowShareLock' AND xact_start < now() - interval '50 ms'",
        name,
    )
    return [int(each.split()[-1]) for (each,) in rows]


def states(records: Database) -> Counter[str]:
    with records.reading() as session:
        return Counter(session.scalars(select(MailRow.state)))
