"""Whose account of this machine a command is run from."""

from __future__ import annotations

import getpass


def account() -> str:
    """For the record only: nothing is decided by it. "?" when the machine does not know."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"
