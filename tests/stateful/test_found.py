"""What the stateful proof has found, each as a story of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.stateful.bureau import START, Bureau
from tests.stateful.offices import on_file
from tests.stateful.outcome import outcome, unfinished
from tests.stateful.postbag import Sort, advertisement, compose

LONG_AGO = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.fixture
def bureau(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bureau]:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "secret")
    with on_file() as place:
        made = Bureau(place)
        yield made
        made.close()


@pytest.mark.parametrize("older", [0, 2])
def test_a_mail_that_a_list_left_out_is_taken_when_a_list_has_it(bureau: Bureau, older: int) -> None:
    """It had been passed by the watermark, and was counted with the mail from before every notice for ever after."""
    for number in range(older):
        bureau.server.deliver(advertisement(100 + number), LONG_AGO)
    bureau.server.deliver(advertisement(1), START)
    bureau.poll()
    left_out = bureau.server.deliver(compose(2, "370826", Sort.REPORT), START)
    bureau.server.deliver(advertisement(3), START)
    bureau.server.hide(left_out)
    bureau.poll()
    bureau.poll()
    assert list(unfinished(bureau)) == []
    assert len(outcome(bureau).mails) == 3
    with bureau.app.records.chronicle() as chronicle:
        assert chronicle.reconciliation().older == older
    asked = bureau.server.downloads
    bureau.poll()
    assert bureau.server.downloads == asked, "and that is the end of it"


def test_a_correction_stands_whatever_could_be_fetched_first(bureau: Bureau) -> None:
    """The folder that is read later held the older of two reports, which then counted as the newer one."""
    bureau.server.deliver(compose(2, "370826", Sort.VIDEO), START, "Junk")
    corrected = compose(3, "370826", Sort.VIDEO)
    bureau.server.deliver(corrected, START + timedelta(hours=1), "INBOX")
    bureau.poll()
    counted = {item[0]: item[2] for item in outcome(bureau).units["370826"][2]}
    bureau.server.deliver(compose(5, "370881", Sort.VIDEO), START + timedelta(hours=2), "INBOX")
    bureau.poll()
    same = {item[0]: item[2] for item in outcome(bureau).units["370881"][2]}
    assert counted["video"] == same["video"], "the second and the third mail bring the same film"
