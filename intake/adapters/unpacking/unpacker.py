"""The parent of the children that unpack: starts one per container, and writes what it passes on into the blob store.

The parent keeps the budget and cleans the names itself, whatever the child did. A container that kills, stalls or
misleads its child is UNMEASURED; that no child can be started is no container's fault: Deferred.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from intake.adapters.sandbox.child import Child, OutOfTime, again_if_orphaned, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.hearing import Nonsense
from intake.adapters.sandbox.inside import BROKEN_INSTALLATION
from intake.adapters.unpacking.answer import Answer, Ended, FileBegins
from intake.adapters.unpacking.names import inner_path
from intake.adapters.unpacking.outcome import Note, State, Unopened
from intake.adapters.unpacking.rations import Budget, Meter
from intake.ports import Blob, Blobs, Deferred

_WORKER: Final = "intake.adapters.unpacking.worker"


@dataclass(frozen=True, slots=True)
class Inner:
    """One file of a container: `path` as the sender named it ("照片/1.jpg"), fit to be shown."""

    path: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How unpacking ended, why (a Note, maybe with detail), and all the files inside, or none unless it is sound.

    `marked`: whatever it came to, a name that it lists is that of a classified paper.
    """

    condition: State
    note: str = ""
    inner: tuple[Inner, ...] = ()
    marked: bool = False


def limits_for(size: int) -> Limits:
    """The bounds for a container of `size` octets.

    bz2, the slowest, took 0.07 s per MiB here, and a gigabyte out of a small 7z took 7 s: half a second per MiB on top
    of 20 leaves a slow machine room. py7zr used up to 430 MB. The wall clock includes the parent's writing to disk.
    """
    cpu = min(120, 20 + size // (2 * MIB))
    return Limits(memory=1024 * MIB, cpu_seconds=cpu, wall_seconds=3 * cpu)


class ChildUnpacker:
    """Opens one container, not those inside it. Safe to call from several threads; each call has its own child."""

    def __init__(self, limits: Callable[[int], Limits] = limits_for) -> None:
        """`limits` answers the bounds for a container of so many octets."""
        self._limits = limits

    def __call__(self, path: Path, format: str, blobs: Blobs, budget: Budget) -> Unpacked:  # noqa: A002
        """Open a container of a format in UNPACKABLE; what comes out is taken off the budget, kept or not.

        Raises Deferred when no child can be started or the blob store fails.
        """
        try:
            with path.open("rb") as file:
                return again_if_orphaned(lambda: self._unpacked(file, format, blobs, budget))
        except OSError as error:
            raise Deferred(f"unpacking cannot start: {error}") from error

    def _unpacked(self, file: IO[bytes], name: str, blobs: Blobs, budget: Budget) -> Unpacked:
        size = os.fstat(file.fileno()).st_size
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        meter = Meter(budget, size)
        with started(_WORKER, file, (name, budget.octets, budget.files), self._limits(size)) as child:
            answer = Answer(child)
            ready = answer.ready()
            unpacked = _heard(answer, blobs, meter) if ready else None
        if not ready or child.status == BROKEN_INSTALLATION:
            raise Deferred(f"unpacking cannot start: exit {child.status} {child.complaint}")
        return replace(unpacked or Unpacked(State.UNMEASURED, _why(child)), marked=answer.marked)


def _heard(answer: Answer, blobs: Blobs, meter: Meter) -> Unpacked | None:
    """What the child passed on; None when it ended without a last word."""
    try:
        inner, end = _stored(answer, blobs, meter)
    except Unopened as unopened:
        return Unpacked(unopened.state, unopened.note)
    except OutOfTime:
        return Unpacked(State.UNMEASURED, Note.OUT_OF_TIME)
    except Nonsense:
        return Unpacked(State.UNMEASURED, Note.CHILD_NONSENSE)
    except EOFError:
        return None
    return Unpacked(end.state, end.note, inner if end.state is State.SOUND else ())


def _stored(answer: Answer, blobs: Blobs, meter: Meter) -> tuple[tuple[Inner, ...], Ended]:
    inner: list[Inner] = []
    while isinstance(told := answer.next(), FileBegins):
        meter.file()
        inner.append(Inner(inner_path(told.path), _blob(answer, blobs, meter)))
    return tuple(inner), told


def _blob(answer: Answer, blobs: Blobs, meter: Meter) -> Blob:
    with blobs.writer() as writer:
        for piece in answer.pieces():
            meter.take(len(piece))
            writer.write(piece)
        return writer.commit()


def _why(child: Child) -> str:
    """Why a child has ended without a last word."""
    if child.overran:
        return Note.OUT_OF_TIME
    if child.status == 0:
        return Note.CHILD_NONSENSE
    return f"{Note.CHILD_DIED}: {child.status} {child.complaint}".strip()
