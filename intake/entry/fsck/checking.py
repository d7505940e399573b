"""Looks through the store and the records and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from intake.adapters import census
from intake.adapters.blobs import MISSING
from intake.adapters.census import Found
from intake.adapters.records.holdings import Holding, Holdings, Use, holdings, removed
from intake.adapters.records.sealing import SqlSealing
from intake.entry.app import App
from intake.entry.fsck.problem import Fault, Problem

Tell: TypeAlias = Callable[[int, int, int], None]
"""Is told how many files and octets were checked, and about how many files there are."""

REMEDIES = {
    Use.MAIL: "fsck --repair fetches it from the mailbox once more",
    Use.MATERIAL: "fsck --repair takes it out of its mail once more",
    Use.PREVIEW: "fsck --repair draws it once more",
}


@dataclass
class Checked:
    """What was looked at. `young` files belong to nobody yet, `aside` ones were found to be spoilt earlier."""

    blobs: int = 0
    octets: int = 0
    young: int = 0
    aside: int = 0
    problems: list[Problem] = field(default_factory=list)


def check(app: App, grace: timedelta, tell: Tell) -> Checked:
    """Everything that is wrong. The records are read first: what they speak of was in the store by then."""
    with app.database.reading() as session:
        held, gone = holdings(session), removed(session)
    checked = Checked(aside=len(census.set_aside(app.blobs)))
    before = app.clock().timestamp() - grace.total_seconds()
    there: set[str] = set()
    for found in census.files(app.blobs):
        checked.problems += _of_file(app, found, held, gone, before, checked)
        there.add(found.path.name)
        tell(checked.blobs, checked.octets, len(held))
    for sha256 in held.keys() - there:
        if app.blobs.fault(sha256) == MISSING:
            checked.problems.append(_missing(app, held[sha256][0], Fault.MISSING, ""))
    checked.problems += _sealed(app)
    checked.problems += _around(app)
    return checked


def _sealed(app: App) -> Iterator[Problem]:
    """Sealed mails that are not where they belong, or are not what their names say; nothing else is asked of them."""
    with app.database.reading() as session:
        kept = SqlSealing(session).kept()
    for ref, sha256 in kept:
        if fault := app.blobs.sealed_fault(sha256):
            todo = "it is sealed, so that it cannot be fetched again; two operators may end it with seal --destroy"
            yield Problem(Fault.SEALED, app.blobs.sealed(sha256), todo, f"{ref}: {fault}")
    for path in census.sealed(app.blobs):
        if path.name not in {sha256 for _ref, sha256 in kept}:
            yield Problem(Fault.SEALED, path, "no sealed mail on record; look who put it there", "")


def _of_file(  # noqa: PLR0913, PLR0917
    app: App, found: Found, held: Holdings, gone: Set[str], before: float, checked: Checked
) -> Iterator[Problem]:
    if found.sha256 is None:
        yield Problem(Fault.STRANGER, found.path, "it is no file of ours; look at it and take it away", found=found)
        return
    checked.blobs += 1
    checked.octets += found.size
    uses = held.get(found.sha256)
    fault = app.blobs.fault(found.sha256)
    if uses and fault:
        yield _missing(app, uses[0], Fault.MISSING if fault == MISSING else Fault.SPOILT, fault)
    elif uses:
        yield from _of_size(found, uses)
    elif fault != MISSING:
        yield from _of_nobody(found, before, checked, wanted=not fault and found.sha256 not in gone)


def _missing(app: App, holding: Holding, fault: Fault, detail: str) -> Problem:
    todo = REMEDIES.get(holding.use, f"attach {holding.ref} FILE adds the file once more")
    return Problem(fault, app.blobs.path(holding.sha256), todo, detail, holding)


def _of_size(found: Found, uses: list[Holding]) -> Iterator[Problem]:
    for each in uses:
        if each.size not in (None, found.size):
            detail = f"{each.size} octets on record, {found.size} in the file, whose hash is right"
            yield Problem(Fault.SIZE, found.path, "fsck --repair corrects the record", detail, each, found)


def _of_nobody(found: Found, before: float, checked: Checked, *, wanted: bool) -> Iterator[Problem]:
    """A mail may be `wanted` unless it is spoilt, or was removed on purpose."""
    if found.written_at > before:
        checked.young += 1
    elif wanted and census.is_mail(found.path):
        todo = (
            f"judge {found.path} shows what it is; fsck --adopt {found.sha256} takes it as a mail,"
            f" fsck --remove {found.sha256} removes it"
        )
        yield Problem(Fault.UNRECORDED, found.path, todo, found=found)
    else:
        yield Problem(Fault.ORPHAN, found.path, "fsck --repair removes it", found=found)


def _around(app: App) -> Iterator[Problem]:
    for path in census.temporary(app.blobs):
        todo = "fsck --repair removes it unless it is being written"
        yield Problem(Fault.TEMPORARY, path, todo)
    for path, mode in (*census.too_open(app.blobs), *_open_database(app)):
        yield Problem(Fault.PERMISSIONS, path, "fsck --repair takes the others' rights away", f"{mode:o}", mode=mode)


def _open_database(app: App) -> Iterator[tuple[Path, int]]:
    """The file of the database when others may read it, and may enter its folder."""
    path = app.config.database_file
    if path is not None and path.stat().st_mode & 0o077 and path.parent.stat().st_mode & 0o077:
        yield path, 0o600
