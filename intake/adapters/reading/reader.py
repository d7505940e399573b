"""The parent of the children that read mails: starts one for each, keeps the bodies it passes on, believes only what
fits the grammar.

A mail that kills, stalls or misleads its child is a Message of which not all was read, which a person then looks at;
what its head said is kept. That no child can be started, or that the disk fails, is no mail's fault: Deferred. Whose
fault it is that a child was killed nobody knows, so that nothing is decided from it: Killed, and worth another try.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

import msgspec

from intake import journal
from intake.adapters.mail.bounds import MAX_FORWARDED, MAX_MATERIALS, MAX_OPENED
from intake.adapters.reading.grammar import LONGEST_LINE, Head, Keep, Lend, Line, Part, Whole, message_of
from intake.adapters.sandbox.child import Child, OutOfTime, again_if_orphaned, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.hearing import Ear, Nonsense
from intake.adapters.sandbox.inside import BROKEN_INSTALLATION, WORLD_FAILED
from intake.domain.mail import CUT_SHORT, Message
from intake.domain.material import Material
from intake.ports import Blob, Blobs, Deferred, Killed

_WORKER: Final = "intake.adapters.reading.worker"
_DECODER: Final = msgspec.json.Decoder[Line](Line)
_MOST_BODIES: Final = MAX_MATERIALS + MAX_OPENED


def limits_for(size: int) -> Limits:
    """The bounds for a mail of `size` octets.

    Reading 140 MB took 0.5 s here; every decoded mail inside is one more descriptor. The wall clock includes the
    parent's writing to disk.
    """
    cpu = min(120, 20 + size // (10 * MIB))
    return Limits(memory=512 * MIB, cpu_seconds=cpu, wall_seconds=3 * cpu, descriptors=MAX_OPENED + 28)


class ChildReader:
    """Implements ports.Reader. Safe to call from several threads; each call has its own child."""

    def __init__(self, limits: Callable[[int], Limits] = limits_for) -> None:
        """`limits` answers the bounds for a mail of so many octets."""
        self._limits = limits

    def __call__(self, raw: Path, blobs: Blobs) -> tuple[Message, tuple[Material, ...]]:
        try:
            with raw.open("rb") as file:
                return again_if_orphaned(lambda: self._read(raw.name, file, blobs))
        except OSError as error:
            raise Deferred(f"reading cannot start: {error}") from error

    def _read(self, name: str, file: IO[bytes], blobs: Blobs) -> tuple[Message, tuple[Material, ...]]:
        size = os.fstat(file.fileno()).st_size
        with started(_WORKER, file, (), self._limits(size)) as child:
            answer = _Answer(child, blobs, size)
            ready = answer.ear.ready()
            why = answer.hear() if ready else ""
        if not ready or child.status == BROKEN_INSTALLATION:
            raise Deferred(f"reading cannot start: exit {child.status} {child.complaint}")
        if answer.whole is not None:
            return answer.whole
        if child.killed and not why:
            raise Killed("reading was killed, by a person or for want of memory")
        if child.status == WORLD_FAILED:
            _read_through(file)
        journal.cut_short(name, why or f"child-died: {child.status}")
        return replace(answer.head, defects=(*answer.head.defects, CUT_SHORT)), ()


class _Answer:
    """What one child says: the head first, the bodies it passes on, the whole at the end, or None of it."""

    def __init__(self, child: Child, blobs: Blobs, size: int) -> None:
        self.ear = Ear(child)
        self.head = Message()
        self.whole: tuple[Message, tuple[Material, ...]] | None = None
        self._child = child
        self._blobs = blobs
        self._bodies: list[Blob] = []
        self._room = (MAX_FORWARDED + 2) * size + MIB

    def hear(self) -> str:
        """Hear the child out; why there is no whole, where that is not told by how the child ended."""
        try:
            while self.whole is None:
                self._take(_line(self.ear.line(LONGEST_LINE)))
        except OutOfTime:
            return "out-of-time"
        except Nonsense:
            return "child-nonsense"
        except EOFError:
            return ""
        return ""

    def _take(self, line: Line) -> None:
        match line:
            case Head():
                self.head = message_of(line.message)
            case Keep():
                self._bodies.append(self._kept())
            case Lend():
                with self._blobs.path(self._body(line.body).sha256).open("rb") as again:
                    self._child.hand(again.fileno())
            case Whole():
                self.whole = message_of(line.message), tuple(map(self._material, line.parts))

    def _kept(self) -> Blob:
        if len(self._bodies) >= _MOST_BODIES:
            raise Nonsense
        with self._blobs.writer() as writer:
            for piece in self._pieces():
                writer.write(piece)
            return writer.commit()

    def _pieces(self) -> Iterator[bytes]:
        """The octets of a body. No mail holds more than it is long, but for what lies in mails inside it."""
        while length := self.ear.number():
            self._room -= length
            if self._room < 0:
                raise Nonsense
            yield from self.ear.octets(length)

    def _body(self, number: int) -> Blob:
        if number >= len(self._bodies):
            raise Nonsense
        return self._bodies[number]

    def _material(self, part: Part) -> Material:
        body = self._body(part.body)
        return Material(
            origin=part.origin,
            filename=part.filename,
            sha256=body.sha256,
            size=body.size,
            declared_type=part.declared_type,
            disposition=part.disposition,
            content_id=part.content_id,
        )


def _line(octets: bytes) -> Line:
    try:
        line: Line = _DECODER.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Nonsense from error
    return line


def _read_through(file: IO[bytes]) -> None:
    """A child says that the disk failed. OSError when it does."""
    file.seek(0)
    while file.read(MIB):
        pass
