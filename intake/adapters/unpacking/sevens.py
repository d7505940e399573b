"""Reads 7z archives with py7zr, where it is installed.

py7zr hands over up to 128 MB at once whatever the sink does, so what the archive declares is checked first. Its
errors on broken archives are of many kinds: the list below is what 20,000 mutated archives raised.
"""

from __future__ import annotations

import lzma
import zlib
from typing import BinaryIO, Final

from intake.adapters.unpacking.names import is_litter
from intake.adapters.unpacking.outcome import Note, State, Unopened, damaged
from intake.adapters.unpacking.outlet import Outlet, wanted

try:
    import py7zr
    from py7zr.exceptions import ArchiveError, PasswordRequired, UnsupportedCompressionMethodError
    from py7zr.io import Py7zIO, WriterFactory
except ImportError as error:
    raise Unopened(State.UNMEASURED, f"{Note.NO_READER}: py7zr") from error

_BROKEN: Final = (
    ArchiveError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError, TypeError, AttributeError, LookupError,
    ArithmeticError, AssertionError,
)  # fmt: skip


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the files of a 7z archive; raises Unopened before the first one for whatever it declares."""
    try:
        with py7zr.SevenZipFile(file) as archive:
            everything = archive.list()
            out.listed(info.filename for info in everything)
            if archive.needs_password():
                raise Unopened(State.LOCKED)
            files = [info for info in everything if not info.is_directory]
            kept = [info for info in files if wanted(info.filename, link=info.is_symlink)]
            out.promise((info.filename, info.uncompressed) for info in kept)
            archive.extractall(factory=_Sinks(out))
    except PasswordRequired as error:
        raise Unopened(State.LOCKED) from error
    except UnsupportedCompressionMethodError as error:
        raise Unopened(State.UNMEASURED, Note.METHOD) from error
    except _BROKEN as error:
        raise damaged(error) from error
    out.note = "" if kept else Note.EMPTY


class _Sink(Py7zIO):
    """Where py7zr puts one file: nothing is read back."""

    def __init__(self, out: Outlet, path: str) -> None:
        self._out = None if is_litter(path) else out
        self._size = 0
        if self._out:
            self._out.begin(path)

    def write(self, s: bytes | bytearray) -> int:
        if self._out:
            self._out.write(s)
        self._size += len(s)
        return len(s)

    def read(self, size: int | None = None) -> bytes:  # noqa: ARG002  (py7zr's signature, as below)
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002
        return 0

    def flush(self) -> None:
        """Nothing is held back."""

    def size(self) -> int:
        return self._size

    def close(self) -> None:
        if self._out:
            self._out.end()


class _Sinks(WriterFactory):
    """py7zr asks for a sink when a file begins, and closes it before the next."""

    def __init__(self, out: Outlet) -> None:
        self._out = out

    def create(self, filename: str) -> Py7zIO:
        return _Sink(self._out, filename)
