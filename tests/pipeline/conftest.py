"""What the tests of the stages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.warm import Warm
from tests.e2e.world import World
from tests.pipeline.office import Office, opened_office
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm) -> World:
    """A configured office with a mailbox of its own."""
    world = World(tmp_path, user, dovecot, sink, warm=warm)
    world.configure()
    return world


@pytest.fixture
def office(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Its service in this process, with a clock that the test turns."""
    with opened_office(world, monkeypatch) as office:
        yield office
