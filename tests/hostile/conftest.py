"""What the hostile inputs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.warm import Warm
from tests.e2e.world import World
from tests.hostile.ordeal import Ordeal
from tests.pipeline.office import Office, opened_office
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink


@pytest.fixture
def office(  # noqa: PLR0917 - fixtures are named
    tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """A configured office with a mailbox of its own, its service in this process."""
    world = World(tmp_path, user, dovecot, sink, warm=warm)
    world.configure()
    with opened_office(world, monkeypatch) as opened:
        yield opened


@pytest.fixture
def ordeal(office: Office) -> Ordeal:
    return Ordeal(office)
