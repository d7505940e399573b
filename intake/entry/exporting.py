"""`export`: what counts, laid out in one folder per unit in roster order, with an index.xlsx.

Photos and films go out without where they were taken: an export is passed on. The stored files stay as they came.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from intake.adapters.geotags import erase
from intake.adapters.letters.clean import clean
from intake.adapters.letters.workbook import Sheet, workbook
from intake.adapters.records.purging import erased
from intake.domain.digest import UnitRow
from intake.domain.notice import Kind, Notice, Requirement, Unit
from intake.domain.submission import Entry, Item
from intake.entry.app import App
from intake.entry.commands import opened
from intake.ports import Spoilt

INDEX = "index.xlsx"
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


@dataclass(frozen=True, slots=True)
class Line:
    """One exported file: `path` relative to the notice's folder, `received` as staff read it."""

    unit: Unit
    requirement: Requirement
    entry: Entry
    path: str
    late: bool
    received: str


def export(folder: Path, now: datetime | None, verbose: bool, target: Path) -> int:
    """Copy every counted file and write the index; running it again brings the folder up to date.

    75 when a file was left out: its stored octets are spoilt, or nobody knows whether it tells where it was taken.
    """
    whole = True
    with opened(folder, now, verbose=verbose) as app:
        for notice in app.office.notices:
            place = target / notice.id if len(app.office.notices) > 1 else target
            with app.records.chronicle() as chronicle:
                rows = chronicle.unit_rows(notice, app.office.roster)
                previews = chronicle.previews()
            gone = _purged(app, notice)
            lines = [
                line
                for number, row in enumerate(rows, start=1)
                for line in _lines(app, number, row)
                if line.entry.mail_ref not in gone
            ]
            if gone and not lines:
                click.echo(f"{notice.id}: was purged; what was handed in is gone, and nothing was written")
                continue
            copies = Copies(app)
            if gone and (place / INDEX).exists():
                raise click.UsageError(
                    f"{place} tells of what was purged since; keep it, and choose another folder for what came later"
                )
            _write(app, place, notice, lines, copies)
            _write_previews(place, lines, previews, copies)
            click.echo(f"{notice.id}: {len(lines)} files in {place}")
            whole = _told(lines, place, copies) and whole
    return 0 if whole else os.EX_TEMPFAIL


def _told(lines: list[Line], place: Path, copies: Copies) -> bool:
    """Say what was left out and what to do; whether nothing was."""
    for path in copies.spoilt:
        click.echo(f"left out: {path}, whose stored octets are spoilt; to do: fsck --repair, then export again")
    for line in lines:
        if line.path in copies.unread:
            click.echo(
                f"left out: {place / line.path}, which could not be looked through for where it was taken; "
                f"to do: export again, or take it from mail {line.entry.mail_ref} in the mailbox"
            )
    return not copies.spoilt and not copies.unread


def _purged(app: App, notice: Notice) -> frozenset[str]:
    """The refs of mails whose files are gone on purpose."""
    with app.database.reading() as session:
        return erased(session, notice.id)


def _lines(app: App, number: int, row: UnitRow) -> Iterator[Line]:
    home = f"{number:02d}-{_fit(row.unit.short)}"
    for item in row.checklist.items:
        for count, entry in enumerate((each for each in item.entries if each.sha256), start=1):
            received = entry.received_at.astimezone(app.config.zone).strftime("%Y-%m-%d %H:%M:%S")
            path = f"{home}/{_name(item, count, entry)}"
            yield Line(row.unit, item.requirement, entry, path, entry.received_at > row.deadline, received)


def _name(item: Item, count: int, entry: Entry) -> str:
    """Built from our own words and the format measured, so that no sender names a file on this disk."""
    ending = re.sub(r"[^a-z0-9]", "", entry.format) or "bin"
    several = f"-{count}" if len(item.entries) > 1 else ""
    return f"{_fit(item.requirement.name)}{several}.{ending}"


def _fit(name: str) -> str:
    return _UNFIT.sub("_", clean(name)) or "_"


class Copies:
    """What became of the files: of `erased` the place is out, `spoilt` and `unread` are left out."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.spoilt: list[Path] = []
        self.erased: set[str] = set()
        self.unread: set[str] = set()

    def make(self, line: Line, copy: Path) -> None:
        """Copy the file of a line."""
        assert line.entry.sha256 is not None
        source = self._source(line.entry.sha256, copy)
        if source is None:
            return
        if line.requirement.kind is Kind.DOCUMENT:
            shutil.copyfile(source, copy)
            return
        told = erase(source, copy)
        if told is None:
            self.unread.add(line.path)
        elif told:
            self.erased.add(line.path)

    def preview(self, sha256: str, copy: Path) -> None:
        """Copy a small picture, which tells nothing of where it was taken."""
        source = self._source(sha256, copy)
        if source is not None:
            shutil.copyfile(source, copy)

    def _source(self, sha256: str, copy: Path) -> Path | None:
        """A stored file; None when its octets are spoilt: then it is left out, also what was copied of it before."""
        try:
            return self._app.blobs.verified(sha256)
        except Spoilt:
            copy.unlink(missing_ok=True)
            self.spoilt.append(copy)
            return None


def _write(app: App, place: Path, notice: Notice, lines: list[Line], copies: Copies) -> None:
    """Files and index."""
    place.mkdir(parents=True, exist_ok=True)
    for line in lines:
        copy = place / line.path
        copy.parent.mkdir(exist_ok=True)
        copies.make(line, copy)
    table = app.words.table("export/index.tsv", rows=lines, erased=copies.erased, unread=copies.unread)
    sheet = Sheet(notice.id[:31], tuple(tuple(cell for cell in row) for row in table))
    (place / INDEX).write_bytes(workbook([sheet], app.clock()))


def _write_previews(place: Path, lines: list[Line], previews: dict[str, str], copies: Copies) -> None:
    """A small picture beside every video: staff see what it shows without opening it."""
    for line in lines:
        sha256 = previews.get(line.entry.sha256 or "")
        if sha256 and line.requirement.kind is Kind.VIDEO:
            copies.preview(sha256, (place / line.path).with_suffix(".preview.jpg"))
