"""The only wiring: from a configuration to stages that can be run. Heavy libraries are imported where they are used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from intake import journal
from intake.adapters import workdays
from intake.adapters.blobs import BlobStore
from intake.adapters.letters.stationery import Letterhead, OfficeStationery
from intake.adapters.letters.words import Words
from intake.adapters.looking import Looker
from intake.adapters.pulse import PULSE
from intake.adapters.reading.reader import ChildReader
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.sandbox.active import unfiltered
from intake.adapters.scanning import Clamd
from intake.domain.schedule import IsWorkday
from intake.domain.vitals import Streak
from intake.entry import scanner
from intake.entry.config import Config, ConfigError, without_words
from intake.entry.disks import guard_of
from intake.entry.heartbeat import Signs
from intake.entry.office import account_of, limits_of, office_of, opens, rules_of, sender_of, terms_of
from intake.entry.ownership import Ownership, ownership
from intake.entry.passwords import password_problems
from intake.entry.servers import Servers, take_a_breath
from intake.entry.signatures import signatures_of
from intake.pipeline.deliver import Post, deliver
from intake.pipeline.examine import Bench, examine
from intake.pipeline.folders import Intake
from intake.pipeline.mend import Infirmary, mend
from intake.pipeline.receive import receive
from intake.pipeline.rescan import rescan
from intake.pipeline.retain import retain
from intake.pipeline.room import Guard
from intake.pipeline.summarise import Desk, summarise
from intake.pipeline.watch import Lookout, watch
from intake.ports import Clock, Deferred, Mailbox

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

LONGEST_ROUND = 900.0
"""Seconds after which a stage begins no other mail or letter: the next stage must not wait long."""


class App:
    """A configured service.

    `stopping` is asked between mails; `progress` is told of every mail decided; inside `lull` the mailbox is opened.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        stopping: Callable[[], bool] = lambda: False,
        progress: Callable[[str], None] = lambda _ref: None,
        lull: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.config = config
        self.clock = clock
        self.office = office_of(config)
        self.signs = Signs()
        self.crashes: dict[str, Streak] = {}
        self._lull = lull
        self._stop = stopping
        self._progress = progress

    def _stopping(self) -> bool:
        """Asked from one mail to the next, and from one letter to the next."""
        PULSE.beat()
        return self._stop()

    def _in_time(self) -> Callable[[], bool]:
        """What a stage that begins now asks instead."""
        ends = time.monotonic() + LONGEST_ROUND
        return lambda: self._stopping() or time.monotonic() > ends

    @cached_property
    def database(self) -> Database:
        database = Database(self.config.database_url)
        database.migrate()
        return database

    @cached_property
    def records(self) -> SqlRecords:
        return SqlRecords(self.database, self.office.roster)

    @cached_property
    def blobs(self) -> BlobStore:
        return BlobStore(self.blob_folder)

    @property
    def data_folder(self) -> Path:
        """Where the blobs lie, and the heartbeat beside them."""
        return self.blob_folder.parent

    @property
    def blob_folder(self) -> Path:
        return self.config.path(self.config.site.storage.blobs)

    @cached_property
    def words(self) -> Words:
        own = self.config.folder / "templates"
        return Words([*([own] if own.is_dir() else []), TEMPLATES], self.config.zone)

    @cached_property
    def stationery(self) -> OfficeStationery:
        site = self.config.site
        shadow = site.replies.mode == "shadow"
        account = account_of(self.config)
        letterhead = Letterhead(sender_of(self.config), site.staff.digest_to, site.staff.operators, shadow, account)
        return OfficeStationery(self.words, letterhead, self.records.message_key())

    @property
    def is_digest_day(self) -> IsWorkday:
        return workdays.is_workday if self.config.site.schedule.digest_days == "workdays" else lambda _day: True

    def owned(self) -> AbstractContextManager[Ownership]:
        """Do this service's work for as long as the block lasts; raises Elsewhere when another process does."""
        return ownership(self.database)

    def poll(self) -> str | None:
        """One pass of receive, examine and deliver; what failed in the world, or None. A failure stops nothing else.

        Whatever is raised, ConfigError without the passwords, the poll is on record as failed.
        """
        number = self.records.poll_began(self.clock())
        try:
            taken, trouble = self._pass()
        except Exception as error:
            self._poll_ended(number, 0, without_words(error))
            raise
        self._poll_ended(number, taken, trouble.get("receive"), trouble.get("examine"))
        return "; ".join(f"{stage}: {why}" for stage, why in trouble.items()) or None

    def _poll_ended(self, number: int, taken: int, error: str | None, examine_error: str | None = None) -> None:
        self.records.poll_ended(number, self.clock(), taken, error, examine_error)
        self.signs = replace(self.signs, last_poll_at=self.clock(), last_poll_error=error)

    def _pass(self) -> tuple[int, dict[str, str]]:
        """The mails taken, and what failed at which stage."""
        if left := self.blobs.sweep():
            journal.swept(left)
        wrong = password_problems(self.config)
        if wrong:
            raise ConfigError(wrong)
        taken, trouble = 0, {}
        for stage in (self.receive, self.mend, self.rescan, self.examine, self.deliver, self.retain):
            try:
                done = stage()
                taken += done if stage == self.receive else 0
            except Deferred as error:
                journal.deferred(stage.__name__, error)
                trouble[stage.__name__] = str(error)
        return taken, trouble

    def ended(self, job: str, error: Exception | None) -> None:
        """Note how a job ended: without an error, or for a reason of ours."""
        before = self.crashes.pop(job, Streak(0, self.clock()))
        if error is not None:
            self.crashes[job] = Streak(before.count + 1, before.since, without_words(error))

    def tend(self) -> None:
        """Watch; what operators must know is sent at once."""
        posted = watch(self.lookout)
        with self.records.chronicle() as chronicle:
            standing = tuple(each.name for each in chronicle.alarms() if each.stands)
        self.signs = replace(self.signs, alarms=standing)
        if posted:
            self.deliver()

    def receive(self) -> int:
        guard = self.guard
        guard.require()
        intake = Intake(
            open_mailbox=self.servers.open_mailbox,
            records=self.records,
            blobs=self.blobs,
            folders=tuple(self.config.site.imap.folders),
            opens=opens(self.office),
            clock=self.clock,
            max_mail=self.office.max_mail,
            require=guard.require,
            stopping=self._in_time(),
            junk=self.config.site.imap.junk,
            pause=take_a_breath,
        )
        with self._lull():
            return receive(intake)

    def mend(self, *, at_once: bool = False) -> int:
        """`at_once`: all that is to be mended, however long it takes."""
        require, most = self.guard.require, self.office.max_mail
        stopping = self._stopping if at_once else self._in_time()
        return mend(Infirmary(self._mailbox, self.records, self.blobs, self.clock, most, require, stopping, at_once))

    @contextmanager
    def _mailbox(self) -> Iterator[Mailbox]:
        with self._lull(), self.servers.open_mailbox() as box:
            yield box

    @property
    def guard(self) -> Guard:
        """What keeps us from fetching when a disk is nearly full."""
        return guard_of(self.config, self.blobs, self.records.largest_mail(self.office.max_mail))

    def rescan(self) -> int:
        return rescan(self.records, lambda: scanner.answers(self.scanner), self.clock)

    @cached_property
    def scanner(self) -> Clamd | None:
        return scanner.scanner_of(self.config)

    def examine(self) -> int:
        return examine(replace(self.bench, stopping=self._in_time()))

    @property
    def bench(self) -> Bench:
        return Bench(
            self.records,
            self.blobs,
            ChildReader(),
            Looker(scanner=self.scanner),
            self.office,
            self.stationery,
            self.clock,
            self._stopping,
            self._progress,
            limits=limits_of(self.config),
            signatures=signatures_of(self.config),
        )

    def deliver(self) -> int:
        return deliver(Post(self.servers.open_courier, self.records, self.clock, self._in_time()))

    def retain(self) -> int:
        return retain(self.records, self.blobs, self.clock, terms_of(self.config), self._in_time())

    def summarise(self) -> bool:
        return summarise(self.desk)

    @property
    def desk(self) -> Desk:
        return Desk(
            records=self.records,
            stationery=self.stationery,
            office=self.office,
            clock=self.clock,
            zone=self.config.zone,
            at=self.config.digest_at,
            is_digest_day=self.is_digest_day,
            is_workday=workdays.is_workday,
            free_bytes=self.blobs.free_bytes,
            shadow=self.config.site.replies.mode == "shadow",
            warnings=self._warnings,
        )

    @property
    def lookout(self) -> Lookout:
        return Lookout(
            records=self.records,
            stationery=self.stationery,
            clock=self.clock,
            zone=self.config.zone,
            at=self.config.digest_at,
            rules=rules_of(self.config),
            room=self.room,
            crashes=lambda: self.crashes,
        )

    def room(self) -> tuple[int, int]:
        """The octets that are free on the disk, and those that must stay so; DiskLow when it takes no more files."""
        return self.guard.measured()

    def _warnings(self) -> tuple[str, ...]:
        known = workdays.is_known(self.clock().astimezone(self.config.zone).year)
        told = {"holidays-unknown": not known, "children-without-seccomp": unfiltered()}
        mine = (code for code, holds in told.items() if holds)
        return (*mine, *scanner.warnings(self.scanner, self.records.scans_given_up(), self.clock()))

    @cached_property
    def servers(self) -> Servers:
        return Servers(self.config, self.records, self.clock)

    def close(self) -> None:
        """Let go of the database."""
        if "database" in self.__dict__:
            self.database.close()
