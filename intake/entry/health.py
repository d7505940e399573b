"""`status --health`: is all well, for supervisors and their scripts. Exit status 0 or 1, and why.

It looks at the heartbeat, at the records and at the disk, each for itself, changes nothing, and waits for nobody: a
database that does not answer is told like any other trouble.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, Queue
from zoneinfo import ZoneInfo

import click
from sqlalchemy import make_url

from intake.adapters.letters.clean import clean
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.domain.alarm import Facts, Standing, Trouble, troubles
from intake.domain.vitals import Streak, Stuck, Vitals
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.config import ConfigError
from intake.entry.disks import guard_of
from intake.entry.heartbeat import Heartbeat, read
from intake.entry.office import rules_of
from intake.pipeline.watch import with_disk
from intake.ports import Deferred

PATIENCE = 10.0
"""Seconds for the database to answer."""
BEATS_MISSED = timedelta(minutes=5)
"""`serve` writes the heartbeat twice a minute, and no job of it keeps it from doing so."""
POLLS_MISSED = 3

SILENT = 2_400
"""Seconds without a sign of life that no honest work takes; the watchdog gives it a while longer."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the records tell: vital signs, alarms, and the size of the largest mail so far."""

    vitals: Vitals
    alarms: tuple[Standing, ...] = ()
    largest: int = 0


def health(folder: Path, now: datetime | None, verbose: bool) -> int:
    """Print what is amiss, a line each; 0 when nothing is, else 1."""
    try:
        with opened(folder, now, verbose=verbose) as app:
            amiss = [*_beating(app), *_working(app)]
    except ConfigError as error:
        amiss = [f"configuration: {problem}" for problem in error.problems]
    for line in amiss:
        click.echo(f"NO  {line}")
    if not amiss:
        click.echo("ok  all is well")
    return 1 if amiss else 0


def _beating(app: App) -> Iterator[str]:
    """What the heartbeat says."""
    place = app.data_folder / "heartbeat"
    try:
        beat = read(app.data_folder)
    except (OSError, ValueError) as error:
        yield f"heartbeat: {place} cannot be read: {error}"
        return
    if beat is None:
        yield f"heartbeat: there is no {place}; neither serve nor poll has run here"
    elif late := _late(app, beat):
        yield f"heartbeat: {late}; {beat.by} (pid {beat.pid}) does not work, or its disk takes no files"
    elif beat.silent_seconds > SILENT:
        yield f"heartbeat: nothing has moved in {beat.by} (pid {beat.pid}) for {beat.silent_seconds} s"


def _late(app: App, beat: Heartbeat) -> str | None:
    """In words, how a heartbeat is not of now."""
    now = app.clock().astimezone(app.config.zone)
    pause = timedelta(seconds=app.config.site.schedule.poll_seconds) * POLLS_MISSED if beat.by == "poll" else None
    age = now - beat.time
    if age > BEATS_MISSED + (pause or timedelta(0)):
        return f"none since {_shown(beat.time)}"
    if age < -BEATS_MISSED:
        return f"it is from {_shown(beat.time)}, and now is {_shown(now)}: the clock went back"
    return None


def _working(app: App) -> Iterator[str]:
    """What the records and the disk say."""
    told = _recorded(app)
    if isinstance(told, str):
        yield f"database: {told}"
        told = Recorded(Vitals(app.clock(), Streak(), Stuck()))
    vitals = with_disk(told.vitals, guard_of(app.config, app.blobs, told.largest).measured)
    yield from _unpolled(app, vitals)
    uneasy = {each.name: each.facts for each in told.alarms if each.stands and not each.seen_at}
    for name, facts in (uneasy | troubles(vitals, rules_of(app.config))).items():
        words = _WORDED[name].format_map(_shown_facts(facts, app.config.zone))
        yield f"{name}: {words.rstrip(' :')}"


def _recorded(app: App) -> Recorded | str:
    """The vital signs and the alarms in the records; or in words why there are none."""
    url = make_url(app.config.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return f"there is no {url.database}; neither serve nor poll has run here"
    answers: Queue[Recorded | str] = Queue()
    threading.Thread(target=lambda: answers.put(_asked(app)), name="health", daemon=True).start()
    try:
        return answers.get(timeout=PATIENCE)
    except Empty:
        return f"no answer within {PATIENCE:.0f} s"


def _asked(app: App) -> Recorded | str:
    """Ask without bringing the schema up to date: that is not for a look from outside."""
    database = Database(app.config.database_url)
    try:
        records = SqlRecords(database, app.office.roster)
        with records.chronicle() as chronicle:
            vitals, alarms = chronicle.vitals(app.clock()), chronicle.alarms()
        return Recorded(vitals, alarms, records.largest_mail(app.office.max_mail))
    except Deferred as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - of another release, say: whatever it is, the records cannot be read
        return f"{type(error).__name__}: {error}"
    finally:
        database.close()


def _unpolled(app: App, vitals: Vitals) -> Iterator[str]:
    """A service that lives and does not poll; that polls fail is another trouble, and one under way is none."""
    pause = timedelta(seconds=app.config.site.schedule.poll_seconds) * POLLS_MISSED
    limit = max(rules_of(app.config).polling, pause)
    if vitals.under_way or vitals.last_poll_at is None:
        return
    if abs(vitals.now - vitals.last_poll_at) > limit:
        yield f"polls: none since {_shown(vitals.last_poll_at.astimezone(app.config.zone))}"


_WORDED = {
    Trouble.POLLING: "{count} polls failed in a row since {since}: {error}",
    Trouble.LOGIN_IMAP: "login refused {count} times, not tried again before {until}: {error}",
    Trouble.LOGIN_SMTP: "login refused {count} times, not tried again before {until}: {error}",
    Trouble.SENDING: "{letters} letters wait since {since}, {refused} refused in a row: {error}",
    Trouble.DISK: "{free_bytes} octets free, {reserve} must be: {error}",
    Trouble.PARKED: "{count} mails were tried three times in vain: {refs}",
    Trouble.EXAMINING: "{backlog} mails wait, {count} times in a row they could not be examined since {since}: {error}",
    Trouble.CRASHING: "{job} failed {count} times in a row since {since}: {error}",
    Trouble.LOST: "of {count} mails the stored octets are spoilt and cannot be fetched again: {refs}",
    Trouble.HELD: "{count} answers wait for staff ({rule}), let go with release --letters: {refs}",
    Trouble.DIGEST: "{count} digests were refused or came back: {refs}: {error}",
    Trouble.POSTPONED: "{count} mails cannot be fetched, the first since {since}: {error}",
}


def _shown_facts(facts: Facts, zone: ZoneInfo) -> Mapping[str, str]:
    """Times on the office's clock, lists in a row, everything on one line; "-" for what is not told."""
    return defaultdict(lambda: "-", {key: _one_line(key, value, zone) for key, value in facts.items()})


def _one_line(key: str, value: object, zone: ZoneInfo) -> str:
    if key in ("since", "until") and isinstance(value, str):
        return _shown(datetime.fromisoformat(value).astimezone(zone))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "-")
    return clean(text, limit=300)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %z}"
