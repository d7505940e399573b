"""The child's way to pass files to its parent: a line of JSON with the path, its octets in pieces, an empty piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from intake.adapters.sandbox.inside import tell
from intake.adapters.unpacking.names import inner_path, is_litter
from intake.adapters.unpacking.outcome import Note, State, Unopened
from intake.adapters.unpacking.rations import Meter
from intake.domain.secrecy import named

PIECE: Final = 64 << 10
ABANDONED: Final = 0xFFFF_FFFF
"""The length of the piece that says: nothing more of this file, hear why."""


class Outlet:
    """Takes what a reader finds. What a container promises is checked before anything is passed on."""

    def __init__(self, pipe: BinaryIO, meter: Meter) -> None:
        self._pipe = pipe
        self._meter = meter
        self.note = ""
        self._begun = False
        self._marked = False

    def listed(self, names: Iterable[str]) -> None:
        """Tell at once, and once, when a name of the directory, passed on or not, is that of a classified paper."""
        steps = (step for name in names for step in name.replace("\\", "/").split("/"))
        if not self._marked and any(map(named, steps)):
            self._marked = True
            tell(self._pipe, {"marked": True})

    def promise(self, files: Iterable[tuple[str, int]]) -> None:
        """Paths and octets, as the container declares them. Raises Unopened when it would be refused."""
        for path, octets in files:
            inner_path(path)
            self._meter.file()
            self._meter.take(octets)

    def send(self, path: str, pieces: Iterable[bytes]) -> None:
        """One whole file."""
        self.begin(path)
        for piece in pieces:
            self.write(piece)
        self.end()

    def begin(self, path: str) -> None:
        """A file comes next."""
        tell(self._pipe, {"path": path[:4000]})
        self._begun = True

    def write(self, octets: bytes | bytearray) -> None:
        """A piece of any size of the file that was begun."""
        view = memoryview(octets)
        for at in range(0, len(view), PIECE):
            piece = view[at : at + PIECE]
            self._pipe.write(len(piece).to_bytes(4, "big") + piece)

    def end(self) -> None:
        """The file that was begun is whole."""
        self._pipe.write(bytes(4))
        self._begun = False

    def close(self, state: State) -> None:
        """The last word, in the middle of a file or behind the last one."""
        if self._begun:
            self._pipe.write(ABANDONED.to_bytes(4, "big"))
        tell(self._pipe, {"state": state, "note": self.note})


def wanted(path: str, *, link: bool = False) -> bool:
    """Whether a file of an archive is one of the sender's; raises Unopened for one that points elsewhere."""
    if link:
        raise Unopened(State.REFUSED, Note.LINK)
    return not is_litter(path)


def pieces(file: BinaryIO, at: int, octets: int) -> Iterator[bytes]:
    """So many octets of a file from a place on. Raises EOFError when it has fewer."""
    while octets:
        file.seek(at)
        piece = file.read(min(octets, PIECE))
        if not piece:
            raise EOFError("the file ends early")
        yield piece
        at += len(piece)
        octets -= len(piece)
