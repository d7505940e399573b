"""Looks at the materials of one mail: measures each in a child, and opens containers in a child, two levels deep.

What lies in a container becomes a material of its own, named by its path ("材料.zip/照片/1.jpg"); all containers
of a mail share one budget.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from intake import journal
from intake.adapters.inspection import ChildInspector
from intake.adapters.reading.reader import ChildReader
from intake.adapters.unpacking import UNPACKABLE, Budget, ChildUnpacker
from intake.adapters.unpacking.formats import NAMELESS
from intake.domain.mail import CUT_SHORT, Message
from intake.domain.material import NOT_ALL_READ, NOT_ASKED, Condition, Examined, Facts, Material, Scan, Scanned
from intake.domain.notice import Kind
from intake.domain.sealing import looks_classified
from intake.ports import Blobs, Deferred, Killed, Scanner

DEEPEST = 2
"""Containers inside one another that are opened."""
MAIL_SECONDS = 600.0
"""After which no further material of a mail is looked at: a person looks at the rest, and the next mail goes on."""
INFECTED = "infected"
NO_TIME_LEFT = "no time left for this mail"
MAIL_IN_A_FILE = "eml"
TOO_DEEP = "too-deep"
SIGNED_MAIL = "smime.eml"
"""What unpacking calls the mail inside a signed one: its head need not look like one of a mail."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The look at one mail: where its octets are, what may come out of its containers, until when it may take."""

    blobs: Blobs
    budget: Budget
    until: float
    alive: Callable[[], None]
    scan: Scans


class Scans:
    """Asks the scanner about the files of one mail, when it has proven itself.

    One that has not, or does not answer, is not asked again for this mail.
    """

    def __init__(self, scanner: Scanner | None) -> None:
        self._scanner = scanner
        self._away: str | None = None
        self._proven = False

    def __call__(self, blob: Path) -> Scan:
        if self._scanner is None:
            return NOT_ASKED
        if self._away is None:
            try:
                if not self._proven:
                    self._scanner.prove()
                    self._proven = True
                with blob.open("rb") as file:
                    return self._scanner(file, os.fstat(file.fileno()).st_size)
            except Deferred as error:
                journal.scanner_away(error)
                self._away = str(error)
        return Scan(Scanned.UNSCANNED, self._away)

    def late(self) -> Scan:
        """Of a file for which there is no time."""
        return NOT_ASKED if self._scanner is None else Scan(Scanned.UNSCANNED, NO_TIME_LEFT)


class Looker:
    """Implements ports.Looker."""

    def __init__(self, seconds: float = MAIL_SECONDS, scanner: Scanner | None = None) -> None:
        self._read = ChildReader()
        self._inspect = ChildInspector(previews=True)
        self._unpack = ChildUnpacker()
        self._seconds = seconds
        self._scanner = scanner

    def warm(self) -> None:
        """A mail is being read: there will be something to look at."""
        self._inspect.warm()

    def __call__(
        self, materials: Sequence[Material], blobs: Blobs, alive: Callable[[], None] = lambda: None
    ) -> tuple[Examined, ...]:
        look = _Look(blobs, Budget(), time.monotonic() + self._seconds, alive, Scans(self._scanner))
        return tuple(each for material in materials for each in self._looked_at(material, look, 0))

    def _looked_at(self, material: Material, look: _Look, depth: int) -> Iterator[Examined]:
        look.alive()
        if time.monotonic() > look.until:
            yield Examined(material, Facts(Condition.UNMEASURED, note=NO_TIME_LEFT), scan=look.scan.late())
            return
        blob = look.blobs.verified(material.sha256)
        scan = look.scan(blob)
        if scan.outcome is Scanned.INFECTED:  # no parser sees it
            yield Examined(material, Facts(Condition.UNMEASURED, note=INFECTED), scan=scan)
            return
        examined = replace(self._measured(material, blob, look.blobs), scan=scan)
        kind = MAIL_IN_A_FILE if material.filename == SIGNED_MAIL else examined.facts.format
        if kind != MAIL_IN_A_FILE and kind not in UNPACKABLE:
            yield examined
            return
        if depth >= DEEPEST:
            yield _container(self._listed(examined, kind, look.blobs), Condition.REFUSED, TOO_DEEP)
            return
        examined = replace(examined, facts=replace(examined.facts, format=kind, kind=Kind.OTHER))
        container, inner = self._opened(examined, look.blobs, look.budget)
        yield container
        for each in inner:
            yield from self._looked_at(each, look, depth + 1)

    def _measured(self, material: Material, blob: Path, blobs: Blobs) -> Examined:
        """The material with its facts, its preview stored beside the other files."""
        facts = self._inspect(blob, material.filename)
        if facts.preview is None:
            return Examined(material, facts)
        with blobs.writer() as writer:
            writer.write(facts.preview)
            return Examined(material, replace(facts, preview=None), writer.commit().sha256)

    def _listed(self, examined: Examined, kind: str, blobs: Blobs) -> Examined:
        """A container of which nothing may come out, and whether it lists a name that is marked."""
        if kind == MAIL_IN_A_FILE:
            return examined
        return _secret(examined, self._unpack(blobs.path(examined.material.sha256), kind, blobs, Budget(0, 0)).marked)

    def _opened(self, examined: Examined, blobs: Blobs, budget: Budget) -> tuple[Examined, list[Material]]:
        """A container with how far opening it got, and the materials inside."""
        outer, path = examined.material, blobs.path(examined.material.sha256)
        if examined.facts.format == MAIL_IN_A_FILE:
            message, inside = self._read_inside(path, blobs)
            examined = _secret(examined, looks_classified(message, inside, ()))
            if message.unread:
                return _container(examined, Condition.UNMEASURED, NOT_ALL_READ), []
            inner = [replace(each, origin=f"{outer.origin}/{each.origin}") for each in inside]
            return _container(examined, Condition.SOUND, ""), [_of(outer, each) for each in inner]
        unpacked = self._unpack(path, examined.facts.format, blobs, budget)
        examined = _secret(examined, unpacked.marked)
        inner = [
            Material(f"{outer.origin}/{path}", path.rpartition("/")[2], each.blob.sha256, each.blob.size)
            for each in unpacked.inner
            for path in (_named(each.path, outer.filename),)
        ]
        return _container(examined, Condition(unpacked.condition), unpacked.note), [_of(outer, each) for each in inner]

    def _read_inside(self, path: Path, blobs: Blobs) -> tuple[Message, tuple[Material, ...]]:
        """A mail in a file, which costs no more than itself when who reads it is killed."""
        try:
            return self._read(path, blobs)
        except Killed:
            return Message(defects=(CUT_SHORT,)), ()


def _named(path: str, outer: str) -> str:
    """A path in a container; what has no name there is called like the container, without its last ending."""
    return outer.rpartition(".")[0] or path if path == NAMELESS else path


def _container(examined: Examined, condition: Condition, note: str) -> Examined:
    return replace(examined, facts=replace(examined.facts, condition=condition, note=note))


def _secret(examined: Examined, marked: bool) -> Examined:
    return replace(examined, facts=replace(examined.facts, marked=examined.facts.marked or marked))


def _of(outer: Material, inner: Material) -> Material:
    """What staff added stays theirs when it is unpacked."""
    return replace(inner, provenance=outer.provenance)
