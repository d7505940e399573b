"""`backup DIR`: a copy from which the service can go on, made while it runs.

The database first, then the files: whatever a row speaks of was in the store before the row was, and is there still.
The other way round, rows would come along whose files were not yet there when files were copied.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click

from intake import __version__
from intake.adapters import census
from intake.adapters.blobs import BlobStore, world
from intake.adapters.disk import RealDisk, make_folders
from intake.adapters.records.dump import dump, suffix
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.progress import Progress
from intake.ports import Deferred

MANIFEST = "backup.json"
RECORDS, BLOBS, CONFIG = "records", "blobs", "config"
CONFIGURATION = ("intake.toml", "units.toml", "notices", "templates")
_COPY = re.compile(r"(\d{6})-\d{8}T\d{6}Z\.(?:db|dump)")


@dataclass
class Copied:
    """What came of copying the files. `spoilt` are not what their names say, and were left out."""

    files: int = 0
    new: int = 0
    octets: int = 0
    spoilt: list[Path] = field(default_factory=list)


def backup(folder: Path, now: datetime | None, verbose: bool, target: Path, keep: int) -> int:
    """Copy records, files and configuration into a folder; 75 when something could not be copied."""
    with opened(folder, now, verbose=verbose) as app:
        target = target.absolute()
        _require(app, target)
        with world(target):
            make_folders(RealDisk(), target / RECORDS)
            (target / MANIFEST).unlink(missing_ok=True)  # until the end this is no backup
        records = _copy_records(app, target / RECORDS)
        copied = _copy_files(app, BlobStore(target / BLOBS))
        with world(target):
            _copy_configuration(app.config.folder, target / CONFIG)
            _finish(app, target, records, copied)
            _forget(target / RECORDS, keep)
    click.echo(f"{records}, {copied.files} files ({copied.new} new, {copied.octets / (1 << 20):.1f} MiB) in {target}")
    if sealed := len(census.sealed(app.blobs)):
        click.echo(f"{sealed} sealed mails were left out: what looks classified is copied nowhere")
    for path in copied.spoilt:
        click.echo(f"left out: {path} is not what its name says; to do: fsck --repair, then backup again")
    return os.EX_TEMPFAIL if copied.spoilt else 0


def _require(app: App, target: Path) -> None:
    """Not where something else is, and not within what is to be copied."""
    file = app.config.database_file
    if file is not None and not file.exists():
        raise Deferred(f"there is no database {file}: nothing to copy")
    within = (app.blobs.root, *([file.parent] if file is not None else ()))
    if any(target.resolve().is_relative_to(each.resolve()) for each in within):
        raise click.UsageError(f"{target} is within what is to be copied; choose a folder on another disk")
    if target.exists() and any(target.iterdir()) and not (target / RECORDS).is_dir():
        raise click.UsageError(f"{target} holds something else; choose an empty folder, or one of an earlier backup")


def _copy_records(app: App, folder: Path) -> Path:
    """The copies are numbered: a clock that was wrong once must not bring them out of order."""
    number = max((int(found[1]) for found in _copies(folder)), default=0) + 1
    path = folder / f"{number:06d}-{app.clock().astimezone(UTC):%Y%m%dT%H%M%SZ}{suffix(app.database.url)}"
    partial = path.with_name(f".{path.name}.partial")
    try:
        with world(folder):
            for left in folder.glob(".*.partial"):
                left.unlink()
            dump(app.database.url, partial)
            _settle(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _copies(folder: Path) -> Iterator[re.Match[str]]:
    for path in sorted(folder.iterdir()):
        if found := _COPY.fullmatch(path.name):
            yield found


def _copy_files(app: App, target: BlobStore) -> Copied:
    """Every stored file that the backup does not have yet, hashed on the way. What the backup has is never replaced."""
    copied, progress = Copied(), Progress("copied")
    target.sweep()
    for found in census.files(app.blobs):
        if found.sha256 is None:
            continue
        copied.files += 1
        there = target.path(found.sha256)
        if not there.exists() or there.stat().st_size != found.size:
            _copy(app.blobs, target, found, copied)
        progress.tell(copied.files, copied.octets, copied.files)
    return copied


def _copy(source: BlobStore, target: BlobStore, found: census.Found, copied: Copied) -> None:
    with target.writer() as writer:
        try:
            with world(found.path):
                for chunk in source.disk.chunks(found.path):
                    writer.write(bytes(chunk))
        except Deferred:
            if found.path.exists():
                raise
            return  # removed a moment ago: nothing referred to it
        if writer.sha256 != found.sha256:
            copied.spoilt.append(found.path)
            return
        blob = writer.commit()
    copied.new += 1
    copied.octets += blob.size


def _copy_configuration(source: Path, target: Path) -> None:
    """What is needed to start again, and no passwords: those never stand there."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    for name in CONFIGURATION:
        if (source / name).is_dir():
            shutil.copytree(source / name, partial / name)
        elif (source / name).exists():
            shutil.copy2(source / name, partial / name)
    _sync_all(partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    RealDisk().sync_folder(target.parent)


def _sync_all(folder: Path) -> None:
    """All that is in a folder, and the folder, are on the disk."""
    for path in folder.iterdir():
        if path.is_dir():
            _sync_all(path)
        else:
            _sync(path)
    RealDisk().sync_folder(folder)


def _finish(app: App, target: Path, records: Path, copied: Copied) -> None:
    """Say what this is; there from now on it is a backup."""
    with app.records.chronicle() as chronicle:
        mails, letters = chronicle.mail_totals()["received"], chronicle.letter_totals()
    told = {
        "made_at": app.clock().isoformat(),
        "version": __version__,
        "records": str(records.relative_to(target)),
        "files": copied.files,
        "left_out": len(copied.spoilt),
        "mails": mails,
        "letters": letters,
    }
    partial = target / f".{MANIFEST}.partial"
    partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    _settle(partial, target / MANIFEST)


def _settle(partial: Path, path: Path) -> None:
    """Give a file its name when all of it is on the disk."""
    _sync(partial)
    disk = RealDisk()
    disk.rename(partial, path)
    disk.sync_folder(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget(folder: Path, keep: int) -> None:
    """Remove all copies of the records but the newest."""
    for found in list(_copies(folder))[:-keep]:
        (folder / found[0]).unlink()
