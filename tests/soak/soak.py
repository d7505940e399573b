"""Deliver, kill, start again, until all mails have come; then look."""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.exc import OperationalError

from tests.crash.invariants import doubts, violations
from tests.crash.office import Office
from tests.crash.processes import adopt, children, orphans
from tests.soak.post import mails, roster
from tests.soak.service import MIB, Service

PATIENCE = 900.0
"""Seconds in which everything must have come to rest after the last mail: two waiting times of a letter put off."""
LIVES, SAMPLES = 15, 300
"""So many lives, and so many samples of one life, tell whether memory grows."""
MOST_GROWTH = 1.15


@dataclass(frozen=True)
class Plan:
    """So many mails; SIGKILL after half to one and a half times `kill_every` seconds of work; a quiet end of so many
    mails. `backlog` are delivered ahead of what is decided: a busy day, not the day after a year's leave. A slow
    machine is not killed more than `most_kills` times."""

    mails: int
    kill_every: float
    seed: int = 1
    undisturbed: int = 0
    backlog: int = 40
    most_kills: int = 1_000_000


class Killing:
    """When to kill: a life's time counts from the first mail that it has decided, however slow the machine is."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._decided = 0
        self._at: float | None = None

    def is_time(self, decided: int) -> bool:
        """Asked again and again with the number of mails decided by now."""
        if self._at is None and decided > self._decided:
            self._at = time.monotonic() + self._plan.kill_every * self._chance.uniform(0.5, 1.5)
        if self._at is None or time.monotonic() < self._at:
            return False
        self._at, self._decided = None, decided
        return True


@dataclass
class Soak:
    """A long while of one office. `wrong` tells what should not be."""

    office: Office
    plan: Plan
    kills: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._killing = Killing(self.plan)

    def run(self) -> None:
        """Everything, with adopted children; afterwards the figures stand here."""
        _configure(self.office)
        adopt()
        known = children()
        service = Service(self.office)
        try:
            self._deliver(service)
            self._come_to_rest(service)
        finally:
            status = service.stop()
        self.wrong += [f"exit {status}"] if status else []
        self.wrong += [*violations(self.office), *_traces(service), *orphans(but=known)]
        self.wrong += _miscounted(self.office, self.plan)
        self._weigh(service)
        adopt(wanted=False)

    def _deliver(self, service: Service) -> None:
        self._began = time.monotonic()
        last = self.plan.mails - self.plan.undisturbed
        with self.office.world.dovecot.client(self.office.world.user) as client:
            for number, octets in enumerate(mails(self.plan.mails, self.plan.seed), 1):
                client.append("INBOX", octets, (), datetime.now(UTC))
                while number - (decided := self._decided()) > self.plan.backlog:
                    time.sleep(0.1)
                    service.sample()
                    if number <= last and self.kills < self.plan.most_kills and self._killing.is_time(decided):
                        service.kill_and_start()
                        self.kills += 1
                if number % 100 == 0:
                    self._tell(number)

    def _tell(self, number: int) -> None:
        told = f"{time.monotonic() - self._began:6.0f} s  {number} of {self.plan.mails} mails, {self.kills} kills"
        print(told, file=sys.stderr, flush=True)

    def _decided(self) -> int:
        """Sightings of mails that are decided."""
        return self._count("SELECT count(*) FROM sighting JOIN mail ON mail.id = mail_id WHERE state != 'received'")

    def _owed(self) -> int:
        return self._count("SELECT count(*) FROM letter WHERE state = 'due'")

    def _count(self, query: str) -> int:
        """A number from the records; 0 as long as there are none."""
        try:
            number: int = self.office.rows(query)[0][0]
        except OperationalError:
            return 0
        return number

    def _come_to_rest(self, service: Service) -> None:
        until = time.monotonic() + PATIENCE
        while self._decided() < self.plan.mails or self._owed():
            if time.monotonic() > until:
                self.wrong.append(f"not at rest: {self._decided()} decided, {self._owed()} letters owed")
                break
            time.sleep(0.2)
            service.sample()
        self.seconds = time.monotonic() - self._began

    def _weigh(self, service: Service) -> None:
        """Memory of the lives, early and late, and of the last life, which nothing disturbed."""
        peaks = [max(life.memory) / MIB for life in service.lives if life.memory]
        last = [octets / MIB for octets in service.lives[-1].memory]
        for name, figures, least in (("lives", peaks, LIVES), ("last life", last[len(last) // 3 :], SAMPLES)):
            third = max(1, len(figures) // 3)
            early, late = statistics.median(figures[:third]), statistics.median(figures[-third:])
            self.memory[name] = early, late
            if len(figures) >= least and late > early * MOST_GROWTH:
                self.wrong.append(f"memory of {name} grew from {early:.0f} to {late:.0f} MiB")

    def lines(self) -> Iterator[str]:
        """The figures, in Markdown."""
        again, twice = doubts(self.office)
        yield f"{self.plan.mails} mails, {self.kills} kills, {self.seconds / 60:.1f} min in all,"
        yield f"{self.seconds / self.plan.mails:.3f} s per mail."
        yield f"Letters sent once more: {again}, which had arrived: {twice}."
        for name, (before, after) in self.memory.items():
            yield f"Resident memory, {name}: {before:.0f} MiB early, {after:.0f} MiB late."
        yield f"Violations: {len(self.wrong)}."
        yield from (f"- {told}" for told in islice(self.wrong, 50))


def _configure(office: Office) -> None:
    office.prepare()
    config = office.folder / "config"
    (config / "units.toml").write_text(roster(), encoding="utf-8")
    notice = (config / "notices/week.toml").read_text(encoding="utf-8")
    (config / "notices/week.toml").write_text(notice.replace("2024-06-11T", "2099-06-11T"), encoding="utf-8")


def _miscounted(office: Office, plan: Plan) -> Iterator[str]:
    """Every place where a mail was put, and every content once."""
    contents = len(set(mails(plan.mails, plan.seed)))
    for table, expected in (("sighting", plan.mails), ("mail", contents)):
        found = office.rows(f"SELECT count(*) FROM {table}")[0][0]
        if found != expected:
            yield f"{table}: {found} rows, expected {expected}"


def _traces(service: Service) -> Iterator[str]:
    """What the service complained of: bugs of ours."""
    log = service.log.read_text(errors="replace")
    yield from re.findall(r"^.*(?:Traceback|crashed).*$", log, re.MULTILINE)
