"""A stage begins nothing new when its time is over: the others, the digest and the alarms have their turn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake.entry import app as app_module
from intake.entry.app import LONGEST_ROUND
from tests.e2e.world import address, complete
from tests.pipeline.office import Office

pytestmark = pytest.mark.server


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def lasts(self, *_what: object) -> None:
        self.seconds += LONGEST_ROUND + 1


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(app_module, "time", watch)
    return watch


def test_a_mail_that_takes_the_round_lets_the_letters_go_before_the_next(office: Office, watch: Watch) -> None:
    for code in ("370826", "370883"):
        office.world.deliver(complete(code))
    office.app._progress = watch.lasts
    assert office.poll() is None
    assert office.states()["accepted"] == 1
    assert len(office.world.letters(address("370826"))) == 1, "its answer left in the same round"
    assert office.poll() is None
    assert len(office.world.letters(address("370883"))) == 1, "and the other mail came first in the next"


def test_letters_that_take_the_round_leave_the_others_to_the_next(
    office: Office, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("370826", "370883"):
        office.world.deliver(complete(code))
    office.app.receive()
    office.app.examine()
    monkeypatch.setattr("intake.journal.settled", watch.lasts)
    assert [office.app.deliver() for _ in range(3)] == [1, 1, 0]


def test_mending_that_takes_the_round_is_gone_on_with(
    office: Office, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("370826", "370883"):
        office.world.deliver(complete(code))
    office.app.receive()
    for path in office.app.blobs.root.glob("??/*"):
        path.unlink()
    assert "blob" in (office.poll() or "")
    monkeypatch.setattr("intake.journal.mended", watch.lasts)
    office.now += timedelta(minutes=5)
    assert [office.app.mend() for _ in range(3)] == [1, 1, 0]
