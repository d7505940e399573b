"""`backup DIR`: a copy from which the service can go on, made while it runs.

The database first, then the files: whatever a row speaks of was in the store before the row was, and is there still,
unless it was removed on purpose meanwhile: then a restored row speaks of a file that is missing, `fsck --repair`
fetches it from the mailbox, and it is removed again. The other way round, rows would come along whose files were not
yet there when files were copied.

What the records say is gone, because it looks classified or need not be kept, goes out of the backup as well. Of such
mails they do not tell any more what was in them: that is noted in the backup, by hash, while they are there.
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
from intake.adapters.records.holdings import Contents, contents
from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.progress import Progress
from intake.ports import Deferred

MANIFEST = "backup.json"
CONTENTS = "contents.json"
RECORDS, BLOBS, CONFIG = "records", "blobs", "config"
CONFIGURATION = ("intake.toml", "units.toml", "notices", "templates")
SETTLED_SECONDS = 86_400
"""What no row speaks of and is younger may be of a mail that is being examined, and looks classified."""
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
        store, told = BlobStore(target / BLOBS), _contents(app)
        _note(told, target / CONTENTS)
        copied = _copy_files(app, told, store)
        removed = _remove_gone(_contents(app), store, target / CONTENTS)
        with world(target):
            _copy_configuration(app.config.folder, target / CONFIG)
            _finish(app, target, records, copied)
            _forget(target / RECORDS, keep)
    click.echo(f"{records}, {copied.files} files ({copied.new} new, {copied.octets / (1 << 20):.1f} MiB) in {target}")
    if removed:
        click.echo(f"{removed} files were removed from it: of mails that were sealed, destroyed or purged since")
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


def _copy_files(app: App, told: Contents, target: BlobStore) -> Copied:
    """Every stored file that the backup does not have yet, hashed on the way. What the backup has is never replaced."""
    copied, progress = Copied(), Progress("copied")
    target.sweep()
    wanted, closed, settled = told.wanted, told.gone | told.named, app.clock().timestamp() - SETTLED_SECONDS
    for found in census.files(app.blobs):
        nobodys = found.sha256 not in wanted
        if found.sha256 is None or (nobodys and (found.sha256 in closed or found.written_at > settled)):
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


def _contents(app: App) -> Contents:
    with app.database.reading() as session:
        return contents(session)


def _note(told: Contents, file: Path) -> None:
    """Add to what the backup knows which blobs are of which mail. What no row tells of any more stays: the records may
    be new ones.
    """
    noted = _noted(file)
    _write_noted(file, noted | {mail: blobs | noted.get(mail, frozenset()) for mail, blobs in told.blobs.items()})


def _remove_gone(told: Contents, target: BlobStore, file: Path) -> int:
    """Remove what is gone on purpose, and was in the backup; how many files."""
    noted = _noted(file)
    going = (told.gone | told.named).union(*(noted.get(mail, ()) for mail in told.gone)) - told.wanted
    there = [each for each in sorted(going) if target.path(each).exists()]
    for each in there:
        target.remove_unless(each, lambda: False)
    _write_noted(file, {mail: blobs for mail, blobs in noted.items() if mail not in told.gone})
    return len(there)


def _noted(file: Path) -> dict[str, frozenset[str]]:
    with world(file):
        noted = json.loads(file.read_bytes()) if file.exists() else {}
    return {mail: frozenset(blobs) for mail, blobs in noted.items()}


def _write_noted(file: Path, noted: dict[str, frozenset[str]]) -> None:
    partial = file.with_name(f".{file.name}.partial")
    with world(file):
        partial.write_text(json.dumps({mail: sorted(blobs) for mail, blobs in noted.items()}), encoding="utf-8")
        partial.chmod(0o600)
        _settle(partial, file)


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
