"""What a power cut would leave, read off the order of the calls of one run.

A kill leaves the kernel's memory as it is, so it cannot show a sync that is missing or late. What must hold at every
commit of the records: each blob that has its name by now is durable, octets and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.crash.tracing import Call

_FILE = re.compile(r"\d+<([^>]*)>")
_QUOTED = re.compile(r'"([^"]*)"')
_BLOB = re.compile(r".*/blobs/[0-9a-f]{2}/[0-9a-f]{64}")


class Pending:
    """What has been done to the store and may still be lost, by path."""

    def __init__(self) -> None:
        self.written: set[str] = set()
        """Temporary files with octets that were not synced."""
        self.names: dict[str, str] = {}
        """New names, of blobs and of folders, and the folder whose sync makes each durable."""
        self.early: set[str] = set()
        """Blobs that got their name before their octets were durable."""

    def lost(self) -> list[str]:
        """Paths that a power cut now could take."""
        return sorted({*self.names, *self.early})

    def follow(self, call: Call) -> None:
        if " = -1 " in call.words:
            return
        match call.name:
            case "write" if "/blobs/tmp/" in call.words:
                self.written.add(_file(call))
            case "fsync" | "fdatasync":
                self._synced(_file(call))
            case "mkdir" if "/blobs/" in call.words:
                self._named(_QUOTED.findall(call.words)[0])
            case "rename" | "renameat2":
                old, new = _QUOTED.findall(call.words)[:2]
                if _BLOB.fullmatch(new):
                    self._named(new)
                    self.early |= {new} if old in self.written else set()

    def _named(self, path: str) -> None:
        self.names[path] = path.rpartition("/")[0]

    def _synced(self, path: str) -> None:
        self.written.discard(path)
        self.names = {name: folder for name, folder in self.names.items() if folder != path}


def commits(calls: Iterable[Call]) -> Iterator[tuple[int, list[str]]]:
    """For every commit of the records: how many blobs had been named, and what could be lost."""
    pending, named = Pending(), 0
    for call in calls:
        pending.follow(call)
        named += call.name == "rename" and bool(_BLOB.search(call.words))
        if call.name == "fdatasync" and "intake.db-wal" in call.words:
            yield named, pending.lost()


def final_dots(calls: Iterable[Call]) -> Iterator[bool]:
    """For every final dot of a letter: whether the records were committed between its octets and the dot."""
    committed = False
    for call in calls:
        if call.name == "fdatasync" and "intake.db-wal" in call.words:
            committed = True
        elif is_final_dot(call):
            yield committed
        elif call.name in SENDING and "socket:" in call.words:
            committed = False


def is_final_dot(call: Call) -> bool:
    return call.name in SENDING and "socket:" in call.words and '".\\r\\n"' in call.words


SENDING = ("sendto", "sendmsg", "write")


def _file(call: Call) -> str:
    found = _FILE.match(call.words)
    return found[1] if found else ""
