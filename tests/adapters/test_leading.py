"""Who leads: one at a time, told by name, and nobody any more whose connection is gone."""

from __future__ import annotations

import os

import pytest

from intake.adapters.records.database import Database
from intake.adapters.records.leading import Leadership, leadership
from intake.ports import Deferred
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.server


def test_one_leads_and_the_others_are_told_who(server: Database) -> None:
    with leadership(server) as first:
        assert isinstance(first, Leadership)
        assert not first.lost()
        with leadership(server) as second:
            assert isinstance(second, str)
            assert f" {os.getpid()}" in second
    with leadership(server) as third:
        assert isinstance(third, Leadership)


def test_the_lead_of_one_database_is_not_that_of_another(server: Database, postgres: Postgres) -> None:
    other = Database(postgres.url(postgres.create()))
    with leadership(server) as here, leadership(other) as there:
        assert isinstance(here, Leadership)
        assert isinstance(there, Leadership)
    other.close()


def test_it_goes_with_the_connection_and_does_not_come_back_with_a_new_one(
    server: Database, postgres: Postgres
) -> None:
    with leadership(server) as first:
        assert isinstance(first, Leadership)
        name = server.url.database
        postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        assert first.lost()
        assert first.lost()
        with leadership(server) as second:
            assert isinstance(second, Leadership)
            assert first.lost()
            assert not second.lost()


def test_without_a_server_nobody_leads() -> None:
    away = Database("postgresql+psycopg://intake@127.0.0.1:1/x")
    with pytest.raises(Deferred, match="database not available"), leadership(away):
        pass
    away.close()
