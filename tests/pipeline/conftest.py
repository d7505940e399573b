"""What the tests of the stages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.warm import Warm
from tests.e2e.world import World
from tests.pipeline.office import Office, opened_office
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.smtp import SmtpSink


@pytest.fixture
def world(  # noqa: PLR0917 - fixtures are named
    request: pytest.FixtureRequest, tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm
) -> Iterator[World]:
    """A configured office with a mailbox of its own, where a test wants it with its records on a server."""
    on_server = getattr(request, "param", "") == "postgresql"
    postgres: Postgres | None = request.getfixturevalue("postgres") if on_server else None
    name = postgres.create() if postgres else ""
    world = World(tmp_path, user, dovecot, sink, postgres.url(name) if postgres else "", warm=warm)
    world.configure()
    yield world
    if postgres:
        postgres.drop(name)


@pytest.fixture
def office(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Its service in this process, with a clock that the test turns."""
    with opened_office(world, monkeypatch) as office:
        yield office
