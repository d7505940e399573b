"""The blob store on a real disk, and on one that is full."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import resource
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.adapters.blobs import BlobStore
from intake.ports import Blob, Deferred, Spoilt

OCTETS = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(OCTETS).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "data" / "blobs")


def files(store: BlobStore) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file() and path.name != "lock")


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


def test_sweeping_removes_what_a_killed_run_left(store: BlobStore) -> None:
    put(store)
    (store.root / "tmp" / "left-over").write_bytes(b"half a mail")
    assert store.sweep() == 1
    assert files(store) == [store.path(SHA256)]


def test_sweeping_where_nothing_was_stored_yet_makes_nothing(store: BlobStore) -> None:
    assert store.sweep() == 0
    assert not store.root.parent.exists()


def test_sweeping_spares_what_is_being_written(store: BlobStore) -> None:
    with store.writer() as writer:
        writer.write(OCTETS)
        assert BlobStore(store.root).sweep() == 0
        assert writer.commit().sha256 == SHA256


def test_a_file_that_is_swept_before_it_is_locked_is_made_again(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, swept = fcntl.flock, []

    def sweeping_flock(handle: int, how: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.parent.name == "tmp" and not swept:
            swept.append(path)
            path.unlink()
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", sweeping_flock)
    put(store)
    assert swept
    assert store.path(SHA256).read_bytes() == OCTETS


def test_what_was_announced_must_have_come(store: BlobStore) -> None:
    with store.writer() as writer:
        writer.write(OCTETS[:5000])
        with pytest.raises(Deferred, match="5001 octets were announced and 5000 came"):
            writer.commit(5001)
    assert files(store) == []


def test_a_disk_that_keeps_less_than_it_says_is_found_out(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:777]) and len(data))
    with store.writer() as writer:
        writer.write(OCTETS[:10_000])
        with pytest.raises(Deferred, match="10000 octets were written and 777 are there"):
            writer.commit()
    assert files(store) == []


@pytest.mark.parametrize("spoilt", [OCTETS[:-1], OCTETS[:-1] + b"!", b""])
def test_what_is_not_what_its_name_says_is_set_aside(store: BlobStore, spoilt: bytes) -> None:
    put(store)
    assert store.verified(SHA256) == store.path(SHA256)
    store.path(SHA256).write_bytes(spoilt)
    with pytest.raises(Spoilt, match="not what its name says") as caught:
        store.verified(SHA256)
    assert caught.value.sha256 == SHA256
    (aside,) = files(store)
    assert (aside.parent.name, aside.read_bytes()) == ("corrupt", spoilt)
    with pytest.raises(Spoilt, match="missing"):
        store.verified(SHA256)
    put(store)
    assert store.verified(SHA256).read_bytes() == OCTETS
    assert aside.exists(), "nothing in there is ever deleted"


def test_what_cannot_be_read_any_more_is_set_aside(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store)

    def bad_sector(_disk: object, path: Path) -> Iterator[memoryview]:
        raise OSError(errno.EIO, "Input/output error")
        yield memoryview(b"")

    monkeypatch.setattr("intake.adapters.disk.RealDisk.chunks", bad_sector)
    with pytest.raises(Spoilt, match="unreadable"):
        store.verified(SHA256)
    assert [path.parent.name for path in files(store)] == ["corrupt"]


def test_what_is_out_of_reach_stays_where_it_is(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store)

    def too_many(_disk: object, path: Path) -> Iterator[memoryview]:
        raise OSError(errno.EMFILE, "Too many open files")
        yield memoryview(b"")

    monkeypatch.setattr("intake.adapters.disk.RealDisk.chunks", too_many)
    with pytest.raises(Deferred, match="Too many open files") as caught:
        store.verified(SHA256)
    assert not isinstance(caught.value, Spoilt)
    assert files(store) == [store.path(SHA256)]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA256.upper(), SHA256[:-1], SHA256 + "\n"])
def test_a_name_that_is_no_hash_is_our_fault(store: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.path(name)


def test_what_is_in_use_is_not_removed(store: BlobStore) -> None:
    blob = put(store)
    assert not store.remove_unless(blob.sha256, lambda: True)
    assert store.path(blob.sha256).exists()
    assert store.remove_unless(blob.sha256, lambda: False)
    assert files(store) == []
    assert store.remove_unless(blob.sha256, lambda: False), "it is gone already"


def test_what_was_removed_before_it_was_recorded_is_found_missing(store: BlobStore) -> None:
    blob = put(store)
    with store.held([blob.sha256]):
        pass
    store.remove_unless(blob.sha256, lambda: False)
    with pytest.raises(Deferred, match="was removed a moment ago"), store.held([blob.sha256]):
        pytest.fail("nothing must be recorded")


def test_nothing_is_removed_between_the_look_and_the_record(store: BlobStore) -> None:
    """Who removes asks for use only when nobody is about to record it: then it is, or was missed."""
    blob, recorded = put(store), threading.Event()
    answers: list[bool] = []
    remover = threading.Thread(
        target=lambda: answers.append(BlobStore(store.root).remove_unless(blob.sha256, recorded.is_set))
    )
    with store.held([blob.sha256]):
        remover.start()
        remover.join(0.3)
        assert remover.is_alive(), "it waits"
        recorded.set()
    remover.join(5)
    assert answers == [False]
    assert store.path(blob.sha256).exists()


def test_who_only_looks_does_not_keep_others_from_storing(store: BlobStore) -> None:
    blob = put(store)
    with store.held([blob.sha256]), store.held([blob.sha256]):
        assert put(BlobStore(store.root), b"other").size == 5


@pytest.mark.parametrize("removed", ["remove_unless", "set_apart", "destroy"])
def test_what_was_spoilt_of_it_goes_with_it(store: BlobStore, removed: str) -> None:
    mine, other = put(store), put(store, b"other")
    for each in (mine, other):
        store.path(each.sha256).write_bytes(b"spoilt")
        with pytest.raises(Spoilt):
            store.verified(each.sha256)
    put(store)
    action = {"remove_unless": lambda: store.remove_unless(mine.sha256, lambda: False)}
    action.get(removed, lambda: getattr(store, removed)(mine.sha256))()
    left = [path.name[:64] for path in (store.root / "corrupt").iterdir()]
    assert left == [other.sha256]


def test_who_is_stopped_while_he_holds_the_store_stops_nobody_for_ever(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = put(store)
    monkeypatch.setattr("intake.adapters.disk.LONGEST_LOCK", 0.2)
    with BlobStore(store.root).held([blob.sha256]), pytest.raises(Deferred, match="another process has held it"):
        store.remove_unless(blob.sha256, lambda: False)
    assert store.remove_unless(blob.sha256, lambda: False)


def test_who_needs_no_file_needs_no_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with BlobStore(tmp_path / "file" / "blobs").held([]):
        assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_what_the_block_raises_is_not_the_stores(store: BlobStore) -> None:
    blob = put(store)
    with pytest.raises(OSError, match="mine"), store.held([blob.sha256]):
        raise OSError("mine")


def test_free_bytes_are_those_of_the_disk(store: BlobStore, tmp_path: Path) -> None:
    state = os.statvfs(tmp_path)
    assert abs(store.free_bytes() - state.f_bavail * state.f_frsize) < 1 << 30
    assert not store.root.parent.exists()


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


def test_a_sync_that_failed_is_not_asked_for_again(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, b"so that the folders are there")
    asked: list[int] = []

    def failing(handle: int) -> None:
        asked.append(handle)
        raise OSError(errno.EIO, "Input/output error")

    with store.writer() as writer:
        writer.write(OCTETS)
        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(Deferred, match="Input/output error"):
            writer.commit()
        with pytest.raises(ValueError, match="closed"):
            writer.commit()
    assert len(asked) == 1
    assert not any(path.parent.name == "tmp" for path in files(store))


def test_a_store_that_cannot_be_made_is_deferred(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Deferred, match="Not a directory"), BlobStore(tmp_path / "file" / "blobs").writer():
        raise AssertionError("there is no writer")
