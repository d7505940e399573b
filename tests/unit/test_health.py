"""What `status --health` says of every trouble there is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from intake.domain.alarm import Standing
from intake.entry.health import _WORDED, _shown_facts
from intake.entry.sirens import standing

MOMENT = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("alarm", standing(MOMENT), ids=lambda alarm: alarm.name)
def test_every_trouble_has_its_words(alarm: Standing) -> None:
    told = _WORDED[alarm.name].format_map(_shown_facts(alarm.facts, ZoneInfo("Asia/Shanghai")))
    assert told
    assert "{" not in told
