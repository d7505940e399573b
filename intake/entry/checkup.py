"""`check`: is the configuration right and the world there; every problem at once, in lines of ok, NO and told facts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from intake.adapters import imap, smtp
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.config import ConfigError, load, secret
from intake.ports import Deferred

ENOUGH_FREE = 1 << 30
"""Octets on the disk below which polling is not safe."""
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
    yield Told(True, f"configuration: {len(config.units)} units, {len(config.notices)} notices in {config.folder}")
    nobody = sum(not unit.senders for unit in config.units)
    if nobody:
        yield Told(None, f"{nobody} of {len(config.units)} units list no senders: their mail counts, to be confirmed")
    if config.site.replies.mode == "shadow":
        yield Told(None, "shadow mode: every letter goes to staff only")
    with opened(folder, now, verbose=verbose) as app:
        yield from _disk(app)
        yield from _clock(app)
        yield from _mailbox(app)
        yield from _letters(app)


def _disk(app: App) -> Iterator[Told]:
    try:
        with app.blobs.writer() as writer:
            writer.write(b"check")
        free = app.blobs.free_bytes()
        yield Told(free >= ENOUGH_FREE, f"disk: {app.blob_folder} takes files, {free / (1 << 30):.1f} GiB free")
    except Deferred as error:
        yield Told(False, f"disk: {error}")
    try:
        app.database  # noqa: B018 - opening it creates or migrates the schema
        yield Told(True, f"database: {app.database.url.render_as_string(hide_password=True)}")
    except (Deferred, OSError) as error:
        yield Told(False, f"database: {error}")


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


def _mailbox(app: App) -> Iterator[Told]:
    try:
        password = secret("INTAKE_IMAP_PASSWORD")
    except ConfigError as error:
        yield from (Told(False, problem, os.EX_CONFIG) for problem in error.problems)
        return
    if password is None:
        yield Told(False, "mailbox: INTAKE_IMAP_PASSWORD (or INTAKE_IMAP_PASSWORD_FILE) is not set", os.EX_CONFIG)
        return
    settings = replace(app.imap_settings, read_timeout=SLOWEST_ANSWER, grace=SLOWEST_ANSWER)
    found = imap.probe(settings, password, app.config.site.imap.folders)
    if found.capabilities:
        yield Told(True, f"mailbox: logged in to {settings} as {settings.username}")
        yield Told(None, f"  greeting      {found.greeting}")
        yield Told(None, f"  capabilities  {' '.join(found.capabilities)}")
        yield Told(None, f"  ID            {found.server_id or '(not advertised)'}")
        yield Told(None, f"  folders       {', '.join(found.folders)}")
    for state in found.states:
        yield Told(True, f"folder {state.folder}: {state.exists} mails, UIDVALIDITY {state.uidvalidity}")
    yield from (Told(False, f"mailbox: {error}") for error in found.errors)


def _letters(app: App) -> Iterator[Told]:
    try:
        password = secret("INTAKE_SMTP_PASSWORD")
    except ConfigError as error:
        yield from (Told(False, problem, os.EX_CONFIG) for problem in error.problems)
        return
    if app.smtp_settings.username and not password:
        yield Told(False, "letters: INTAKE_SMTP_PASSWORD (or INTAKE_SMTP_PASSWORD_FILE) is not set", os.EX_CONFIG)
        return
    found = smtp.probe(replace(app.smtp_settings, command_timeout=SLOWEST_ANSWER), password)
    if found.error:
        yield Told(False, f"letters: {found.error}")
        return
    yield Told(True, f"letters: {app.smtp_settings} answers{', logged in' if found.logged_in else ''}")
    yield Told(None, f"  features      {', '.join(found.features)}")
