"""ports.Inspector: a child for each file, and tests/fakes/inspector.py, which asks for each file once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind
from intake.ports import Deferred
from tests.fakes.inspector import RememberingInspector
from tests.samples import documents, media


@pytest.fixture(params=["real", "fake"])
def inspect(request: pytest.FixtureRequest) -> ChildInspector | RememberingInspector:
    return ChildInspector() if request.param == "real" else RememberingInspector(ChildInspector())


def stored(folder: Path, octets: bytes) -> Path:
    path = folder / hashlib.sha256(octets).hexdigest()
    path.write_bytes(octets)
    return path


def told(facts: Facts) -> tuple[Kind, Condition, float | None, int | None]:
    return facts.kind, facts.condition, facts.seconds, facts.width


def test_facts_follow_from_octets_and_name(inspect: ChildInspector | RememberingInspector, tmp_path: Path) -> None:
    report = stored(tmp_path, documents.docx("总结报告", ["开展活动。"]))
    photo = stored(tmp_path, media.photo(width=480, height=360))
    damaged = stored(tmp_path, photo.read_bytes()[:4000])
    video = stored(tmp_path, media.video(60))
    for _again in range(2):
        assert told(inspect(report, "总结报告.docx")) == (Kind.DOCUMENT, Condition.SOUND, None, None)
        assert inspect(damaged, "1.jpg").condition is Condition.DAMAGED
        assert told(inspect(photo, "1.jpg")) == (Kind.IMAGE, Condition.SOUND, None, 480)
        assert told(inspect(video, "v.mp4"))[:3] == (Kind.VIDEO, Condition.SOUND, 60.0)


def test_the_fake_asks_the_real_one_once_and_remembers_no_failure(tmp_path: Path) -> None:
    asked: list[str] = []

    def real(path: Path, filename: str, /) -> Facts:
        asked.append(filename)
        if len(asked) == 1:
            raise Deferred("no child can run")
        return Facts(Condition.SOUND, note=filename)

    fake, file = RememberingInspector(real), stored(tmp_path, b"x")
    with pytest.raises(Deferred):
        fake(file, "a")
    assert [fake(file, name).note for name in ("a", "a", "b", "a")] == ["a", "a", "b", "a"]
    assert asked == ["a", "a", "b"]
