"""The stateful proof, the same examples in every run; `make stateful` looks much further."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.servers.postgres import Postgres
from tests.stateful.offices import on_file, on_postgres
from tests.stateful.proof import bounded, machine_on


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "secret")


def test_whatever_happens_nothing_is_lost_and_nothing_answered_twice() -> None:
    figures: Counter[str] = Counter()
    with on_file() as place:
        kind = machine_on(place, figures, postgres=False)
        run_state_machine_as_test(kind, settings=bounded(50, 30, derandomize=True))
    assert figures["deaths"] > 10
    assert figures["letters"] > figures["twice"] > 0


@pytest.mark.server
def test_on_postgresql_several_workers_decide_the_same(postgres: Postgres) -> None:
    figures: Counter[str] = Counter()
    with on_postgres(postgres) as place:
        kind = machine_on(place, figures, postgres=True)
        run_state_machine_as_test(kind, settings=bounded(8, 25, derandomize=True))
    assert figures["letters"] > 0
