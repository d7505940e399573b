"""How unpacking can end, and the codes that a note may hold."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How far unpacking got: the words of domain.material.Condition, and one for what we would not open."""

    SOUND = "sound"
    LOCKED = "locked"
    DAMAGED = "damaged"
    REFUSED = "refused"
    UNMEASURED = "unmeasured"


class Note(StrEnum):
    """Stable codes for `Unpacked.note`; after a colon may follow technical detail."""

    # refused
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many-files"
    RATIO = "ratio"
    OVERLAP = "overlap"
    SIZE_LIE = "size-lie"
    PATH_ESCAPE = "path-escape"
    LINK = "link"
    # locked
    ENCRYPTED_MAIL = "encrypted-mail"
    # damaged
    UNREADABLE = "unreadable"
    # unmeasured
    DEFLATE64 = "deflate64"
    METHOD = "method"
    VOLUMES = "volumes"
    NO_READER = "no-reader"
    OUT_OF_TIME = "out-of-time"
    OUT_OF_MEMORY = "out-of-memory"
    CHILD_DIED = "child-died"
    CHILD_NONSENSE = "child-nonsense"
    # sound
    EMPTY = "empty"
    SIGNATURE_ONLY = "signature-only"
    NOT_A_FILE = "not-a-file"
    REMAINDER = "remainder"


class Unopened(Exception):
    """The container stays closed. Holds its State, and a Note, maybe with detail."""

    def __init__(self, state: State, note: str = "") -> None:
        super().__init__(note)
        self.state = state
        self.note = note


def damaged(error: object) -> Unopened:
    """No program of the sender's would open the file either."""
    return Unopened(State.DAMAGED, f"{Note.UNREADABLE}: {error}"[:200])
