"""Where one point is tried: an office of its own in the state before the run, made in milliseconds by copying.

The office has been at work before (its records exist, its mailbox was polled while it was empty), then five
mails came: a small one, a large one, the small one once more octet by octet, a corrected version of it, and one that
is none of the office's business and is emptied in the same poll.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

from tests.crash.office import Office
from tests.crash.warm import Ended, Run, Warm
from tests.e2e.world import NOON, World, mail, report
from tests.samples import media
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.smtp import SmtpSink

ARRIVED = datetime(2024, 6, 5, 2, 0, tzinfo=UTC)
LATER = ("2024-06-05T13:00:00+08:00", "2024-06-05T18:00:00+08:00", "2024-06-05T23:00:00+08:00")
"""When it is started again: every waiting time of a first or second attempt is over."""

_serial = count(1)


@cache
def small() -> bytes:
    """Some 5 kB; the same octets whenever it is asked for."""
    return mail("370826", {"微山县总结报告.docx": report("微山县")}, body="总结报告见附件。\n" * 90)


def large() -> bytes:
    photo = media.photo(seed=1)
    return mail("370883", {"1.jpg": photo + bytes(2_200_000 - len(photo))})


def corrected() -> bytes:
    return mail("370826", {"微山县总结报告（更正）.docx": report("微山县新版")}, subject="更正：科技活动周总结材料")


@cache
def unrelated() -> bytes:
    return mail(
        "370826", {"1.jpg": media.photo(seed=9)}, subject="会议场地优惠", sender="x@ads.example", body="欢迎选购。"
    )


MAILS = (small, large, small, corrected, unrelated)


@dataclass(frozen=True)
class Place(Office):
    """One office and the process that runs `run_intake.py` in it."""

    warm: Warm

    def start(self, *words: str, now: str = NOON, held: bool = False, changed: Sequence[str] = ()) -> Run:
        whole = ["--config", str(self.folder / "config"), "--now", now, *words]
        return self.warm.start(whole, self.environment, self.folder / "output", held=held, changed=changed)

    def run(self, *words: str, now: str = NOON, changed: Sequence[str] = ()) -> Ended:
        return self.start(*words, now=now, changed=changed).wait()


class Template:
    """An office before its very first poll, before a poll that brings mail, and after it. `place` copies it."""

    def __init__(
        self, folder: Path, dovecot: Dovecot, warm: Sequence[Warm], sink: SmtpSink, postgres: Postgres | None = None
    ) -> None:
        """Every warm process does it all once, and imports what that needs. With a server there is a role more."""
        self._folder = folder
        self._postgres = postgres
        self._place = _settled(Place(World(folder / "template", _name(), dovecot, sink), warm[0]))
        _done(self._place.run("poll"))
        if postgres:
            self._served = postgres.create()
            world = replace(self._place.world, folder=folder / "served", database=postgres.url(self._served))
            served = _settled(Place(world, warm[0]))
            for process in warm:
                _done(process.learn(replace(served, warm=process).start("poll")))
        for number, make in enumerate(MAILS):
            self._place.world.deliver(make(), ARRIVED + timedelta(minutes=number))
        self._decided = folder / "decided"
        for process in warm:
            self._rehearse(process, sink)

    def _rehearse(self, warm: Warm, sink: SmtpSink) -> None:
        place = self.place("poll", warm, sink)
        _done(warm.learn(place.start("poll")))
        shutil.copytree(place.data, self._decided, dirs_exist_ok=True)
        self._answers = list(sink.received)
        _done(warm.learn(place.start("digest", "--send")))

    def place(self, role: str, warm: Warm, sink: SmtpSink) -> Place:
        """A new place in the state in which this role begins, and a sink that holds what had been sent by then."""
        dovecot, name = self._place.world.dovecot, _name()
        database = ""
        if role == "served":
            assert self._postgres
            database = self._postgres.url(self._postgres.create(self._served))
        place = _settled(Place(World(self._folder / name, name, dovecot, sink, database), warm))
        _copy_mailbox(dovecot, self._place.world.user, name)
        if role not in ("first", "served"):
            shutil.copytree(self._decided if role == "digest" else self._place.data, place.data)
        sink.received[:] = self._answers if role == "digest" else []
        return place

    def wait_for_the_server(self, place: Place) -> None:
        """PostgreSQL notices a moment later that a client has died, and until then its locks are held."""
        name = place.world.database.rpartition("/")[2]
        while self._postgres and self._postgres.sql(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'"):
            time.sleep(0.01)

    def cleared(self, place: Place) -> None:
        """Remove a place that is not needed any more."""
        shutil.rmtree(place.folder)
        shutil.rmtree(_mailbox(place.world.dovecot, place.world.user))
        if self._postgres and place.world.database:
            self._postgres.drop(place.world.database.rpartition("/")[2])


def _done(ended: Ended) -> None:
    assert ended.status == 0, ended.output


def _settled(place: Place) -> Place:
    place.prepare()
    return place


def _name() -> str:
    return f"crash{os.getpid()}-{next(_serial)}"


def _mailbox(dovecot: Dovecot, user: str) -> Path:
    return dovecot.root / "mail" / user


def _copy_mailbox(dovecot: Dovecot, user: str, other: str) -> None:
    """Mails are linked, for nobody writes to them; the server's own notes are copied."""
    source, target = _mailbox(dovecot, user), _mailbox(dovecot, other)
    for path in [source, *sorted(source.rglob("*"))]:
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir()
        elif path.parent.name in ("cur", "new"):
            copy.hardlink_to(path)
            continue
        else:
            shutil.copy2(path, copy)
        if os.getuid() == 0:
            os.chown(copy, dovecot.uid, dovecot.gid)
