"""The disks of a configuration: where mails are stored, and where the database lies."""

from __future__ import annotations

from intake.adapters.blobs import BlobStore
from intake.adapters.disk import room_at, same_disk
from intake.entry.config import Config
from intake.pipeline.room import Guard
from intake.ports import Deferred, Room


def guard_of(config: Config, blobs: BlobStore, largest: int) -> Guard:
    """What keeps us from fetching when a disk is nearly full; the largest mail so far has `largest` octets."""
    return Guard(blobs.room, config.site.storage.reserve_mb << 20, largest, lambda: _beside(config, blobs))


def _beside(config: Config, blobs: BlobStore) -> Room | None:
    """What may still be written where the database is; None when that is the same disk, or a server's."""
    file = config.database_file
    if file is None:
        return None
    try:
        return None if same_disk(file.parent, blobs.root) else room_at(file.parent)
    except OSError as error:
        raise Deferred(f"database {file}: {error.strerror or error}") from error
