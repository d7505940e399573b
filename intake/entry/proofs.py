"""Proofs: every letter and the digest written once with made-up values, before a real one depends on a template.

An office may override any template. What is wrong in one is told with its place: path, line, what.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from intake.adapters.letters.stationery import Letterhead, OfficeStationery
from intake.adapters.letters.wire import header_problems
from intake.adapters.letters.words import Words
from intake.domain.faults import CODES
from intake.entry.app import TEMPLATES, App
from intake.entry.exporting import Line
from intake.entry.office import sender_of
from intake.entry.sirens import bulletins
from intake.entry.specimen import Specimen
from intake.ports import Ruling


def letter_problems(app: App) -> list[str]:
    """What is wrong with the templates, each thing once, and with the interpreter that builds headers; empty when every
    letter can be written.
    """
    places = (app.config.folder / "templates", TEMPLATES)
    return header_problems() or _problems([lambda: _worded(app.words)], places) or _problems(_proofs(app), places)


def _worded(words: Words) -> None:
    """An own words/findings.j2 of an earlier release may lack codes that came later."""
    wordless = CODES - words.codes()
    if wordless:
        raise LookupError(f"words/findings.j2 has no macro for {', '.join(sorted(wordless))}")


def _proofs(app: App) -> Iterator[Callable[[], object]]:
    """Everything that templates write, one by one; in shadow mode a letter uses them all."""
    staff = app.config.site.staff
    letterhead = Letterhead(sender_of(app.config), staff.digest_to, staff.operators, shadow=True)
    stationery = OfficeStationery(app.words, letterhead, b"proof")
    for bulletin in bulletins(app.clock()):
        yield partial(stationery.alarm, bulletin)
    for notice in app.office.notices:
        unit = app.office.roster[notice.unit_codes[0]]
        specimen = Specimen(notice, unit, CODES)
        for reply, case in specimen.replies():
            yield partial(stationery.reply, reply, case, Ruling())
        for digest in specimen.digests():
            yield partial(stationery.digest, digest)
        lines = [Line(unit, requirement, entry, "sample", True, "-") for requirement, entry in specimen.counted()]
        yield partial(app.words.table, "export/index.tsv", rows=lines, erased={"sample"})


def _problems(proofs: Iterable[Callable[[], object]], places: tuple[Path, ...]) -> list[str]:
    found: dict[str, None] = {}
    for write in proofs:
        try:
            write()
        except Exception as error:  # noqa: BLE001 - a template is a program of the office's: it may raise anything
            found[f"{_place(error, places)}: {error}"] = None
    return list(found)


def _place(error: Exception, places: tuple[Path, ...]) -> str:
    """Template and line, of the office's own if any: jinja2 puts them into the traceback as if they were Python."""
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    for place in places:
        for frame in frames:
            if Path(frame.filename).is_relative_to(place):
                return f"{frame.filename}:{frame.lineno}"
    return f"templates: {type(error).__name__}"
