"""`purge`: what a closed notice has on record goes, for good. `--dry-run` says what would go, and why not yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from intake.adapters.records import purging
from intake.adapters.records.purging import Goer
from intake.adapters.records.retention import SqlRetention
from intake.domain.retention import Stock, obstacles
from intake.entry.account import account
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.office import terms_of
from intake.entry.progress import Progress
from intake.pipeline.retain import discard
from intake.ports import Deferred

BACKUPS = "backups that were made before still hold it; the mailbox is left as it is"


def purge(  # noqa: PLR0913, PLR0917
    folder: Path, now: datetime | None, verbose: bool, notice_id: str | None, dry_run: bool, yes: bool
) -> int:
    """Take the content of all mails and letters of a notice out of store and records; counts and decisions stay."""
    with opened(folder, now, verbose=verbose) as app:
        if notice_id is None:
            return _overview(app)
        stock, goers = _seen(app, notice_id)
        if dry_run:
            lines = *_told(app, notice_id, stock, goers), *_not_yet(_against(app, stock))
            click.echo("\n".join([*lines, "nothing was changed"]))
            return 0
        _require(app, notice_id, stock)
        if not yes:
            click.echo("\n".join(_told(app, notice_id, stock, ())))
            click.confirm(f"Remove it for good? ({BACKUPS})", abort=True)
            _require(app, notice_id, _seen(app, notice_id)[0])  # whoever was asked may have gone to lunch
        return _purged(app, notice_id, goers)


def _seen(app: App, notice_id: str) -> tuple[Stock, tuple[Goer, ...]]:
    with app.database.reading() as session:
        return _known(app, session, notice_id), purging.goers(session, notice_id)


def _against(app: App, stock: Stock) -> list[str]:
    return list(obstacles(stock, app.clock().astimezone(app.config.zone)))


def _require(app: App, notice_id: str, stock: Stock) -> None:
    """UsageError when the notice may not be purged yet."""
    if against := _against(app, stock):
        raise click.UsageError("\n".join([f"{notice_id} may not be purged yet:", *against]))


def _overview(app: App) -> int:
    """What would go, of every notice, and by itself at the next poll."""
    now = app.clock()
    with app.database.reading() as session:
        configured = [notice.id for notice in app.office.notices]
        for notice_id in dict.fromkeys((*configured, *purging.notices(session))):
            stock = _known(app, session, notice_id)
            click.echo("\n".join([*_told(app, notice_id, stock, ()), *_not_yet(_against(app, stock))]))
        due = SqlRetention(session).due(terms_of(app.config), now)
    click.echo(
        f"by itself at the next poll: {due.mails} mails that are none of our business are emptied, the heads of"
        f" {due.heads} and {due.letters} letters to staff are forgotten, {due.blobs} files follow rows that are gone"
    )
    click.echo("nothing was changed")
    return 0


def _known(app: App, session: Session, notice_id: str) -> Stock:
    """What is on record of a notice, which may have left the configuration; UsageError when nobody knows it."""
    deadlines = {notice.id: notice.deadline for notice in app.office.notices}
    if notice_id not in deadlines and notice_id not in purging.notices(session):
        raise click.UsageError(f"there is no notice {notice_id!r}; there are {', '.join(deadlines)}")
    return purging.stock(session, notice_id, deadlines.get(notice_id))


def _told(app: App, notice_id: str, stock: Stock, goers: tuple[Goer, ...]) -> Iterator[str]:
    yield (
        f"{notice_id}: {stock.mails} mails, {stock.files} files ({stock.octets / (1 << 20):.1f} MiB),"
        f" {stock.letters} letters" + (f"; {stock.erased} mails were purged before" if stock.erased else "")
    )
    if stock.open_until is None:
        yield "  it left the configuration: when it closed is not known any more"
    for each in goers:
        unit = app.office.roster.find(each.unit) if each.unit else None
        name, received = unit.short if unit else each.unit or "?", each.received_at.astimezone(app.config.zone)
        yield f"  {each.ref}  {received:%Y-%m-%d %H:%M}  {name}  {each.octets} octets, {each.files} files"


def _not_yet(against: list[str]) -> Iterator[str]:
    return (f"  not yet: {each}" for each in against)


def _rest(app: App) -> Iterator[str]:
    """What of it SQLite may still keep for a while."""
    try:
        if not app.database.compact(anew=True):
            yield "what others are reading just now, in the database's write-ahead log"
    except Deferred as error:
        yield f"what was deleted, in free places of the database ({error})"


def _purged(app: App, notice_id: str, goers: tuple[Goer, ...]) -> int:
    """Mail by mail, so that the service goes on beside it; broken off, the same command goes on.

    75 when something of it is still there.
    """
    progress, gone, octets = Progress("purged"), 0, 0
    for each in goers:
        with app.database.writing() as session:
            gone += purging.erase(session, each.id, notice_id, app.clock())
        octets += each.octets
        progress.tell(gone, octets, len(goers))
    with app.database.writing() as session:
        letters = purging.finish(session, notice_id, gone, account(), app.clock())
    files = discard(app.records, app.blobs)
    click.echo(f"{notice_id}: {gone} mails, {files} files and {letters} letters are gone; {BACKUPS}")
    left = [f"{each.ref}, which came meanwhile or waits for a person again" for each in _seen(app, notice_id)[1]]
    left += _rest(app)
    for why in left:
        click.echo(f"still there: {why}; to do: purge {notice_id} again")
    return os.EX_TEMPFAIL if left else 0
