"""`check`: is the configuration right and the world there; every problem at once, in lines of ok, NO and told facts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from intake.adapters import imap, smtp
from intake.adapters.sandbox.active import active
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.config import Config, ConfigError, load
from intake.entry.passwords import imap_password, smtp_password
from intake.entry.proofs import letter_problems
from intake.entry.servers import imap_settings, smtp_settings
from intake.pipeline.room import GIB
from intake.ports import Deferred, DiskLow

SLOWEST_ANSWER = 15.0
"""Seconds that `check` waits for a server; the service itself is more patient."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line: `ok` is None for a plain fact."""

    ok: bool | None
    what: str
    status: int = os.EX_TEMPFAIL


def check(folder: Path, now: datetime | None, verbose: bool) -> int:
    """Print what is right and what is not; 0 when all is, 78 for the configuration, 75 for the world."""
    worst = os.EX_OK
    for told in _all(folder, now, verbose=verbose):
        mark = {True: "ok  ", False: "NO  ", None: "    "}[told.ok]
        click.echo(f"{mark}{told.what}")
        if told.ok is False:
            worst = max(worst, told.status)
    return worst


def _all(folder: Path, now: datetime | None, *, verbose: bool) -> Iterator[Told]:
    try:
        config = load(folder)
    except ConfigError as error:
        yield from (Told(False, problem, os.EX_CONFIG) for problem in error.problems)
        return
    yield from _configuration(config)
    with opened(folder, now, verbose=verbose) as app:
        for each in (_templates, _disk, _clock, _children, _scanner, _mailbox, _letters):
            yield from each(app)


def _configuration(config: Config) -> Iterator[Told]:
    units, notices = _counted(len(config.units), "unit"), _counted(len(config.notices), "notice")
    yield Told(True, f"configuration: {units}, {notices} in {config.folder}")
    nobody = sum(not unit.senders for unit in config.units)
    if nobody:
        yield Told(None, f"{nobody} of {units} list no senders: their mail counts, to be confirmed")
    if config.site.replies.mode == "shadow":
        staff = config.site.staff
        yield Told(None, f"shadow mode: every answer goes to {', '.join(staff.operators or staff.digest_to)} instead")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _templates(app: App) -> Iterator[Told]:
    wrong = letter_problems(app)
    yield from (Told(False, problem, os.EX_CONFIG) for problem in wrong)
    if not wrong:
        own = app.config.folder / "templates"
        yield Told(True, f"templates: every letter can be written{f', with those in {own}' if own.is_dir() else ''}")


def _disk(app: App) -> Iterator[Told]:
    try:
        with app.blobs.writer() as writer:
            writer.write(b"check")
        yield Told(True, f"disk: {app.blob_folder} takes files")
    except Deferred as error:
        yield Told(False, f"disk: {error}")
    try:
        app.database  # noqa: B018 - opening it creates or migrates the schema
        yield Told(True, f"database: {app.database.url.render_as_string(hide_password=True)}")
        yield _room(app)
    except (Deferred, OSError) as error:
        yield Told(False, f"database: {error}")


def _room(app: App) -> Told:
    """Whether mail is fetched at all: that needs the largest mail on record."""
    try:
        free, needed = app.room()
    except DiskLow as error:
        return Told(False, f"disk: {error}")
    return Told(free >= needed, f"disk: {free / GIB:.1f} GiB free, {needed / GIB:.1f} GiB must be to fetch mail")


def _clock(app: App) -> Iterator[Told]:
    now = app.clock().astimezone(app.config.zone)
    try:
        with app.records.chronicle() as chronicle:
            last = chronicle.health(None, 0, ()).last_poll_at
    except (Deferred, OSError):
        last = None
    went_back = last is not None and last > now
    tail = f", but the last poll was at {last:%Y-%m-%d %H:%M:%S %z}: the clock went back" if went_back else ""
    yield Told(not went_back, f"clock: {now:%Y-%m-%d %H:%M:%S} {app.config.site.timezone}{tail}")


def _scanner(app: App) -> Iterator[Told]:
    if app.scanner is None:
        yield Told(None, "scanner: none is configured; files are not searched for malware")
        return
    try:
        version = app.scanner.version()
        app.scanner.prove()
    except Deferred as error:
        yield Told(False, f"scanner: {error}")
        return
    of = f" of {version.of:%Y-%m-%d}" if version.of else ""
    signatures = f"signatures {version.signatures}{of}" if version.signatures else "signatures of unknown date"
    yield Told(True, f"scanner: {app.scanner.place} answers, {version.program}, {signatures}")


def _children(_app: App) -> Iterator[Told]:
    """A kernel without seccomp or Landlock is a fact that operators should know; the work goes on without."""
    try:
        found = active()
    except Deferred as error:
        yield Told(False, f"children: {error}")
        return
    yield Told(found.seccomp or None, f"children: {found}")


def _mailbox(app: App) -> Iterator[Told]:
    try:
        password = imap_password()
    except ConfigError as error:
        yield from (Told(False, f"mailbox: {problem}", os.EX_CONFIG) for problem in error.problems)
        return
    settings = replace(imap_settings(app.config), read_timeout=SLOWEST_ANSWER, grace=SLOWEST_ANSWER)
    found = imap.probe(settings, password, app.config.site.imap.folders, junk=app.config.site.imap.junk)
    if found.capabilities:
        yield Told(True, f"mailbox: logged in to {settings} as {settings.username}")
        yield Told(None, f"  greeting      {found.greeting}")
        yield Told(None, f"  capabilities  {' '.join(found.capabilities)}")
        yield Told(None, f"  ID            {found.server_id or '(not advertised)'}")
        yield Told(None, f"  folders       {', '.join(folder.name for folder in found.folders)}")
    for state in found.states:
        kind = ", for unwanted mail" if state.junk else ""
        told = f"folder {state.folder}{kind}: {_counted(state.exists, 'mail')}, UIDVALIDITY {state.uidvalidity}"
        yield Told(True, told)
    yield from (Told(False, f"mailbox: {error}") for error in found.errors)


def _letters(app: App) -> Iterator[Told]:
    try:
        password = smtp_password(app.config)
    except ConfigError as error:
        yield from (Told(False, f"letters: {problem}", os.EX_CONFIG) for problem in error.problems)
        return
    found = smtp.probe(replace(smtp_settings(app.config), command_timeout=SLOWEST_ANSWER), password)
    if found.error:
        yield Told(False, f"letters: {found.error}")
        return
    yield Told(True, f"letters: {smtp_settings(app.config)} answers{', logged in' if found.logged_in else ''}")
    yield Told(None, f"  features      {', '.join(found.features)}")
