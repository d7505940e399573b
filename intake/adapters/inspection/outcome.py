"""What parent and child agree on: three exceptions that say whose fault it is, the codes that a note may hold, and
what a preview is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from intake.domain.material import NOT_ALL_READ

PREVIEW: Final = "preview"
"""What the parent says to a child that is to make a preview too."""

PREVIEW_OCTETS: Final = 20_000
"""How large a preview may be."""


class Note(StrEnum):
    """Stable codes for `Facts.note`; after a colon may follow technical detail."""

    UNRECOGNISED = "unrecognised"
    UNREADABLE = "unreadable"
    DTD = "dtd"
    TOO_LARGE = "too-large"
    NOT_ALL_READ = NOT_ALL_READ
    OLD_FORMAT = "old-format"
    OUT_OF_TIME = "out-of-time"
    OUT_OF_MEMORY = "out-of-memory"
    TRUNCATED = "truncated"
    NO_VIDEO_STREAM = "no-video-stream"
    NO_TIMESTAMPS = "no-timestamps"
    CLOCK_JUMPS = "clock-jumps"
    ENDS_EARLY = "ends-early"
    PAYLOAD_UNEXPLAINED = "payload-unexplained"
    CHILD_DIED = "child-died"
    CHILD_NONSENSE = "child-nonsense"


class Damaged(Exception):
    """The structure is broken: no program of the sender's would open the file. Holds a Note, maybe with detail."""


class Exceeded(Exception):
    """The file may be in order, but measuring it would pass a limit, or nobody here knows how. Holds a Note;
    `marked`: a marking of classified papers stands in what was read of it.
    """

    def __init__(self, note: str, *, marked: bool = False) -> None:
        super().__init__(note)
        self.marked = marked


class Locked(Exception):
    """The file wants a password."""
