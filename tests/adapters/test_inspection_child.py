"""The child process: what it may use, how it ends, and what its end means."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector, inspector
from intake.adapters.sandbox.active import active
from intake.adapters.sandbox.confinement import MIB, Limits, limits_for
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind
from intake.ports import Deferred
from tests.samples import documents, media


def limited(*, memory: int = 1024 * MIB, cpu: int = 20, wall: int = 60) -> ChildInspector:
    return ChildInspector(lambda _: Limits(memory, cpu, wall))


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A program stream that begins well and goes on with 64 GiB of nothing, which takes no room on the disk."""
    path = tmp_path / "endless.mpg"
    path.write_bytes(media.video(1, "mpg")[:4096])
    os.truncate(path, 64 << 30)
    return path


def children() -> list[int]:
    """Children of our zygotes."""
    return [child for zygote in _born_of(os.getpid()) for child in _born_of(zygote)]


def _born_of(process: int) -> list[int]:
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


OTHERS: set[int] = set()
"""What the servers of other tests have born."""


@pytest.fixture(autouse=True)
def _others() -> None:
    OTHERS.clear()
    OTHERS.update(children())


def test_an_empty_file_needs_no_child(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert ChildInspector()(path, "视频.mp4") == Facts(Condition.EMPTY)


def test_a_file_that_is_not_there_is_the_worlds_failure(tmp_path: Path) -> None:
    with pytest.raises(Deferred, match="No such file"):
        ChildInspector()(tmp_path / "gone", "视频.mp4")


@pytest.mark.usefixtures("nurseries")
def test_a_child_that_cannot_start_is_the_worlds_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo"
    path.write_bytes(media.photo(64, 64))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(Deferred, match="no-python"):
        ChildInspector()(path, "照片.jpg")


@pytest.mark.usefixtures("nurseries")
def test_a_child_that_fails_before_reading_is_the_worlds_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photo"
    path.write_bytes(media.photo(64, 64))
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(Deferred, match="ModuleNotFoundError"):
        ChildInspector()(path, "照片.jpg")


def test_memory_is_bounded_and_the_format_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(documents.pdf_bomb())
    facts = limited(memory=256 * MIB)(path, "总结.pdf")
    assert (facts.condition, facts.format, facts.kind) == (Condition.UNMEASURED, "pdf", Kind.DOCUMENT)
    assert facts.note.startswith(("child-died", "out-of-memory"))


def test_processor_time_is_bounded(endless: Path) -> None:
    facts = limited(cpu=1)(endless, "视频.mpg")
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "out-of-time")
    assert (facts.format, facts.kind) == ("mpg", Kind.VIDEO)


def test_the_wall_clock_is_bounded_and_nothing_stays_behind(endless: Path) -> None:
    start = time.monotonic()
    facts = limited(wall=1)(endless, "视频.mpg")
    assert time.monotonic() - start < 5
    assert (facts.condition, facts.note, facts.format) == (Condition.UNMEASURED, "out-of-time", "mpg")
    assert new_children() == []


def new_children() -> list[int]:
    return [child for child in children() if child not in OTHERS]


def running_child() -> int:
    for _ in range(500):
        if found := new_children():
            return found[0]
        time.sleep(0.01)
    raise AssertionError("no child was seen")


def settled(process: int) -> Path:
    """The /proc folder of a child that has locked itself in."""
    folder, last = Path(f"/proc/{process}"), "Seccomp:\t2" if active().seccomp else "NoNewPrivs:\t1"
    for _ in range(500):
        if last in (folder / "status").read_text():
            return folder
        time.sleep(0.01)
    raise AssertionError("the child did not lock itself in")


@pytest.fixture
def busy(endless: Path) -> Iterator[Path]:
    """The /proc folder of a child at work."""
    work = threading.Thread(target=limited(wall=2), args=(endless, "视频.mpg"))
    work.start()
    try:
        yield settled(running_child())
    finally:
        work.join()


def test_a_child_is_locked_in(busy: Path) -> None:
    process = int(busy.name)
    soft = {name: resource.prlimit(process, getattr(resource, f"RLIMIT_{name}"))[0] for name in ("AS", "CPU", "CORE")}
    assert soft == {"AS": 1024 * MIB, "CPU": 20, "CORE": 0}
    assert resource.prlimit(process, resource.RLIMIT_FSIZE)[1] <= MIB
    assert resource.prlimit(process, resource.RLIMIT_NOFILE)[1] <= 64
    status = (busy / "status").read_text()
    assert "CapEff:\t0000000000000000" in status
    assert "CapPrm:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert ("Seccomp:\t2" in status) == active().seccomp


@pytest.mark.parametrize("filename", ["照" * 500 + ".jpg", "\0\n.jpg", "\udc80.jpg", "-c.jpg", ""])
def test_no_file_name_disturbs_the_child(tmp_path: Path, filename: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(media.photo(64, 64))
    assert ChildInspector()(path, filename).format == "jpg"


def test_inspectors_may_run_side_by_side(tmp_path: Path) -> None:
    found: list[Facts] = []
    path = tmp_path / "photo"
    path.write_bytes(media.photo(64, 64))
    inspector = ChildInspector()
    threads = [threading.Thread(target=lambda: found.append(inspector(path, "照片.jpg"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [facts.condition for facts in found] == [Condition.SOUND] * 6


@pytest.mark.parametrize("size", [0, 1 << 20, 1 << 30, 1 << 40])
def test_limits_grow_with_the_file_and_end(size: int) -> None:
    limits = limits_for(size)
    assert 20 <= limits.cpu_seconds <= 120
    assert limits.cpu_seconds < limits.wall_seconds <= 360
    assert json.dumps(limits)


# A child that was broken into may say anything. A stand-in says it.

_TOLD = {
    "condition": "sound", "seconds": None, "hidden_seconds": None, "coverage": None, "codec": None, "width": 640,
    "height": 480, "pages": None, "text_length": None, "text": "", "note": "", "scanned": False, "macros": False,
    "photos_inside": 0, "taken_at": None, "has_audio": None, "marked": False,
}  # fmt: skip


def facts_line(**changed: object) -> bytes:
    return json.dumps({**_TOLD, **changed}).encode() + b"\n"


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Callable[..., str]) -> Callable[[bytes], Facts]:
    """What is made of a child that says this."""

    def facts(answer: bytes) -> Facts:
        (tmp_path / "answer").write_bytes(answer)
        (tmp_path / "photo").write_bytes(b"octets")
        before = f"ANSWER = open({str(tmp_path / 'answer')!r}, 'rb').read()"
        monkeypatch.setattr(inspector, "_WORKER", worker("errand.answer.write(ANSWER)", before))
        return ChildInspector(previews=True)(tmp_path / "photo", "照片.jpg")

    return facts


def test_a_whole_answer_is_believed(said: Callable[[bytes], Facts]) -> None:
    facts = said(b'"jpg"\n' + facts_line())
    assert (facts.condition, facts.format, facts.width) == (Condition.SOUND, "jpg", 640)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b'"jpg"\n',
        b'"jpg"\n{}\n',
        b'"jpg"\n' + facts_line(condition="fine"),
        b'"jpg"\n' + facts_line(seconds=-1),
        b'"jpg"\n' + facts_line(text="x" * 100_000),
        b'"jpg"\n' + facts_line(more=1),
        b'"jpg"\n' + facts_line().replace(b"640", b"1e999"),
        b'"jpg"\n' + facts_line().replace(b'"note": ""', b'"note": "\xff"'),
        b'"jpg"\n' + b"[" * 500_000 + b"\n",
        b"[" * 500_000 + b"\n" + facts_line(condition="damaged", width=None),
        b'"jpg"\n' + facts_line() + b"x" * (2 << 20),
    ],
    ids=[
        "silence", "no-facts", "no-fields", "no-condition", "negative", "long", "more", "infinite", "no-text", "deep",
        "deep-format", "endless",
    ],
)  # fmt: skip
def test_a_child_that_lies_is_not_believed(said: Callable[[bytes], Facts], answer: bytes) -> None:
    facts = said(answer)
    assert facts.condition in {Condition.UNMEASURED, Condition.DAMAGED}
    assert facts.width is None


@pytest.mark.parametrize("preview", [b'"?"', b'"R0lGODlh"', b'"' + b"A" * 40_000 + b'"', b"[" * 100_000, b"\xff"])
def test_a_preview_that_is_none_costs_nothing_else(said: Callable[[bytes], Facts], preview: bytes) -> None:
    facts = said(b'"jpg"\n' + facts_line() + preview + b"\n")
    assert (facts.condition, facts.width, facts.preview) == (Condition.SOUND, 640, None)
