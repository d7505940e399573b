"""What a person decides about a mail in the store that no row tells of: it is taken as a mail, or removed."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from intake.adapters import census
from intake.adapters.blobs import SHA256
from intake.adapters.census import Found
from intake.adapters.reading.reader import ChildReader
from intake.adapters.records.holdings import adopted, is_referred_to, removed
from intake.entry.app import App


def adopt(app: App, sha256: str) -> str:
    """Take a stored mail into the ledger; it is judged and answered like any other at the next poll.

    It counts as received when its topmost Received line says, else when its file was written.
    """
    found = _unused(app, sha256)
    message, _materials = ChildReader()(app.blobs.verified(sha256), app.blobs)
    received_at = message.relayed_at or datetime.fromtimestamp(found.written_at, UTC)
    with app.database.writing() as session:
        ref = adopted(session, sha256, found.size, received_at, app.clock())
    return f"{ref}: taken from the store, received {received_at.astimezone(app.config.zone):%Y-%m-%d %H:%M}"


def remove(app: App, sha256: str) -> str:
    """Remove a stored mail that nothing refers to."""
    found = _unused(app, sha256)
    census.remove_unused(app.blobs, found, lambda: not _is_used(app, sha256))
    return f"{found.path}: removed"


def _unused(app: App, sha256: str) -> Found:
    if not SHA256.fullmatch(sha256):
        raise click.UsageError(f"{sha256!r} is no SHA-256; fsck names those that may be given")
    if _is_used(app, sha256):
        raise click.UsageError(f"{sha256} is on record; only what nothing refers to is adopted or removed")
    if _was_removed(app, sha256):
        raise click.UsageError(f"{sha256} is a mail that was removed on purpose; fsck --repair removes the file")
    path = app.blobs.path(sha256)
    if not path.is_file():
        raise click.UsageError(f"there is no {path}")
    return census.found(app.blobs, path)


def _is_used(app: App, sha256: str) -> bool:
    with app.database.reading() as session:
        return is_referred_to(session, sha256)


def _was_removed(app: App, sha256: str) -> bool:
    with app.database.reading() as session:
        return sha256 in removed(session)
