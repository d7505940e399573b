"""The blob store on a real disk, and on one that is full."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intake.adapters.blobs import BlobStore
from intake.ports import Blob, Deferred

OCTETS = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(OCTETS).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "data" / "blobs")


def files(store: BlobStore) -> list[Path]:
    return sorted(path for path in store.path(SHA256).parent.parent.rglob("*") if path.is_file())


def put(store: BlobStore, octets: bytes = OCTETS) -> Blob:
    with store.writer() as writer:
        for start in range(0, len(octets), 10_000):
            piece = octets[start : start + 10_000]
            assert writer.write(piece) == len(piece)
        return writer.commit()


def test_a_blob_is_named_by_its_content(store: BlobStore) -> None:
    assert put(store) == Blob(SHA256, len(OCTETS))
    assert store.path(SHA256).read_bytes() == OCTETS
    assert files(store) == [store.path(SHA256)]


def test_an_empty_blob_is_a_blob(store: BlobStore) -> None:
    blob = put(store, b"")
    assert blob == Blob(hashlib.sha256(b"").hexdigest(), 0)
    assert store.path(blob.sha256).read_bytes() == b""


def test_only_the_owner_reads(store: BlobStore) -> None:
    put(store)
    path = store.path(SHA256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, path.parent.parent / "tmp"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_content_twice_is_one_file(store: BlobStore) -> None:
    assert put(store) == put(store)
    assert files(store) == [store.path(SHA256)]


def test_a_spoilt_file_heals_when_its_content_comes_again(store: BlobStore) -> None:
    put(store)
    store.path(SHA256).write_bytes(b"")
    put(store)
    assert store.path(SHA256).read_bytes() == OCTETS


def test_nothing_stays_without_a_commit(store: BlobStore) -> None:
    with store.writer() as writer:
        writer.write(OCTETS)
        assert not store.path(SHA256).exists()
    assert files(store) == []


def test_nothing_stays_after_an_error(store: BlobStore) -> None:
    with pytest.raises(TypeError), store.writer() as writer:
        writer.write(OCTETS + None)  # type: ignore[operator]
    assert files(store) == []


def test_a_closed_writer_is_our_fault(store: BlobStore) -> None:
    with store.writer() as writer:
        writer.commit()
        with pytest.raises(ValueError, match="closed"):
            writer.write(b"more")
        with pytest.raises(ValueError, match="closed"):
            writer.commit()


def test_sweeping_removes_what_a_killed_run_left(store: BlobStore, tmp_path: Path) -> None:
    left = tmp_path / "data" / "blobs" / "tmp" / "left-over"
    left.write_bytes(b"half a mail")
    os.utime(left, (1_700_000_000, 1_700_000_000))
    put(store)
    assert store.sweep() == 1
    assert files(store) == [store.path(SHA256)]


def test_sweeping_spares_what_is_being_written(store: BlobStore, tmp_path: Path) -> None:
    with store.writer() as writer:
        writer.write(OCTETS)
        (temporary,) = files(store)
        os.utime(temporary, (1_700_000_000, 1_700_000_000))
        assert BlobStore(tmp_path / "data" / "blobs").sweep() == 0
        assert writer.commit().sha256 == SHA256


def test_sweeping_spares_what_is_younger_than_the_run(store: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "data" / "blobs" / "tmp" / "not-locked-yet").touch()
    assert store.sweep() == 0
    assert len(files(store)) == 1


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA256.upper(), SHA256[:-1], SHA256 + "\n"])
def test_a_name_that_is_no_hash_is_our_fault(store: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.path(name)


def test_free_bytes_are_those_of_the_disk(store: BlobStore, tmp_path: Path) -> None:
    state = os.statvfs(tmp_path)
    assert abs(store.free_bytes() - state.f_bavail * state.f_frsize) < 1 << 30


@pytest.fixture
def cramped() -> Iterator[None]:
    """Files of at most 100,001 octets: the kernel takes what fits and refuses the next write, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.usefixtures("cramped")
def test_a_disk_that_takes_only_a_part_is_deferred_and_nothing_stays(store: BlobStore) -> None:
    with pytest.raises(Deferred, match=r"blob store .*File too large"), store.writer() as writer:
        writer.write(OCTETS)
    assert files(store) == []
    assert put(store, OCTETS[:5000]).size == 5000


def test_short_writes_are_finished(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:777]))
    assert put(store).sha256 == SHA256
    assert store.path(SHA256).read_bytes() == OCTETS


def test_the_order_that_survives_a_power_cut(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, Path]] = []
    fsync, replace = os.fsync, Path.replace

    def noting_fsync(handle: int) -> None:
        calls.append(("fsync", Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    def noting_replace(path: Path, target: Any) -> Path:
        calls.append(("rename", Path(target)))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    final = store.path(SHA256)
    put(store)
    assert calls[0][0] == "fsync"
    assert calls[0][1].parent.name == "tmp"
    assert calls[1:] == [("fsync", final.parent.parent), ("rename", final), ("fsync", final.parent)]


def test_a_store_that_cannot_be_made_is_deferred(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Deferred, match="Not a directory"):
        BlobStore(tmp_path / "file" / "blobs")
