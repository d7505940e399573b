"""The child's side of the pipe to its parent."""

from __future__ import annotations

import json
import os
from typing import BinaryIO, Final

READY: Final = "ready"
"""What a child says first: it is locked in, and has not read a foreign octet."""

BROKEN_INSTALLATION: Final = os.EX_UNAVAILABLE
"""Exit status of a child that could not load what it needs: no file's fault."""


def answers() -> BinaryIO:
    """The pipe to the parent, moved away from where a library might print."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "wb")


def tell(pipe: BinaryIO, value: object) -> None:
    """One line of JSON, in ASCII."""
    pipe.write(json.dumps(value, allow_nan=False).encode("ascii") + b"\n")
    pipe.flush()
