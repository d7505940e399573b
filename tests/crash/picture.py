"""What was decided in an office, in a form that does not depend on when, compared with how it should be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.crash.office import Office

MAILS = "SELECT sha256, state, disposition, unit_code, notice_id, identity, findings, late, needs_person FROM mail"
SIGHTINGS = """SELECT sighting.folder, uid, mail.sha256 FROM sighting JOIN mail ON mail.id = mail_id
               WHERE gone_at IS NULL"""
MATERIALS = """SELECT mail.sha256, position, material.sha256, preview, counted, material.findings
               FROM material JOIN mail ON mail.id = mail_id"""
ENTRIES = "SELECT mail.sha256, requirement, entry.state, tier, entry.sha256 FROM entry JOIN mail ON mail.id = mail_id"
LETTERS = "SELECT mail.sha256, kind, letter.subject FROM letter JOIN mail ON mail.id = mail_id"
DIGESTS = "SELECT key, kind, subject FROM letter WHERE mail_id IS NULL"
FOLDERS = "SELECT name, watermark, older, on_server FROM folder"
QUERIES = {"mails": MAILS, "sightings": SIGHTINGS, "materials": MATERIALS, "entries": ENTRIES, "letters": LETTERS,
           "digests": DIGESTS, "folders": FOLDERS}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """Rows by table, and the names of the blobs."""

    tables: dict[str, list[tuple[Any, ...]]]
    blobs: frozenset[str]

    def unmeasured(self) -> Picture:
        """Without what depends on the insides of files: which mails, which letters, where they lie."""
        whole = {name: self.tables[name] for name in ("sightings", "digests", "folders")}
        mails = [(sha256, state) for sha256, state, *_ in self.tables["mails"]]
        letters = [(sha256, kind) for sha256, kind, _subject in self.tables["letters"]]
        return Picture({**whole, "mails": mails, "letters": letters}, frozenset())


def picture(office: Office) -> Picture:
    tables = {name: office.rows(query) for name, query in QUERIES.items()}
    if office.world.database:
        tables["letters"] = _without_gaps(tables["letters"], office)
    return Picture(tables, frozenset(path.name for path in office.blobs()))


def _without_gaps(letters: list[tuple[Any, ...]], office: Office) -> list[tuple[Any, ...]]:
    """With the numbers that mails would bear if none were left out: a sequence of PostgreSQL is not rolled back."""
    ranks = {number: rank for rank, (number,) in enumerate(office.rows("SELECT id FROM mail ORDER BY id"), start=1)}
    ref = re.compile(r"(?<=\[M)\d{6}(?=])")
    return [(*row, ref.sub(lambda told: f"{ranks[int(told[0])]:06d}", subject)) for *row, subject in letters]


def differences(found: Picture, expected: Picture) -> Iterator[str]:
    """In words, what is there and should not be (+), and what is missing (-)."""
    for name, rows in expected.tables.items():
        more, less = Counter(found.tables[name]), Counter(rows)
        told = [f"+{row}" for row in (more - less).elements()] + [f"-{row}" for row in (less - more).elements()]
        if told:
            yield f"{name}: {' '.join(told)}"
    if found.blobs != expected.blobs:
        yield f"blobs: {sorted(found.blobs ^ expected.blobs)}"
