"""What a kill cannot show: that things become durable in the right order. Read off the calls of a whole poll."""

from __future__ import annotations

import pytest

from tests.crash.mutants import changed
from tests.crash.order import commits, final_dots
from tests.crash.sweep import Lane
from tests.crash.tracing import Call

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def calls(both: list[Lane]) -> list[Call]:
    return both[0].calls()


def test_at_every_commit_the_blobs_are_durable(calls: list[Call]) -> None:
    seen = list(commits(calls))
    assert [lost for _, lost in seen if lost] == []
    assert seen[-1][0] >= 6, "three mails and three files"


def test_before_every_final_dot_a_doubt_is_committed(calls: list[Call]) -> None:
    assert list(final_dots(calls)) == [True, True, True]


def test_a_sync_that_comes_too_late_is_found(both: list[Lane]) -> None:
    assert any(lost for _, lost in commits(both[0].calls(changed("synced_too_late"))))
