"""The child's side: what it was sent to do, and how it answers."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from typing import BinaryIO, Final

READY: Final = "ready"
"""What a child says first: it is locked in, and has not read a foreign octet."""

BROKEN_INSTALLATION: Final = os.EX_UNAVAILABLE
"""Exit status of a child that could not load what it needs: no file's fault."""
WORLD_FAILED: Final = os.EX_IOERR
"""Exit status of a child that says the disk did not give it the file. The parent looks for itself."""

WORDS_CAP: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Errand:
    """The foreign file, the words that came with it, the pipe to the parent, and where the parent may hand more in."""

    words: tuple[str, ...]
    file: BinaryIO
    answer: BinaryIO
    desk: socket.socket

    def tell(self, value: object) -> None:
        """One line of JSON, in ASCII."""
        tell(self.answer, value)

    def handed(self) -> int:
        """The next descriptor that the parent hands in. EOFError when it will hand in nothing more."""
        _word, descriptors, _flags, _address = socket.recv_fds(self.desk, 1, 1)
        if not descriptors:
            raise EOFError("the parent hands in nothing more")
        return descriptors[0]


def tell(pipe: BinaryIO, value: object) -> None:
    """One line of JSON, in ASCII."""
    pipe.write(json.dumps(value, allow_nan=False).encode("ascii") + b"\n")
    pipe.flush()
