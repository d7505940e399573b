"""The sweep finds what it is there to find: mistakes made on purpose. The fifth of them is in test_order.py."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from tests.crash.mutants import MUTANTS, changed
from tests.crash.picture import Picture
from tests.crash.points import Point
from tests.crash.sweep import Lane, Tried, sweep

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def clean(both: list[Lane]) -> dict[str, Picture]:
    return {"poll": both[0].clean("poll")[0]}


def commits_of(lanes: list[Lane], clean: dict[str, Picture], *changes: str) -> Iterator[Tried]:
    """Killed at every commit in turn: the points where a step too early or too late shows."""
    points = ((Point("poll", "fdatasync", ordinal), None) for ordinal in range(1, 60))
    for few in iter(lambda: list(islice(points, len(lanes))), []):
        tried: list[Tried] = []
        sweep(lanes, few, clean, tried.append, changes)
        yield from tried
        if not any(each.hits for each in tried):
            return


@pytest.mark.parametrize("mutant", [name for name in MUTANTS if name != "synced_too_late"])
def test_a_mistake_is_found(both: list[Lane], clean: dict[str, Picture], mutant: str) -> None:
    wrong = next((tried.wrong for tried in commits_of(both, clean, changed(mutant)) if tried.wrong), ())
    assert wrong
    assert not any("Traceback" in told for told in wrong), "found for what it does, not because it does not run"


def test_without_a_mistake_nothing_is_found(both: list[Lane], clean: dict[str, Picture]) -> None:
    tried = list(commits_of(both, clean))
    assert [each.wrong for each in tried if each.wrong] == []
    assert sum(bool(each.hits) for each in tried) >= 10
