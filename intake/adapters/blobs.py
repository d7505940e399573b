"""Octets by their SHA-256 under one folder; what has a name is whole and survives a power cut.

root/tmp/ holds what is being written, root/ab/<sha256> what is stored, root/corrupt/ what was found to be other than
its name says, root/sealed/ mails that look classified. A blob is written, measured, synced, renamed, and its folder
synced, in this order; a folder that is new is synced into its parent first. Names come from the content, never from a
sender.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from intake.adapters.disk import Disk, RealDisk, is_spoilt, make_folders, room_at
from intake.ports import Blob, Deferred, Room, Spoilt

SHA256 = re.compile(r"[0-9a-f]{64}")
TEMPORARY = "tmp"
CORRUPT = "corrupt"
SEALED = "sealed"
LOCK = "lock"


class BlobStore:
    """Implements ports.Blobs. Creates its folders (0700) when something is written and they are missing."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root.absolute()
        self.disk = disk or RealDisk()
        self._durable: set[str] | None = None

    @contextmanager
    def writer(self) -> Iterator[BlobFile]:
        """A file to write into; it is gone after the block unless it was committed."""
        self._prepare()
        blob = BlobFile(self)
        try:
            yield blob
        finally:
            blob.discard()

    def path(self, sha256: str) -> Path:
        """Where a blob is, stored or not. Raises ValueError for what is no SHA-256 in lower-case hex."""
        if not SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!a}")
        return self.root / sha256[:2] / sha256

    def verified(self, sha256: str) -> Path:
        """Where a blob is whose octets are those of its name; what is not goes to root/corrupt/, and is Spoilt."""
        path = self.path(sha256)
        fault = self.fault(sha256)
        if fault == MISSING:
            raise Spoilt(sha256, fault)
        if fault:
            self._set_aside(path)
            raise Spoilt(sha256, fault)
        return path

    def fault(self, sha256: str) -> str | None:
        """What is wrong with a blob, in words; None when its octets are those of its name. Changes nothing."""
        return self._fault(self.path(sha256), sha256)

    def sealed_fault(self, sha256: str) -> str | None:
        """As `fault`, of a sealed blob."""
        return self._fault(self.sealed(sha256), sha256)

    def _fault(self, path: Path, sha256: str) -> str | None:
        try:
            return None if self._digest(path) == sha256 else OTHER
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            if is_spoilt(error):
                return UNREADABLE
            raise Deferred(f"blob store {path}: {error.strerror or error}") from error

    def _digest(self, path: Path) -> str:
        hashed = hashlib.sha256()
        for chunk in self.disk.chunks(path):
            hashed.update(chunk)
        return hashed.hexdigest()

    def _set_aside(self, path: Path) -> None:
        """Into root/corrupt/, where nothing is used and nothing deleted; unless it was written anew meanwhile."""
        aside = self.root / CORRUPT
        with world(path), self.disk.lock(self.root / LOCK, shared=False):
            if self.fault(path.name) in (None, MISSING):
                return
            self.disk.make_folder(aside)
            self.disk.rename(path, aside / f"{path.name}.{secrets.token_hex(4)}")
            for folder in (aside, path.parent, self.root):
                self.disk.sync_folder(folder)

    @contextmanager
    def held(self, sha256s: Iterable[str]) -> Iterator[None]:
        needed = tuple(sha256s)
        with self._locked(shared=True) if needed else nullcontext():
            for sha256 in needed:
                if not self.disk.exists(self.path(sha256)):
                    raise Deferred(f"blob store: {sha256} was removed a moment ago")
            yield

    def remove_unless(self, sha256: str, used: Callable[[], bool]) -> bool:
        with self._locked(shared=False):
            if used():
                return False
            with world(self.root):
                self._unlinked(self.path(sha256))
                self._without_spoilt(sha256)
        return True

    @contextmanager
    def _locked(self, *, shared: bool) -> Iterator[None]:
        """The lock of the store. What the block raises is not the store's."""
        self._prepare()
        with ExitStack() as locked:
            with world(self.root):
                locked.enter_context(self.disk.lock(self.root / LOCK, shared=shared))
            yield

    def set_apart(self, sha256: str) -> None:
        self._moved(self.path(sha256), self.sealed(sha256))
        with world(self.root), self.disk.lock(self.root / LOCK, shared=False):
            self._without_spoilt(sha256)

    def put_back(self, sha256: str) -> None:
        self._moved(self.sealed(sha256), self.path(sha256))

    def destroy(self, sha256: str) -> None:
        """There is no overwriting: no file system of today writes where the old octets lie."""
        with world(self.root), self.disk.lock(self.root / LOCK, shared=False):
            self._unlinked(self.path(sha256))
            self._unlinked(self.sealed(sha256))
            self._without_spoilt(sha256)

    def sealed(self, sha256: str) -> Path:
        """Where a sealed blob is."""
        return self.root / SEALED / self.path(sha256).name

    def _moved(self, old: Path, new: Path) -> None:
        """Durably; what is not there any more was moved before."""
        with world(old), self.disk.lock(self.root / LOCK, shared=False):
            if not self.disk.exists(old):
                return
            self.disk.make_folder(new.parent)
            self.disk.rename(old, new)
            for folder in (new.parent, old.parent, self.root):
                self.disk.sync_folder(folder)

    def _unlinked(self, path: Path) -> None:
        if self.disk.exists(path):
            self.disk.remove(path)
            self.disk.sync_folder(path.parent)

    def _without_spoilt(self, sha256: str) -> None:
        """What was set aside of it in root/corrupt/ goes, too: it tells as much as the whole."""
        aside = self.root / CORRUPT
        for name in self.disk.names(aside) if self.disk.exists(aside) else ():
            if name.startswith(f"{sha256}."):
                self._unlinked(aside / name)

    def free_bytes(self) -> int:
        """Octets that an ordinary user may still write."""
        return self.room().octets

    def room(self) -> Room:
        """What an ordinary user may still write."""
        with world(self.root):
            return room_at(self.root)

    def sweep(self) -> int:
        """Remove temporary files of runs that were killed; their number. What somebody is writing stays."""
        temporary = self.root / TEMPORARY
        if not self.disk.exists(temporary):
            return 0
        with world(temporary):
            return sum(self.disk.remove_left(temporary / name) for name in sorted(self.disk.names(temporary)))

    def _prepare(self) -> None:
        """Make the folders, once. What is listed before the root is synced is durable afterwards."""
        if self._durable is not None:
            return
        with world(self.root):
            make_folders(self.disk, self.root)
            self.disk.make_folder(self.root / TEMPORARY)
            names = set(self.disk.names(self.root))
            self.disk.sync_folder(self.root)
        self._durable = names

    def settle(self, temporary: Path, sha256: str) -> None:
        """Give a temporary file that was synced its name, durably. Raises OSError.

        Also over a blob of the same name: the octets are equal, and if the disk spoilt the old ones, they heal.
        """
        final = self.path(sha256)
        with self.disk.lock(self.root / LOCK, shared=True):
            self._make_durable(final.parent)
            self.disk.rename(temporary, final)
            self.disk.sync_folder(final.parent)

    def _make_durable(self, folder: Path) -> None:
        """A folder that is there may still be lost: whoever made it can have failed, or not have come to sync it."""
        assert self._durable is not None
        if self.disk.make_folder(folder) or folder.name not in self._durable:
            self.disk.sync_folder(self.root)
            self._durable.add(folder.name)


class BlobFile:
    """Implements ports.BlobWriter: a temporary file that is hashed while it is written."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._disk = store.disk
        self._temporary = store.root / TEMPORARY / secrets.token_hex(16)
        self._hash = hashlib.sha256()
        self._size = 0
        self._named = False
        with world(self._temporary):
            self._handle: int | None = self._disk.create(self._temporary)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Write all of `data`. A full disk takes a part of it without an error, and refuses the rest only then."""
        handle, rest = self._open(), memoryview(data)
        with world(self._temporary):
            while rest:
                rest = rest[self._disk.write(handle, rest) :]
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def commit(self, announced: int | None = None) -> Blob:
        """As ports.BlobWriter says. It ends the writer either way: a sync that failed is not asked for again.

        The kernel reports lost pages once, and the next sync of the same file would succeed without them.
        """
        handle, blob = self._open(), Blob(self.sha256, self._size)
        try:
            with world(self._temporary):
                self._measure(handle, announced)
                self._disk.sync(handle)
                self._store.settle(self._temporary, blob.sha256)
                self._named = True
        finally:
            self.discard()
        return blob

    def _measure(self, handle: int, announced: int | None) -> None:
        kept = self._disk.size(handle)
        if announced is not None and announced != self._size:
            raise Deferred(f"blob store: {announced} octets were announced and {self._size} came")
        if kept != self._size:
            raise Deferred(f"blob store {self._temporary}: {self._size} octets were written and {kept} are there")

    def _open(self) -> int:
        if self._handle is None:
            raise ValueError("the blob is closed")
        return self._handle

    def discard(self) -> None:
        """Close, and remove the temporary file if it still is one; what cannot be removed now is swept later."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        if not self._named:
            with suppress(OSError):
                self._disk.remove(self._temporary)
        with suppress(OSError):
            self._disk.close(handle)


MISSING = "missing"
OTHER = "not what its name says"
UNREADABLE = "unreadable"


@contextmanager
def world(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into Deferred."""
    try:
        yield
    except OSError as error:
        raise Deferred(f"blob store {path}: {error.strerror or error}") from error
