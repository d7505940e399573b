"""What really lies in the folders of a blob store: every file once, with its age and who may read it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from intake.adapters.blobs import CORRUPT, LOCK, SEALED, SHA256, TEMPORARY, BlobStore, world

HEAD = 1 << 16
"""Octets in which a mail shows that it is one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the store. `sha256` is None for what does not belong there; `written_at` is a Unix time."""

    path: Path
    sha256: str | None
    size: int
    written_at: float


def files(store: BlobStore) -> Iterator[Found]:
    """All stored files in the order of their names; what is temporary, locks, or was set aside is none."""
    with world(store.root):
        for folder in sorted(store.root.iterdir()) if store.root.exists() else ():
            if folder.name in (TEMPORARY, CORRUPT, SEALED, LOCK) or folder.suffix == ".lock":
                continue
            for path in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
                yield found(store, path)


def found(store: BlobStore, path: Path) -> Found:
    """A file as it is now."""
    state = path.lstat()
    named = SHA256.fullmatch(path.name) and stat.S_ISREG(state.st_mode) and store.path(path.name) == path
    return Found(path, path.name if named else None, state.st_size, state.st_mtime)


def set_aside(store: BlobStore) -> list[Path]:
    """What was found to be other than its name says."""
    return _names(store.root / CORRUPT)


def sealed(store: BlobStore) -> list[Path]:
    """Mails that look classified, apart from all others."""
    return _names(store.root / SEALED)


def temporary(store: BlobStore) -> list[Path]:
    """Files that are being written, or that a killed run left."""
    return _names(store.root / TEMPORARY)


def _names(folder: Path) -> list[Path]:
    with world(folder):
        return sorted(folder.iterdir()) if folder.is_dir() else []


def too_open(store: BlobStore) -> Iterator[tuple[Path, int]]:
    """Folders and files that others than their owner may enter or read, with the mode they should have."""
    with world(store.root):
        if not store.root.exists():
            return
        for path in (store.root, *sorted(store.root.rglob("*"))):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                continue
            if stat.S_IMODE(mode) & 0o077:
                yield path, 0o700 if stat.S_ISDIR(mode) else 0o600


def is_mail(path: Path) -> bool:
    """Whether a file looks like a mail that a server delivered: a header block with Received and From."""
    with world(path), path.open("rb") as file:
        head = file.read(HEAD).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    names = {line.partition(b":")[0].lower() for line in head.split(b"\n")}
    return {b"received", b"from"} <= names


def remove_unused(store: BlobStore, old: Found, unused: Callable[[], bool]) -> bool:
    """Remove a blob that nobody refers to; False when it was stored anew meanwhile, or is in use after all.

    While this holds the lock alone no blob gets its name; one that got it before is younger than what was found.
    """
    with world(old.path), store.disk.lock(store.root / LOCK, shared=False):
        if not old.path.exists() or found(store, old.path) != old or not unused():
            return False
        store.disk.remove(old.path)
    return True
