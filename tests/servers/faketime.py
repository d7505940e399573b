"""Debian's libfaketime: a library that turns the wall clock of one process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def library() -> Path:
    """The library for programs with threads. Without it the test is skipped, or fails where servers are a must."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        missing = "NO FAKETIME: install faketime, nothing about a clock that jumps under the service is tested without"
        if os.environ.get("INTAKE_REQUIRE_SERVERS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return found[0]
