"""The stateful proof, bounded for every run of the tests; `make stateful` looks much further."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.machine import NeverLoseNeverTwice
from tests.stateful.offices import premises

EXAMPLES = int(os.environ.get("INTAKE_STATEFUL_EXAMPLES", "60"))
STEPS = int(os.environ.get("INTAKE_STATEFUL_STEPS", "30"))


def test_whatever_happens_nothing_is_lost_and_nothing_answered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "secret")
    proof = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        derandomize="INTAKE_STATEFUL_EXAMPLES" not in os.environ,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    with premises() as place:
        monkeypatch.setattr(NeverLoseNeverTwice, "premises", place, raising=False)
        run_state_machine_as_test(NeverLoseNeverTwice, settings=proof)
