"""The parent of the child that looks for places: copies a file, and writes into the copy what the child says.

The child is believed no more than that: octets of a copy, inside its length.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from intake.adapters.sandbox.child import OutOfTime, again_if_orphaned, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.hearing import Ear, Nonsense

_WORKER: Final = "intake.adapters.geotags.worker"
_LIMITS: Final = Limits(memory=512 * MIB, cpu_seconds=20, wall_seconds=60)
_LINE: Final = msgspec.json.Decoder(tuple[int, str] | None)
_MOST: Final = 10_000
_MOST_OCTETS: Final = 4 * MIB
"""Patches of one file and octets of all of them: honest ones are some dozens, and a few thousand."""


def erase(source: Path, copy: Path) -> bool | None:
    """Copy a file without where it was taken: whether anything told it; None when that could not be found out.

    Then there is no copy, nor one of before: a copy has its name when it tells nothing. OSError when none can be made.
    """
    partial = copy.with_name(f".{copy.name}.partial")
    try:
        shutil.copyfile(source, partial)
        told = _erased(source, partial)
        if told is None:
            copy.unlink(missing_ok=True)
        else:
            partial.replace(copy)
        return told
    finally:
        partial.unlink(missing_ok=True)


def _erased(source: Path, copy: Path) -> bool | None:
    try:
        found = again_if_orphaned(lambda: _found(source))
        with copy.open("r+b") as file:
            return _written(file, copy.stat().st_size, found)
    except (OutOfTime, Nonsense, EOFError, OSError, ValueError):
        return None


def _found(source: Path) -> list[tuple[int, bytes]]:
    if not source.stat().st_size:
        return []
    with source.open("rb") as file, started(_WORKER, file, (), _LIMITS) as child:
        ear = Ear(child)
        if not ear.ready():
            raise Nonsense
        return list(_heard(ear))


def _heard(ear: Ear) -> Iterator[tuple[int, bytes]]:
    """Patches until the child says that it is all. ValueError for what is none."""
    octets = 0
    for _number in range(_MOST):
        told = _LINE.decode(ear.line(2 * _MOST_OCTETS))
        if told is None:
            return
        new = bytes.fromhex(told[1])
        octets += len(new)
        if octets > _MOST_OCTETS:
            raise Nonsense
        yield told[0], new
    raise Nonsense


def _written(file: BinaryIO, size: int, found: list[tuple[int, bytes]]) -> bool:
    if any(offset < 0 or offset + len(new) > size for offset, new in found):
        raise Nonsense
    for offset, new in found:
        file.seek(offset)
        file.write(new)
    return bool(found)
