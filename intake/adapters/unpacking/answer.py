"""What a child that unpacks says, believed only as far as it fits the grammar of outlet.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from intake.adapters.sandbox.child import Child
from intake.adapters.sandbox.hearing import Ear, Nonsense, told
from intake.adapters.unpacking.outcome import State, Unopened
from intake.adapters.unpacking.outlet import ABANDONED


class FileBegins(msgspec.Struct, forbid_unknown_fields=True):
    """A file comes next, in pieces."""

    path: Annotated[str, msgspec.Meta(max_length=4000)]


class NameMarked(msgspec.Struct, forbid_unknown_fields=True):
    """A name that the container lists is that of a classified paper."""

    marked: Literal[True]


class Ended(msgspec.Struct, forbid_unknown_fields=True):
    """The child's last word."""

    state: State
    note: Annotated[str, msgspec.Meta(max_length=300)]


class Answer:
    """Lines of JSON, and octets in pieces that announce their length.

    What is read raises OutOfTime, EOFError when the child ends early, and Nonsense. `marked`: a name was heard of that
    is marked, however that ended.
    """

    def __init__(self, child: Child) -> None:
        self._ear = Ear(child)
        self.marked = False

    def ready(self) -> bool:
        """Whether the child has locked itself in."""
        return self._ear.ready()

    def next(self) -> FileBegins | Ended:
        """The next line."""
        line = self._ear.line()
        if line.startswith(b'{"marked"') and not self.marked:
            self.marked = told(line, NameMarked).marked
            line = self._ear.line()
        return told(line, Ended) if line.startswith(b'{"state"') else told(line, FileBegins)

    def pieces(self) -> Iterator[bytes]:
        """The octets of the file that has begun. Raises Unopened when the child gives it up."""
        while length := self._ear.number():
            if length == ABANDONED:
                raise self._abandoned()
            yield from self._ear.octets(length)

    def _abandoned(self) -> Unopened:
        end = told(self._ear.line(), Ended)
        if end.state is State.SOUND:
            raise Nonsense
        return Unopened(end.state, end.note)
