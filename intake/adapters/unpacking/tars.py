"""Reads tar archives with tarfile; only plain files, as its data filter has it, and no links at all."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from intake.adapters.unpacking.names import decoded
from intake.adapters.unpacking.outcome import Note, damaged
from intake.adapters.unpacking.outlet import PIECE, Outlet, wanted

# What tarfile and the codecs below it raise on broken archives.
_BROKEN: Final = (tarfile.TarError, OSError, EOFError, ValueError, LookupError, ArithmeticError, RecursionError)


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the files of a tar archive; raises Unopened before the first one for links and paths that escape."""
    try:
        with tarfile.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            members = [(_name(member), member) for member in archive]
            out.listed(name for name, _ in members)
            named = [each for each in members if not each[1].isdir()]
            _check_end(file, archive.offset)
            files = [each for each in named if wanted(each[0], link=not each[1].isfile())]
            out.promise((name, member.size) for name, member in files)
            for name, member in files:
                out.send(name, _content(archive, member))
    except _BROKEN as error:
        raise damaged(error) from error
    out.note = "" if files else Note.EMPTY


def _check_end(file: BinaryIO, at: int) -> None:
    """Raise Unopened where tarfile stopped in silence: not at a block of zeros, which ends an archive."""
    file.seek(at)
    block = file.read(tarfile.BLOCKSIZE)
    if block != bytes(tarfile.BLOCKSIZE):
        raise damaged("no end")


def _name(member: tarfile.TarInfo) -> str:
    return decoded(member.name.encode("utf-8", "surrogateescape"))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    content = archive.extractfile(member)
    assert content is not None
    while piece := content.read(PIECE):
        yield piece
