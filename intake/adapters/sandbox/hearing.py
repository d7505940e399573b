"""The parent's ear: what a child writes, taken apart into lines of JSON and runs of octets, everything with a cap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

from intake.adapters.sandbox.child import Child, OutOfTime
from intake.adapters.sandbox.inside import READY

LINE_CAP: Final = 64 << 10
PIECE_CAP: Final = 1 << 20

_T = TypeVar("_T")


class Nonsense(Exception):
    """What a child says fits no grammar: nothing of it is believed."""


class Ear:
    """What is read raises OutOfTime, EOFError when the child ends early, and Nonsense."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._unread = bytearray()

    def ready(self) -> bool:
        """Whether the child has locked itself in."""
        try:
            return self.line() == json.dumps(READY).encode()
        except (EOFError, OutOfTime, Nonsense):
            return False

    def line(self, cap: int = LINE_CAP) -> bytes:
        """The next line without its end."""
        looked = 0
        while (end := self._unread.find(b"\n", looked)) < 0:
            looked = len(self._unread)
            if looked > cap:
                raise Nonsense
            self._more()
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line

    def number(self) -> int:
        """Four octets that announce what comes."""
        while len(self._unread) < 4:
            self._more()
        number = int.from_bytes(self._unread[:4], "big")
        del self._unread[:4]
        return number

    def octets(self, length: int) -> Iterator[bytes]:
        """So many octets, in whatever pieces they come."""
        if length > PIECE_CAP:
            raise Nonsense
        if self._unread:
            piece = bytes(self._unread[:length])
            del self._unread[:length]
            length -= len(piece)
            yield piece
        while length:
            piece = self._heard(min(length, PIECE_CAP))
            length -= len(piece)
            yield piece

    def _more(self) -> None:
        self._unread += self._heard(LINE_CAP)

    def _heard(self, most: int) -> bytes:
        octets = self._child.read(most)
        if not octets:
            raise EOFError
        return octets


def told(line: bytes, kind: type[_T]) -> _T:
    """A line that fits the schema `kind`; Nonsense otherwise."""
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Nonsense from error
