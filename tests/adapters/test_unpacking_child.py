"""The child that unpacks: what it may use, what is believed of it, and the laws that hold for any octets."""

from __future__ import annotations

import io
import json
import lzma
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.adapters.blobs import BlobStore
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.unpacking import Budget, ChildUnpacker, State, Unpacked, unpacker
from intake.adapters.unpacking.outlet import Outlet
from intake.adapters.unpacking.rations import Meter
from intake.adapters.unpacking.unpacker import limits_for
from intake.adapters.unpacking.worker import unpack
from intake.ports import Blob, BlobWriter, Deferred
from tests.samples import archives, containers

CORPUS = Path(__file__).parent.parent.parent.parent / "shared" / "corpus"
ENTITY = b"Content-Type: text/plain\r\n\r\n" + b"report " * 30
SAMPLES = [
    *archives.healthy(),
    ("tnef", containers.tnef([containers.Attached(b"x" * 50, long_name="报告.doc"), containers.Attached(inner=b"y")])),
    ("msg", containers.msg({"报告.docx": b"r" * 5000}, inner={"转发": {"照片.jpg": b"p" * 6000}})),
    ("p7m", containers.signed(ENTITY)),
    ("p7m", containers.signed(ENTITY, chunk=20)),
]


def run(
    folder: Path, octets: bytes, name: str, opener: ChildUnpacker | None = None, budget: Budget | None = None
) -> Unpacked:
    path = folder / "container"
    path.write_bytes(octets)
    return (opener or ChildUnpacker())(path, name, BlobStore(folder / "blobs"), budget or Budget())


def limited(*, memory: int = 1024 * MIB, cpu: int = 20, wall: int = 60) -> ChildUnpacker:
    return ChildUnpacker(lambda _: Limits(memory, cpu, wall))


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A gzip file and 64 GiB of zeros behind it, which gzip skips one by one, and which take no room on the disk."""
    path = tmp_path / "endless.gz"
    path.write_bytes(archives.gzipped(b"report"))
    os.truncate(path, 64 << 30)
    return path


@pytest.mark.parametrize("limits", [{"cpu": 1}, {"wall": 1}], ids=str)
def test_time_is_bounded(tmp_path: Path, endless: Path, limits: dict[str, int]) -> None:
    found = limited(**limits)(endless, "gz", BlobStore(tmp_path / "blobs"), Budget())
    assert found == Unpacked(State.UNMEASURED, "out-of-time")


def test_memory_is_bounded(tmp_path: Path) -> None:
    wide = lzma.compress(b"x", preset=9)  # wants a dictionary of 64 MiB
    found = run(tmp_path, wide, "xz", limited(memory=80 * MIB))
    assert found.condition is State.UNMEASURED
    assert found.note.startswith(("out-of-memory", "child-died"))


def test_a_file_that_is_not_there_is_the_worlds_failure(tmp_path: Path) -> None:
    with pytest.raises(Deferred, match="No such file"):
        ChildUnpacker()(tmp_path / "gone", "zip", BlobStore(tmp_path / "blobs"), Budget())


@pytest.mark.usefixtures("nurseries")
def test_a_child_that_cannot_start_is_the_worlds_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(Deferred, match="no-python"):
        run(tmp_path, archives.zipped(), "zip")


@pytest.mark.usefixtures("nurseries")
def test_a_child_that_fails_before_reading_is_the_worlds_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(Deferred, match="ModuleNotFoundError"):
        run(tmp_path, archives.zipped(), "zip")


class FullDisk:
    """A store that takes nothing."""

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        raise Deferred("disk full")
        yield  # type: ignore[unreachable]

    def path(self, sha256: str) -> Path:
        raise NotImplementedError

    def free_bytes(self) -> int:
        return 0


def test_a_full_disk_is_the_worlds_failure(tmp_path: Path) -> None:
    path = tmp_path / "container"
    path.write_bytes(archives.zipped())
    with pytest.raises(Deferred, match="disk full"):
        ChildUnpacker()(path, "zip", FullDisk(), Budget())


# A child that has been taken over may write anything. These stand in for it.

_FILE = b'{"path": "a"}\n'
_SOUND = b'{"state": "sound", "note": ""}\n'

Said = Callable[..., Unpacked]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Callable[[str], str]) -> Said:
    """What is made of a child that writes these octets, and then does something else."""

    def unpacked(answer: bytes, then: str = "") -> Unpacked:
        (tmp_path / "answer").write_bytes(answer)
        body = f"errand.answer.write(ANSWER)\nerrand.answer.flush()\n{then}"
        name = worker(body, f"ANSWER = open({str(tmp_path / 'answer')!r}, 'rb').read()")
        monkeypatch.setattr(unpacker, "_WORKER", name)
        return run(tmp_path, b"container", "zip", budget=Budget(files=3))

    return unpacked


def piece(octets: bytes, length: int | None = None) -> bytes:
    return (len(octets) if length is None else length).to_bytes(4, "big") + octets


def test_a_whole_answer_is_believed(said: Said) -> None:
    found = said(_FILE + piece(b"octets") + piece(b"") + _SOUND)
    assert [(inner.path, inner.blob.size) for inner in found.inner] == [("a", 6)]


@pytest.mark.parametrize(
    ("answer", "state", "note"),
    [
        (b"", "unmeasured", "child-nonsense"),
        (_FILE + piece(b"x"), "unmeasured", "child-nonsense"),
        (_FILE + piece(b"x") + piece(b"", 0xFFFFFFFF) + _SOUND, "unmeasured", "child-nonsense"),
        (_FILE + piece(b"x", 1 << 30), "unmeasured", "child-nonsense"),
        (b"x" * (1 << 17), "unmeasured", "child-nonsense"),
        (b"\xff\n", "unmeasured", "child-nonsense"),
        (b'{"path": 7}\n', "unmeasured", "child-nonsense"),
        (b'{"state": "empty", "note": ""}\n', "unmeasured", "child-nonsense"),
        (json.dumps({"path": "a" * 5000}).encode() + b"\n", "unmeasured", "child-nonsense"),
        (b'{"path": "../../etc/passwd"}\n', "refused", "path-escape"),
        ((_FILE + piece(b"")) * 4 + _SOUND, "refused", "too-many-files"),
        (_FILE + piece(bytes(1 << 20)) * 11 + _SOUND, "refused", "ratio"),
        (_FILE + piece(b"x") + piece(b"") + b'{"state": "damaged", "note": "n"}\n', "damaged", "n"),
    ],
    ids=[
        "silence", "stops", "abandons-well", "huge-piece", "no-line", "no-text", "no-path", "no-state", "long-path",
        "escape", "crowd", "bomb", "late-damage",
    ],
)  # fmt: skip
def test_a_child_that_lies_is_not_believed(said: Said, answer: bytes, state: str, note: str) -> None:
    assert said(answer) == Unpacked(State(state), note)


def test_a_child_that_dies_leaves_its_last_words(said: Said) -> None:
    found = said(_FILE, "raise RuntimeError('broken')")
    assert found == Unpacked(State.UNMEASURED, "child-died: 1 RuntimeError: broken")


def test_a_broken_installation_is_no_files_fault(said: Said) -> None:
    with pytest.raises(Deferred, match="exit 69 no such library"):
        said(b"", "raise ImportError('no such library')")


# Laws


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A sample with some octets changed, cut off or repeated."""
    name, octets = draw(st.sampled_from(SAMPLES))
    damaged = bytearray(octets)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.one_of(st.integers(0, len(damaged)), st.integers(max(0, len(damaged) - 120), len(damaged))))
        run_length = draw(st.integers(0, 8))
        damaged[at : at + run_length] = draw(st.binary(max_size=8))
    return name, bytes(damaged[: draw(st.one_of(st.just(None), st.integers(0, len(damaged))))])


@given(mutated())
@settings(max_examples=400, deadline=2000)
def test_every_reader_ends_with_a_last_word(sample: tuple[str, bytes]) -> None:
    name, octets = sample
    pipe = io.BytesIO()
    unpack(name, io.BytesIO(octets), Outlet(pipe, Meter(Budget(), len(octets))))
    last_word = pipe.getvalue()[pipe.getvalue().rindex(b'{"state"') :]
    assert State(json.loads(last_word)["state"])


@given(mutated())
@settings(max_examples=25, deadline=None)
def test_nothing_is_written_but_blobs(tmp_path_factory: pytest.TempPathFactory, sample: tuple[str, bytes]) -> None:
    name, octets = sample
    folder = tmp_path_factory.mktemp("law")
    found = run(folder, octets, name)
    assert found.condition is State.SOUND or not found.inner
    blobs = BlobStore(folder / "blobs")
    for inner in found.inner:
        assert inner.path
        assert not inner.path.startswith("/")
        assert Blob(inner.blob.sha256, blobs.path(inner.blob.sha256).stat().st_size) == inner.blob
    assert {path.name for path in folder.iterdir()} <= {"blobs", "container"}


@pytest.mark.parametrize("size", [0, 1 << 20, 1 << 30, 1 << 40])
def test_limits_grow_with_the_container_and_end(size: int) -> None:
    limits = limits_for(size)
    assert 20 <= limits.cpu_seconds <= 120
    assert limits.cpu_seconds < limits.wall_seconds <= 360


FILES = sorted(path for folder in ("tnef", "msg") for path in (CORPUS / folder).glob("*.[tm]*"))


@pytest.mark.skipif(not FILES, reason=f"no sample files in {CORPUS}: no container is opened beyond our own samples")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_public_samples_open(tmp_path: Path, path: Path) -> None:
    found = run(tmp_path, path.read_bytes(), path.suffix[1:])
    assert found.condition is State.SOUND
    assert found.inner or found.note == "empty"
