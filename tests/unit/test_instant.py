"""Times on the command line: ISO 8601, within the years that an office can mean."""

from __future__ import annotations

import os
import sys
from datetime import datetime

import pytest

from intake.entry.cli import main
from intake.entry.instant import Instant


@pytest.mark.parametrize("text", ["1970-01-01", "2024-06-05T12:00:00+08:00", "2200-12-31T23:59:59"])
def test_a_time_that_an_office_can_mean_is_taken(text: str) -> None:
    assert Instant().convert(text, None, None) == datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31T23:59:59", "2201-01-01", "9999-12-31T23:59:59-12:00"])
def test_any_other_is_wrong_usage(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run_intake.py", "--now", text, "status"])

    assert main() == os.EX_USAGE
    assert "1970 to 2200" in capsys.readouterr().err
