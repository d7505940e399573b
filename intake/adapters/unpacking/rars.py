"""Reads rar archives with unrar2-cffi (RARLAB's own code), where it is installed.

The library ends its list in silence at whatever it cannot read: rarheaders.py says how long the list should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final

from intake.adapters.unpacking.names import decoded, is_litter
from intake.adapters.unpacking.outcome import Note, State, Unopened, damaged
from intake.adapters.unpacking.outlet import Outlet, wanted
from intake.adapters.unpacking.rarheaders import count_files

try:
    from unrar.cffi.unrarlib import FLAGS_RHDF_DIRECTORY, BadRarFile, BadRarPassword, RarArchive, RarHeader, ffi
except ImportError as error:
    raise Unopened(State.UNMEASURED, f"{Note.NO_READER}: unrar2-cffi") from error

# The library opens files by name only.
_STANDARD_INPUT: Final = "/proc/self/fd/0"
_ENCRYPTED: Final = 0x04
_REPETITION: Final = 5
"""Stands for the content of an earlier file, which the library does not repeat."""
_MAPPED: Final = "\ufffe"

# Its error codes that are not about the archive being broken: dll.hpp of UnRAR.
_OTHER_ERRORS: Final = {11: Note.OUT_OF_MEMORY, 14: Note.METHOD, 25: Note.OUT_OF_MEMORY}


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the files of a rar archive; raises Unopened before the first one for whatever its headers give away."""
    expected = _counted(file, out)
    try:
        kept = _checked(expected, out)
        for header in _headers():
            _pass_on(header, out)
    except BadRarPassword as error:
        raise Unopened(State.LOCKED) from error
    except BadRarFile as error:
        if error.code in _OTHER_ERRORS:
            raise Unopened(State.UNMEASURED, _OTHER_ERRORS[error.code]) from error
        raise damaged(error) from error
    out.note = "" if kept else Note.EMPTY


def _counted(file: BinaryIO, out: Outlet) -> int:
    """How many files there are; where that cannot be told, the names that can be read are looked at all the same."""
    try:
        return count_files(file)
    except Unopened:
        with suppress(BadRarFile, BadRarPassword):
            for header in _headers():
                out.listed([_name(header)])
                header.skip()
        raise


def _headers() -> Iterator[RarHeader]:
    with RarArchive.open_for_processing(_STANDARD_INPUT) as archive:
        yield from archive.iterate_headers()


def _checked(expected: int, out: Outlet) -> int:
    """Go through the headers once without unpacking; how many files are the sender's."""
    found, kept = 0, []
    for header in _headers():
        found += 1
        out.listed([_name(header)])
        if header.Flags & _ENCRYPTED:
            raise Unopened(State.LOCKED)
        if header.headerDataEx.RedirType == _REPETITION:
            raise Unopened(State.UNMEASURED, Note.METHOD)
        if not _is_folder(header) and wanted(_name(header), link=bool(header.headerDataEx.RedirType)):
            kept.append((_name(header), header.UnpSize + (header.UnpSizeHigh << 32)))
        header.skip()
    if found != expected:
        raise damaged(f"{found} of {expected} files") if found else Unopened(State.UNMEASURED, Note.METHOD)
    out.promise(kept)
    return len(kept)


def _pass_on(header: RarHeader, out: Outlet) -> None:
    if _is_folder(header) or is_litter(_name(header)):
        header.skip()
        return
    out.begin(_name(header))
    header.test(out.write)
    out.end()


def _name(header: RarHeader) -> str:
    """Names in the sender's code page reach us between marks, from which the library can make octets again."""
    if _MAPPED in header.FileNameW:
        return decoded(ffi.string(header.headerDataEx.FileName))
    return str(header.FileNameW)


def _is_folder(header: RarHeader) -> bool:
    return bool(header.Flags & FLAGS_RHDF_DIRECTORY)
