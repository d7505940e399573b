"""A short while of `make soak`: mail keeps coming, `serve` keeps being killed, and nothing is missing at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.office import Office
from tests.e2e.world import World
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink
from tests.soak.soak import Plan, Soak


@pytest.mark.server
def test_killed_while_mail_keeps_coming_it_misses_none(
    tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink
) -> None:
    plan = Plan(mails=60, kill_every=0.7, undisturbed=5, backlog=10, most_kills=4)
    soak = Soak(Office(World(tmp_path / "office", user, dovecot, sink)), plan)
    soak.run()
    assert soak.wrong == []
    assert soak.kills >= 3
