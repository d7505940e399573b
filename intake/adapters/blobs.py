"""Octets by their SHA-256 under one folder; what has a name is whole and survives a power cut.

root/tmp/ holds what is being written, root/ab/<sha256> what is stored: written, fsynced, renamed, and the
folder fsynced, in this order. Names come from the content, never from a sender.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from intake.ports import Blob, Deferred

_SHA256 = re.compile(r"[0-9a-f]{64}")
_OURS_ONLY = 0o700
_TICK = 1.0
"""Seconds; measured, the time of a file that was just made lies some milliseconds behind the clock."""


class BlobStore:
    """Implements ports.Blobs. Creates its folders (0700) when they are missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tmp = root / "tmp"
        self._born = time.time() - _TICK
        with _disk(root):
            root.mkdir(_OURS_ONLY, parents=True, exist_ok=True)
            self._tmp.mkdir(_OURS_ONLY, exist_ok=True)
            # A run that was killed may have made folders without getting as far as this.
            _fsync_folder(root.parent)
            _fsync_folder(root)

    @contextmanager
    def writer(self) -> Iterator[BlobFile]:
        """A file to write into; it is gone after the block unless it was committed."""
        blob = BlobFile(self._root, self._tmp / secrets.token_hex(16))
        try:
            yield blob
        finally:
            blob.discard()

    def path(self, sha256: str) -> Path:
        """Where a blob is, stored or not. Raises ValueError for what is no SHA-256 in lower-case hex."""
        return _path(self._root, sha256)

    def free_bytes(self) -> int:
        """Octets that an ordinary user may still write."""
        with _disk(self._root):
            state = os.statvfs(self._root)
        return state.f_bavail * state.f_frsize

    def sweep(self) -> int:
        """Remove temporary files of runs that ended before this one; their number."""
        with _disk(self._tmp):
            return sum(self._sweep(entry) for entry in sorted(self._tmp.iterdir()))

    def _sweep(self, entry: Path) -> bool:
        """A file that is locked, or new, belongs to a writer that lives: another process may use the store too."""
        try:
            handle = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_mtime >= self._born:
                return False
            entry.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True


class BlobFile:
    """Implements ports.BlobWriter: a temporary file that is hashed while it is written."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self._root = root
        self._temporary = temporary
        self._hash = hashlib.sha256()
        self._size = 0
        with _disk(temporary):
            self._handle: int | None = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def write(self, data: bytes, /) -> int:
        """Write all of `data`. A full disk takes a part of it without an error, and refuses the rest only then."""
        if self._handle is None:
            raise ValueError("the blob is closed")
        rest = memoryview(data)
        with _disk(self._temporary):
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def commit(self) -> Blob:
        if self._handle is None:
            raise ValueError("the blob is closed")
        blob = Blob(self._hash.hexdigest(), self._size)
        final = _path(self._root, blob.sha256)
        with _disk(final):
            os.fsync(self._handle)
            self._make_folder(final.parent)
            # Also over a blob of the same name: the octets are equal, and if the disk spoilt the old ones, they heal.
            self._temporary.replace(final)
            _fsync_folder(final.parent)
        self.discard()
        return blob

    def discard(self) -> None:
        """Close, and remove the temporary file if it still is one."""
        if self._handle is None:
            return
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self._handle)
        self._handle = None

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(_OURS_ONLY, exist_ok=True)
            _fsync_folder(self._root)


def _path(root: Path, sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not a SHA-256: {sha256!a}")
    return root / sha256[:2] / sha256


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into Deferred."""
    try:
        yield
    except OSError as error:
        raise Deferred(f"blob store {path}: {error.strerror or error}") from error
