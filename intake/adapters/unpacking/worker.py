"""The child process: locks itself in, reads the container on its standard input, passes on what is inside.

It answers that it is ready (no foreign octet was read before), the files, then how it ended. Arguments: the format,
the octets and files that may come out, then the three limits.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import BinaryIO

from intake.adapters.sandbox.confinement import Limits, confine
from intake.adapters.sandbox.inside import BROKEN_INSTALLATION, READY, answers, tell
from intake.adapters.unpacking.formats import READERS
from intake.adapters.unpacking.outcome import Note, State, Unopened
from intake.adapters.unpacking.outlet import Outlet
from intake.adapters.unpacking.rations import Budget, Meter


def main(name: str, octets: str, files: str, *bounds: str) -> None:
    """Unpack standard input; a module of ours that cannot be loaded is our fault and has its own exit status."""
    confine(Limits(*map(int, bounds)))
    with answers() as pipe, os.fdopen(0, "rb") as file:
        tell(pipe, READY)
        meter = Meter(Budget(int(octets), int(files)), os.fstat(file.fileno()).st_size)
        try:
            unpack(name, file, Outlet(pipe, meter))
        except ImportError as error:
            print(error, file=sys.stderr)
            sys.exit(BROKEN_INSTALLATION)


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
