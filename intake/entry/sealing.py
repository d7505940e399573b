"""`seal`: what people decide about mails that look classified. Two of them, one after the other, or nothing happens."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from intake.adapters.records.sealing import SqlSealing, Standing
from intake.domain.sealing import Seal
from intake.entry.account import account
from intake.entry.app import App
from intake.entry.commands import opened, ref_of
from intake.pipeline.place import place

DONE = {
    Seal.DESTROYED: "destroyed; the mail itself still lies in the mailbox: delete it there",
    Seal.LIFTED: "the seal is lifted; it is examined at the next poll",
}
VERB = {Seal.DESTROYED: "destroy", Seal.LIFTED: "lift"}
LONGEST_NAME = 64


def listed(folder: Path, now: datetime | None, verbose: bool) -> int:
    """Every mail that was ever sealed, and nothing of what it says."""
    with opened(folder, now, verbose=verbose) as app:
        with app.database.reading() as session:
            found = SqlSealing(session).all()
        for each in found:
            click.echo("\n".join(_told(app, each)))
    if not found:
        click.echo("no mail was ever sealed")
    return 0


def _told(app: App, each: Standing) -> Iterator[str]:
    zone = app.config.zone
    received, sealed = each.received_at.astimezone(zone), each.sealed_at.astimezone(zone)
    yield (
        f"{each.ref}  {each.seal}  received {received:%Y-%m-%d %H:%M} in {each.folder}"
        f"  sealed {sealed:%Y-%m-%d %H:%M}  {each.octets} octets"
    )
    if each.asked is not None:
        yield f"        {each.asked_by} wants it {each.asked}; a second operator has to say the same"


def decide(folder: Path, now: datetime | None, verbose: bool, ref: str, wanted: str, operator: str | None) -> int:  # noqa: PLR0913, PLR0917
    """The first operator is put on record, the second has it done."""
    name, outcome = _named(operator), Seal(wanted)
    with opened(folder, now, verbose=verbose) as app:
        kind, mail_id = ref_of(ref)
        with app.database.writing() as session:
            sealing = SqlSealing(session)
            found = sealing.find(mail_id) if kind == "M" else None
            if found is None or found.seal is not Seal.SEALED:
                raise click.UsageError(f"{ref} is not sealed; seal --list names those that are")
            second = found.asked == outcome and found.asked_by is not None and _key(found.asked_by) != _key(name)
            (sealing.decide if second else sealing.ask)(mail_id, outcome, name, account(), app.clock())
        if second:
            place(app.records, app.blobs, app.clock)
    if second:
        click.echo(f"{ref}: {DONE[outcome]}")
    else:
        click.echo(f"{ref}: noted; done when a second operator says: seal --{VERB[outcome]} {ref} --operator NAME")
    return 0


def _named(operator: str | None) -> str:
    name = " ".join((operator or "").split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise click.UsageError(f"--operator must name who decides, in {LONGEST_NAME} characters at most")
    return name


def _key(name: str) -> str:
    """Names that people take for the same."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
