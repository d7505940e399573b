"""Measures materials: the only place where foreign files meet parsers, each file in a child process of its own.

`ChildInspector` is loaded when asked for: the child imports this package too, and would pay 65 of its 100 ms for
what only the parent needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intake.adapters.inspection.inspector import ChildInspector

__all__ = ["ChildInspector"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from intake.adapters.inspection.inspector import ChildInspector  # noqa: PLC0415

    return ChildInspector
