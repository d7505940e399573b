"""How a command reaches what it does: a module that is imported only when the command runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def run(module: str, function: str, context: click.Context, **arguments: Any) -> None:
    """Run a function of a module in intake.entry with the options of the group; its result is the exit status."""
    from importlib import import_module  # noqa: PLC0415

    command: Callable[..., int] = getattr(import_module(f"intake.entry.{module}"), function)
    context.exit(command(**context.find_root().obj, **arguments))
