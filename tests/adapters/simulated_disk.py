"""A disk that forgets: octets and names are only in memory until they are synced, and a power cut keeps any part.

Two models of what survives of names that were not synced: a journal keeps a prefix of all changes (ext4, XFS), and the
harsher one any subset of them, both halves of a rename apart. Of octets that were not synced any pieces survive, and
the file may be longer than what is left of it. A sync that fails loses its octets for good, and a second sync of the
same file succeeds without them, as on Linux.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path

FOLDER = -1
View = dict[str, bytes]
"""What a machine finds after the power came back: path and content of every file that can be reached."""


class Killed(BaseException):
    """The process is no more; what it had written lies in the kernel's memory."""


@dataclass
class Inode:
    """`synced` octets are on the disk, `pieces` only in memory, `doomed` ones will never be on the disk."""

    synced: bytes = b""
    pieces: list[bytes] = field(default_factory=list)
    doomed: bool = False

    @property
    def content(self) -> bytes:
        return self.synced + b"".join(self.pieces)

    def survivors(self) -> list[bytes]:
        """Every content that a power cut may leave: each piece there, or zeros in its place, or the file shorter."""
        found = [self.synced]
        for count in range(1, len(self.pieces) + 1):
            kept = self.pieces[:count]
            found += [self.synced + b"".join(each) for each in product(*((piece, bytes(len(piece))) for piece in kept))]
            found.append(self.synced + b"".join(kept)[: -len(kept[-1]) // 2 or None])
        return list(dict.fromkeys(found))


class SimulatedDisk:
    """Implements Disk. `watch` is called before every change, and sees all that a power cut could leave then.

    `fail_at` numbers the call that fails with an OSError, `kill_at` the one at which the process ends.
    """

    def __init__(self, base: str = "/srv") -> None:
        self.base = base
        self.live: dict[str, int] = {"/": FOLDER, base: FOLDER}
        self.durable: dict[str, int] = dict(self.live)
        self.changes: list[list[tuple[str, int | None]]] = []
        self.inodes: list[Inode] = []
        self.handles: dict[int, int] = {}
        self.calls = 0
        self.fail_at = self.kill_at = 0
        self.dead = False
        self.watch: Callable[[], None] = lambda: None

    def _call(self) -> None:
        if self.dead:
            raise Killed
        self.watch()
        self.calls += 1
        if self.calls == self.kill_at:
            self.dead = True
            raise Killed
        if self.calls == self.fail_at:
            raise OSError(errno.EIO, "Input/output error")

    def restart(self) -> None:
        """The next process: the kernel still knows everything, the handles are gone."""
        self.dead = False
        self.handles.clear()
        self.fail_at = self.kill_at = 0

    def _change(self, *changes: tuple[str, int | None]) -> None:
        for path, inode in changes:
            self.live.pop(path, None)
            if inode is not None:
                self.live[path] = inode
        self.changes.append(list(changes))

    def create(self, path: Path) -> int:
        self._call()
        self._parent(path)
        if str(path) in self.live:
            raise FileExistsError(errno.EEXIST, "File exists")
        self.inodes.append(Inode())
        number = len(self.inodes) - 1
        self._change((str(path), number))
        handle = 1000 + self.calls
        self.handles[handle] = number
        return handle

    def write(self, handle: int, data: memoryview, /) -> int:
        self._call()
        self.inodes[self.handles[handle]].pieces.append(bytes(data))
        return len(data)

    def size(self, handle: int) -> int:
        return len(self.inodes[self.handles[handle]].content)

    def sync(self, handle: int) -> None:
        inode = self.inodes[self.handles[handle]]
        try:
            self._call()
        except OSError:
            inode.doomed = True
            raise
        if not inode.doomed:
            inode.synced, inode.pieces = inode.content, []

    def close(self, handle: int) -> None:
        if self.dead:
            raise Killed
        del self.handles[handle]

    def rename(self, old: Path, new: Path) -> None:
        self._call()
        self._parent(new)
        self._change((str(old), None), (str(new), self._file(old)))

    def remove(self, path: Path) -> None:
        self._call()
        self._file(path)
        self._change((str(path), None))

    def remove_left(self, path: Path) -> bool:
        if self._file(path) in self.handles.values():
            return False
        self.remove(path)
        return True

    def make_folder(self, path: Path) -> bool:
        self._call()
        self._parent(path)
        if str(path) in self.live:
            return False
        self._change((str(path), FOLDER))
        return True

    def sync_folder(self, path: Path) -> None:
        """The weakest promise: the names in this one folder are durable, those of no other."""
        self._call()
        left = []
        for unit in self.changes:
            for name, inode in unit:
                if parent(name) == str(path):
                    self.durable.pop(name, None)
                    if inode is not None:
                        self.durable[name] = inode
            rest = [change for change in unit if parent(change[0]) != str(path)]
            left += [rest] if rest else []
        self.changes = left

    def names(self, path: Path) -> list[str]:
        return [name.rpartition("/")[2] for name in self.live if parent(name) == str(path)]

    def exists(self, path: Path) -> bool:
        return str(path) in self.live

    def may_change(self, folder: Path) -> bool:
        return str(folder).startswith(self.base)

    def chunks(self, path: Path) -> Iterator[memoryview]:
        yield memoryview(self.inodes[self._file(path)].content)

    def lock(self, path: Path, *, shared: bool) -> AbstractContextManager[None]:
        return nullcontext()

    def _file(self, path: Path) -> int:
        inode = self.live.get(str(path), FOLDER)
        if inode == FOLDER:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return inode

    def _parent(self, path: Path) -> None:
        if self.live.get(parent(str(path))) != FOLDER:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    def power_cuts(self) -> Iterator[View]:
        """Everything that the disk may hold if the power goes now."""
        for tree in self._trees():
            files = {path: inode for path, inode in tree.items() if inode != FOLDER and _reachable(path, tree)}
            torn = sorted({inode for inode in files.values() if self.inodes[inode].pieces})
            whole = {path: self.inodes[inode].synced for path, inode in files.items() if inode not in torn}
            for contents in product(*(self.inodes[inode].survivors() for inode in torn)):
                left = dict(zip(torn, contents, strict=True))
                yield whole | {path: left[inode] for path, inode in files.items() if inode in left}

    def _trees(self) -> Iterator[dict[str, int]]:
        for count in range(len(self.changes)):
            yield self._with(change for unit in self.changes[:count] for change in unit)
        every = [change for unit in self.changes for change in unit]
        for chosen in product((True, False), repeat=len(every)):
            yield self._with(change for change, there in zip(every, chosen, strict=True) if there)

    def _with(self, changes: Iterator[tuple[str, int | None]]) -> dict[str, int]:
        tree = dict(self.durable)
        for path, inode in changes:
            if inode is None:
                tree.pop(path, None)
            else:
                tree[path] = inode
        return tree


@lru_cache(None)
def parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _reachable(path: str, tree: dict[str, int]) -> bool:
    while path != "/":
        path = parent(path)
        if tree.get(path) != FOLDER:
            return False
    return True


def found_on(view: View) -> SimulatedDisk:
    """A disk on which this is what was found: all of it is durable."""
    disk = SimulatedDisk()
    for path, content in view.items():
        above = parent(path)
        while above not in disk.live:
            disk.live[above] = FOLDER
            above = parent(above)
        disk.inodes.append(Inode(content))
        disk.live[path] = len(disk.inodes) - 1
    disk.durable = dict(disk.live)
    return disk


@lru_cache(1000)
def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
