"""The heartbeat is replaced whole, and what a killed process left of one does not stay."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.entry.heartbeat import Signs, beat, read

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_a_heartbeat_says_who_and_when(tmp_path: Path) -> None:
    beat(tmp_path, Signs(last_poll_at=NOW), NOW, "poll")
    last = read(tmp_path)
    assert last is not None
    assert (last.time, last.pid, last.by, last.ok) == (NOW, os.getpid(), "poll", True)


def test_a_killed_process_leaves_the_last_one_and_no_heap_of_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(tmp_path, Signs(), NOW, "poll")

    def killed(_place: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", killed)
            with pytest.raises(KeyboardInterrupt):
                beat(tmp_path, Signs(), NOW, "serve")
    last = read(tmp_path)
    assert last is not None
    assert last.by == "poll"
    assert len(list(tmp_path.iterdir())) == 2
    left = tmp_path / ".heartbeat.here.1"
    left.touch()
    beat(tmp_path, Signs(), NOW, "serve")
    assert left.exists(), "another process may be writing it"
    os.utime(left, (1, 1))
    beat(tmp_path, Signs(), NOW, "serve")
    assert [place.name for place in tmp_path.iterdir()] == ["heartbeat"]


def test_no_heartbeat_is_none_and_a_torn_one_an_error(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    (tmp_path / "heartbeat").write_bytes(b'{"time": ')
    with pytest.raises(ValueError, match="truncated"):
        read(tmp_path)
