"""The parent's ear: what a child writes, taken apart and believed only as far as it fits the grammar of outlet.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

import msgspec

from intake.adapters.sandbox.child import Child, OutOfTime
from intake.adapters.sandbox.inside import READY
from intake.adapters.unpacking.outcome import Note, State, Unopened
from intake.adapters.unpacking.outlet import ABANDONED

_LINE_CAP: Final = 64 << 10
_PIECE_CAP: Final = 1 << 20


class FileBegins(msgspec.Struct, forbid_unknown_fields=True):
    """A file comes next, in pieces."""

    path: Annotated[str, msgspec.Meta(max_length=4000)]


class Ended(msgspec.Struct, forbid_unknown_fields=True):
    """The child's last word."""

    state: State
    note: Annotated[str, msgspec.Meta(max_length=300)]


_Line = TypeVar("_Line", FileBegins, Ended)


class Answer:
    """Lines of JSON, and octets in pieces that announce their length.

    What is read raises OutOfTime, EOFError when the child ends early, and Unopened for what makes no sense.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._unread = b""

    def ready(self) -> bool:
        """Whether the child has locked itself in."""
        try:
            return self._line() == json.dumps(READY).encode()
        except (EOFError, OutOfTime, Unopened):
            return False

    def next(self) -> FileBegins | Ended:
        """The next line."""
        line = self._line()
        return _told(line, Ended) if line.startswith(b'{"state"') else _told(line, FileBegins)

    def pieces(self) -> Iterator[bytes]:
        """The octets of the file that has begun."""
        while length := int.from_bytes(self._exactly(4), "big"):
            if length == ABANDONED:
                raise self._abandoned()
            if length > _PIECE_CAP:
                raise _nonsense()
            yield self._exactly(length)

    def _abandoned(self) -> Unopened:
        end = _told(self._line(), Ended)
        return _nonsense() if end.state is State.SOUND else Unopened(end.state, end.note)

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > _LINE_CAP:
                raise _nonsense()
            self._more()
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _exactly(self, octets: int) -> bytes:
        while len(self._unread) < octets:
            self._more()
        taken, self._unread = self._unread[:octets], self._unread[octets:]
        return taken

    def _more(self) -> None:
        chunk = self._child.read()
        if not chunk:
            raise EOFError
        self._unread += chunk


def _told(line: bytes, kind: type[_Line]) -> _Line:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _nonsense() from error


def _nonsense() -> Unopened:
    return Unopened(State.UNMEASURED, Note.CHILD_NONSENSE)
