"""What the blob store asks of a disk, and the real one: nothing here knows what a blob is.

The store's code runs over this interface and nothing else, so that the very same code runs over a simulated disk that
loses power. What a change is worth: octets are durable after `sync` of their file, names after `sync_folder` of their
folder, and before that any part of either may survive.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from intake.ports import Room

CHUNK = 1 << 20
"""Octets of a file that are in memory at a time."""
LONGEST_LOCK = 60.0
"""Seconds for which a lock is waited for; nobody holds it for longer than one transaction."""


class Disk(Protocol):
    """Every call raises OSError as the system does."""

    def create(self, path: Path) -> int:
        """A handle on a new, empty file that its owner alone may read, locked until it is closed."""

    def write(self, handle: int, data: memoryview, /) -> int:
        """Write what the disk takes; how many octets that were."""

    def size(self, handle: int) -> int: ...

    def sync(self, handle: int) -> None: ...

    def close(self, handle: int) -> None: ...

    def rename(self, old: Path, new: Path) -> None:
        """Move a file, over another one if there is one."""

    def remove(self, path: Path) -> None: ...

    def remove_left(self, path: Path) -> bool:
        """Remove a file unless somebody holds it open as `create` made it; whether it was removed."""

    def make_folder(self, path: Path) -> bool:
        """Make a folder that its owner alone may enter; False when it is there already."""

    def sync_folder(self, path: Path) -> None: ...

    def names(self, path: Path) -> list[str]: ...

    def exists(self, path: Path) -> bool: ...

    def may_change(self, folder: Path) -> bool:
        """Whether this user may make and remove names in a folder."""

    def chunks(self, path: Path) -> Iterator[memoryview]:
        """The octets of a file; a piece is valid until the next one is asked for."""

    def lock(self, path: Path, *, shared: bool) -> AbstractContextManager[None]:
        """Hold a lock file, which is made when it is missing: many share it, or one has it alone."""


class RealDisk:
    """Implements Disk on the operating system."""

    def create(self, path: Path) -> int:
        while True:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if os.fstat(handle).st_nlink:
                    return handle
            except OSError:
                path.unlink(missing_ok=True)
                os.close(handle)
                raise
            os.close(handle)  # swept away between open and lock: once more

    def write(self, handle: int, data: memoryview, /) -> int:
        return os.write(handle, data)

    def size(self, handle: int) -> int:
        return os.fstat(handle).st_size

    def sync(self, handle: int) -> None:
        os.fsync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def remove(self, path: Path) -> None:
        path.unlink()

    def remove_left(self, path: Path) -> bool:
        try:
            # for writing, too: NFS gives an exclusive lock to nobody else
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def make_folder(self, path: Path) -> bool:
        try:
            path.mkdir(0o700)
        except FileExistsError:
            if not path.is_dir():
                raise
            return False
        return True

    def sync_folder(self, path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def names(self, path: Path) -> list[str]:
        return [each.name for each in path.iterdir()]

    def exists(self, path: Path) -> bool:
        return os.path.lexists(path)

    def may_change(self, folder: Path) -> bool:
        return os.access(folder, os.R_OK | os.W_OK)

    def chunks(self, path: Path) -> Iterator[memoryview]:
        room = bytearray(CHUNK)
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(room):
                yield memoryview(room)[:count]

    @contextmanager
    def lock(self, path: Path, *, shared: bool) -> Iterator[None]:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _flock(handle, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _flock(handle: int, path: Path, kind: int) -> None:
    """Wait for a lock, but not for ever: whoever has it may be stopped, on this machine or another."""
    ends = time.monotonic() + LONGEST_LOCK
    while not _locked(handle, kind):
        if time.monotonic() > ends:
            raise TimeoutError(errno.ETIMEDOUT, f"another process has held it for {LONGEST_LOCK:.0f} s", str(path))
        time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - so that those who wait do not ask in step


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_folders(disk: Disk, folder: Path) -> None:
    """Make a folder with all above it that is missing, and see that none of them is lost in a power cut.

    A run that was killed may have made some without getting as far as syncing them, so all those above that this
    user may change are synced every time; of folders at rest that costs next to nothing.
    """
    for each in reversed((folder, *folder.parents)):
        if not disk.exists(each):
            disk.make_folder(each)
    for each in folder.parents:
        if not disk.may_change(each):
            break
        disk.sync_folder(each)


def is_spoilt(error: OSError) -> bool:
    """Whether a file that cannot be read is past reading (a bad sector), not just out of reach for now."""
    return error.errno in (errno.EIO, errno.ENODATA, errno.EILSEQ) or error.errno == getattr(errno, "EUCLEAN", None)


def room_at(place: Path) -> Room:
    """What an ordinary user may still write at a place, also where its folders are still to be made."""
    state = os.statvfs(_there(place))
    return Room(str(place), state.f_bavail * state.f_frsize, state.f_favail if state.f_files else None)


def same_disk(one: Path, other: Path) -> bool:
    """Whether two places, there or still to be made, are on one file system."""
    return _there(one).stat().st_dev == _there(other).stat().st_dev


def _there(place: Path) -> Path:
    return next(each for each in (place, *place.parents) if each.exists())
