"""Fixtures that many tests share: one Dovecot, PostgreSQL and clamd per run, a fresh account per test, an SMTP sink."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import NoReturn

import pytest
from hypothesis import settings

from tests import compiled
from tests.crash.warm import Warm, warmed
from tests.servers import clamd as clamd_module
from tests.servers import dovecot as dovecot_server
from tests.servers import postgres as postgres_server
from tests.servers.certificate import Certificate, make_certificate
from tests.servers.clamd import ClamdServer, running_clamd
from tests.servers.dovecot import Dovecot, running_dovecot
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.smtp import SmtpSink, running_sink

compiled.keep()

# How long an example takes is the machine's business; what takes too long altogether is found by the run's own limits.
settings.register_profile("intake", deadline=None)
settings.load_profile("intake")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """The server of this run. Without Debian's dovecot-imapd the test is skipped, or fails where servers are a must."""
    if not dovecot_server.installed():
        _missing("NO IMAP SERVER: install dovecot-imapd 2.3, nothing about real mailboxes is tested without it")
    with running_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL of this run; without Debian's postgresql as with Dovecot."""
    if postgres_server.binaries() is None:
        _missing("NO POSTGRESQL: install postgresql, nothing about several processes at work is tested without it")
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def clamd_server() -> Iterator[ClamdServer]:
    """The scanner of this run; without Debian's clamav-daemon as with Dovecot."""
    if clamd_module.installed() is None:
        _missing("NO CLAMD: install clamav-daemon, nothing about a scanner is tested without it")
    with running_clamd() as server:
        yield server


def _missing(what: str) -> NoReturn:
    if os.environ.get("INTAKE_REQUIRE_SERVERS") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process from which commands are forked; see tests.e2e.world.World."""
    with warmed() as process:
        yield process


@pytest.fixture
def user() -> str:
    """An account that no other test has; the password is tests.servers.dovecot.PASSWORD."""
    return f"u{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A server certificate whose authority is nobody else's."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """A plain SMTP server that takes everything."""
    with running_sink() as server:
        yield server
