"""Lanes that all crash tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.sweep import Lane, lanes
from tests.servers import strace
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres


@pytest.fixture(scope="package")
def both(dovecot: Dovecot, postgres: Postgres) -> Iterator[list[Lane]]:
    """Two lanes. Without strace the tests are skipped, or fail where servers are a must."""
    strace.require()
    with lanes(dovecot, postgres) as ready:
        yield ready
