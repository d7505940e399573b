"""Commands that run a stage or read the records: poll, digest, status, show, held."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Set
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from intake import journal
from intake.adapters.records.stories import letter_story, mail_story, unit_story
from intake.domain.digest import MailLine, UnfetchedLine
from intake.domain.printable import printable
from intake.domain.sealing import SECRET_MARKING
from intake.entry import printing
from intake.entry.app import App
from intake.entry.clock import clock_from
from intake.entry.config import load
from intake.entry.heartbeat import beat
from intake.entry.ownership import Elsewhere
from intake.entry.status import current_notice, status_json, status_table
from intake.pipeline.summarise import compose, post_digest
from intake.ports import Deferred

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


@contextmanager
def opened(
    folder: Path, now: datetime | None, *, verbose: bool = False, running: bool = False, **hooks: Any
) -> Iterator[App]:
    """An App of a configuration folder, closed at the end; logs go to standard error."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format=LOG_FORMAT, stream=sys.stderr)
    for noisy in ("imapclient", "mailparser", "apscheduler", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    config = load(folder)
    if now is not None and now.tzinfo is None:
        now = now.replace(tzinfo=config.zone)
    app = App(config, clock_from(now, running=running), **hooks)
    try:
        yield app
    finally:
        app.close()


def poll(folder: Path, now: datetime | None, verbose: bool) -> int:
    """One pass over the mailbox; 75 when a server or the disk was not available."""
    with opened(folder, now, verbose=verbose, progress=lambda ref: click.echo(f"decided {ref}")) as app, app.owned():
        try:
            trouble = app.poll()
        finally:
            look_after(app)
        with app.records.chronicle() as chronicle:
            mails, letters = chronicle.mail_totals(), chronicle.letter_totals()
    click.echo(" ".join(f"{name}={count}" for name, count in mails.items()))
    click.echo("letters " + " ".join(f"{name}={count}" for name, count in letters.items()))
    if trouble:
        raise Deferred(trouble)
    return 0


def look_after(app: App) -> None:
    """What a poll leaves for operators: alarms and the heartbeat. What the world refuses here is logged only."""
    try:
        app.tend()
    except Deferred as error:
        journal.deferred("tend", error)
    try:
        beat(app.data_folder, app.signs, app.clock().astimezone(app.config.zone), "poll")
    except OSError as error:
        journal.no_heartbeat(error)


def digest(folder: Path, now: datetime | None, verbose: bool, day: date | None, out: Path | None, send: bool) -> int:  # noqa: PLR0913, PLR0917
    """Print, write or mail the digest of a day."""
    with opened(folder, now, verbose=verbose) as app:
        today = app.clock().astimezone(app.config.zone).date()
        day = day or today
        if day > today:
            raise click.UsageError(f"{day} has not come yet; a digest tells what is")
        if send:
            return _send_digest(app, day)
        with app.records.chronicle() as chronicle:
            made = compose(app.desk, chronicle, day)
        if out is None:
            click.echo(app.stationery.text(made))
        else:
            out.write_text(app.stationery.page(made), encoding="utf-8")
            click.echo(f"written {out}")
    return 0


def _send_digest(app: App, day: date) -> int:
    """Into the outbox once per day; sent now, unless the running service is the one that sends."""
    posted = post_digest(app.desk, day)
    click.echo(f"digest of {day}: {'made' if posted else 'was made before'}")
    try:
        with app.owned():
            sent = app.deliver()
    except Elsewhere:
        click.echo("the running service will send it")
        return 0
    click.echo(f"letters sent: {sent}")
    return 0


def status(folder: Path, now: datetime | None, verbose: bool, as_json: bool, notice_id: str | None) -> int:
    """The matrix units by requirements, counts, health."""
    with opened(folder, now, verbose=verbose) as app:
        notice = current_notice(app.office.notices, app.clock(), notice_id)
        with app.records.chronicle() as chronicle:
            told = status_json(chronicle, notice, app.office.roster, app.clock().astimezone(app.config.zone))
    click.echo(printing.as_json(told, indent=None if not sys.stdout.isatty() else 2) if as_json else status_table(told))
    return 0


def show(folder: Path, now: datetime | None, verbose: bool, ref: str, as_json: bool) -> int:
    """The story of one mail, letter or unit."""
    with opened(folder, now, verbose=verbose) as app, app.database.reading() as session:
        unit = app.office.roster.find(ref)
        if unit is not None:
            story = unit_story(session, unit.code)
        else:
            kind, number = ref_of(ref)
            found = mail_story(session, number) if kind == "M" else letter_story(session, number)
            if found is None:
                raise click.UsageError(f"there is no {ref}")
            story = found
    click.echo(printing.as_json(story) if as_json else "\n".join(printing.as_lines(story)))
    return 0


def ref_of(ref: str) -> tuple[str, int]:
    """The kind ("M" or "L") and number of a ref; UsageError for anything else."""
    kind, number = ref[:1].upper(), ref[1:]
    if kind not in ("M", "L") or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise click.UsageError(f"{ref!r} is neither a mail (M000012), a letter (L000007) nor a unit of units.toml")
    return kind, int(number)


def held(folder: Path, now: datetime | None, verbose: bool, as_json: bool) -> int:
    """What waits for a person."""
    with opened(folder, now, verbose=verbose) as app, app.records.chronicle() as chronicle:
        lines, unfetched = chronicle.needing_person(), chronicle.unfetched()
    if as_json:
        told = [*map(_line_json, lines), *map(_unfetched_json, unfetched)]
        click.echo(printing.as_json(told))
        return 0
    if not lines and not unfetched:
        click.echo("nothing waits for a person")
    for line in lines:
        received_at = line.received_at.astimezone(app.config.zone)
        codes = LOST if line.lost else ", ".join(sorted({finding.code for finding in line.findings})) or PARKED
        click.echo(f"{line.ref}  {received_at:%Y-%m-%d %H:%M}  {line.unit.short if line.unit else '?'}  {codes}")
        click.echo(f"        {_advice(line)}")
    for each in unfetched:
        received_at = each.received_at.astimezone(app.config.zone)
        tried = f"cannot be fetched, tried {each.attempts} times"
        click.echo(f"{printable(str(each.place))}  {received_at:%Y-%m-%d %H:%M}  {tried}: {printable(each.error)}")
        click.echo("        look at it in webmail; it is tried again and again")
    return 0


LOST = "its stored octets are spoilt, and it is not on the server any more"
PARKED = "parked after repeated failure"


def _unfetched_json(line: UnfetchedLine) -> dict[str, Any]:
    return {
        "ref": None,
        "received_at": line.received_at.isoformat(),
        "place": str(line.place),
        "since": line.since.isoformat(),
        "attempts": line.attempts,
        "error": line.error,
    }


def _line_json(line: MailLine) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "received_at": line.received_at.isoformat(),
        "unit": line.unit.code if line.unit else None,
        "from": line.sender,
        "subject": line.subject,
        "parked": line.parked,
        "lost": line.lost,
        "findings": sorted({finding.code for finding in line.findings}),
    }


def _advice(line: MailLine) -> str:
    if line.lost:
        return (
            f"fsck --repair (after its file was found in a backup)   or   release {line.ref} (asked to send it again)"
        )
    if line.parked:
        return f"retry {line.ref}"
    return _advice_on(line, {finding.code for finding in line.findings})


def _advice_on(line: MailLine, codes: Set[str]) -> str:
    if SECRET_MARKING in codes:
        return f"seal --destroy {line.ref} --operator NAME   or   seal --lift {line.ref} --operator NAME (two people)"
    if "notice-unclear" in codes:
        return f"assign {line.ref} {line.unit.short if line.unit else 'UNIT'} --notice ID   or   release {line.ref}"
    if line.unit is None:
        return f"assign {line.ref} UNIT   or   release {line.ref} (nothing of ours)"
    if "cloud-link" in codes:
        return f"attach {line.ref} FILE"
    return f'release {line.ref}   or   accept {line.ref} --reason "..."'
