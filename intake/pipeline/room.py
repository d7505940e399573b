"""Whether the disk has room for what is to be fetched, asked before anything is: until then the mailbox keeps it.

A mail of n octets needs n for itself and about as much for the files in it, so twice the largest mail must fit, and
what the database and the system need beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intake.ports import DiskLow, Room

FEWEST_FILES = 1_000
"""Files that a disk must still take; a mail with an archive may bring hundreds."""
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Guard:
    """`reserve` is the configured least, `largest` the largest mail so far, both in octets.

    `room` is that of the disk where mails are stored, `beside` that of the database where it lies on another one:
    there the reserve must be free, and no mail goes.
    """

    room: Callable[[], Room]
    reserve: int
    largest: int = 0
    beside: Callable[[], Room | None] = lambda: None

    def require(self, size: int = 0) -> None:
        """DiskLow unless there is room for the next mail, which is announced to have `size` octets."""
        room, needed = self._tightest(size)
        if room.octets < needed:
            raise DiskLow(_told(room, f"{room.octets / GIB:.1f} GiB are free", f"{needed / GIB:.1f} GiB"))

    def measured(self) -> tuple[int, int]:
        """The octets that are free, and those that must be, where that is tightest; DiskLow for want of files."""
        room, needed = self._tightest()
        return room.octets, needed

    def _tightest(self, size: int = 0) -> tuple[Room, int]:
        """The disk that lacks most, or has least to spare, and what must be free on it."""
        disks = [(self.room(), max(self.reserve, 2 * self.largest, 2 * size))]
        if beside := self.beside():
            disks.append((beside, self.reserve))
        for room, _needed in disks:
            _require_files(room)
        return min(disks, key=lambda each: each[0].octets - each[1])


def _require_files(room: Room) -> None:
    """DiskLow when the disk takes hardly any more files, however many octets are free."""
    if room.files is not None and room.files < FEWEST_FILES:
        raise DiskLow(_told(room, f"only {room.files} more files fit", f"{FEWEST_FILES} files"))


def _told(room: Room, there: str, needed: str) -> str:
    return f"{there} at {room.place}, and mail is fetched when there is room for {needed}: until then it waits"
