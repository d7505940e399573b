"""The child process: reads the container it was given, passes on what is inside.

It answers, behind the line that says it is ready, with the files, then how it ended. Words: the format, the octets and
files that may come out.
"""

from __future__ import annotations

import importlib
import os
from typing import BinaryIO, Final

from intake.adapters.sandbox.inside import Errand
from intake.adapters.unpacking.formats import READERS
from intake.adapters.unpacking.outcome import Note, State, Unopened
from intake.adapters.unpacking.outlet import Outlet
from intake.adapters.unpacking.rations import Budget, Meter

PRELOADED: Final = (
    *(f"{__package__}.{module}" for module in sorted(set(READERS.values()))),
    *(f"encodings.{name}" for name in ("cp437", "gb18030")),
    "psutil",  # py7zr loads it when it opens an archive
)


def main(errand: Errand) -> None:
    """Unpack the file. Raises ImportError when a module of ours cannot be loaded."""
    name, octets, files = errand.words
    meter = Meter(Budget(int(octets), int(files)), os.fstat(errand.file.fileno()).st_size)
    unpack(name, errand.file, Outlet(errand.answer, meter))


def unpack(name: str, file: BinaryIO, out: Outlet) -> None:
    """Pass on what a container of this format holds, and how that ended."""
    out.close(_state(name, file, out))


def _state(name: str, file: BinaryIO, out: Outlet) -> State:
    try:
        module = importlib.import_module(f"{__package__}.{READERS[name]}")
        module.unpack(file, out)
    except Unopened as unopened:
        out.note = unopened.note
        return unopened.state
    except MemoryError:
        out.note = Note.OUT_OF_MEMORY
        return State.UNMEASURED
    return State.SOUND
