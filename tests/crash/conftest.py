"""Lanes that all crash tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.sweep import Lane, lanes
from tests.servers import strace
from tests.servers.dovecot import Dovecot


@pytest.fixture(scope="package")
def both(dovecot: Dovecot) -> Iterator[list[Lane]]:
    """Two lanes. Without strace the tests are skipped, or fail where servers are a must."""
    strace.require()
    with lanes(dovecot) as ready:
        yield ready
