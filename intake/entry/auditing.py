"""`audit verify`: whether the events on record are those that were written, all of them and unchanged."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from intake.adapters.records.audit import verify as walk
from intake.entry.commands import opened

BROKEN = 1
"""Exit status when the chain does not hold: neither the world's nor the configuration's trouble."""


def verify(folder: Path, now: datetime | None, verbose: bool, head: str | None) -> int:
    """Walk the chain of events; 0 when it holds, 1 when it does not."""
    with opened(folder, now, verbose=verbose) as app, app.database.reading() as session:
        walked = walk(session, head)
    if walked.broken:
        click.echo(f"BROKEN: {walked.broken}; {walked.count} events before it hold.")
        click.echo("Keep the database as it is, and compare with a backup and with the figures in past digests.")
        return BROKEN
    click.echo(f"{walked.count} events, unbroken; the last has the hash {walked.head}")
    if head:
        click.echo(f"the event with the hash {head} is among them")
    return 0
