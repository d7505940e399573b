"""What the tests of the stages share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import World
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink) -> World:
    """A configured office with a mailbox of its own."""
    world = World(tmp_path, user, dovecot, sink)
    world.configure()
    return world
