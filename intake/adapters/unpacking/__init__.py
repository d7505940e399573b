"""Opens what files were sent in: archives, Outlook's containers, signed mail; each in a child process of its own.

`ChildUnpacker` is loaded when asked for: the child imports this package too, and has no use for the parent's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from intake.adapters.unpacking.formats import UNPACKABLE
from intake.adapters.unpacking.outcome import State
from intake.adapters.unpacking.rations import Budget

if TYPE_CHECKING:
    from intake.adapters.unpacking.unpacker import ChildUnpacker, Inner, Unpacked

__all__ = ["UNPACKABLE", "Budget", "ChildUnpacker", "Inner", "State", "Unpacked"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from intake.adapters.unpacking import unpacker  # noqa: PLC0415

    return getattr(unpacker, name)
