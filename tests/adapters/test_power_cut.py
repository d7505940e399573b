"""The store's real code over a disk that loses power, before every change and in every way.

What `commit` has answered for is there afterwards, whole; nothing else ever stands under a blob's name; and the next
run can go on from whatever is found. The same examination finds each of the mistakes that a store can make.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.adapters.blobs import BlobStore
from intake.ports import Deferred
from tests.adapters.simulated_disk import FOLDER, Killed, SimulatedDisk, View, found_on, sha256

ROOT = Path("/srv/office/data/blobs")
A, B, C = b"first mail", b"the second one", b""
"""Contents; their names begin with different digits, so that each is in a folder of its own."""
CALLS = 40
"""More than a first run makes of the disk."""
MOST = 600
"""Ways for the power to go that are looked at before one change of a made-up history; all of them for those below."""


class Found(BaseException):
    """A fault, where one is looked for."""


@dataclass
class Tally:
    """What an examination came to; with `hunting` it ends at the first fault.

    `states` are the different states that a power cut may leave, counted before each change anew; `seen` are those
    that differ in more than the names of temporary files.
    """

    hunting: bool = False
    states: int = 0
    lost: int = 0
    torn: int = 0
    stuck: int = 0
    seen: set[tuple[frozenset[tuple[str, bytes]], ...]] = field(default_factory=set)

    def count(self, *, lost: bool = False, torn: bool = False, stuck: bool = False) -> None:
        self.lost += lost
        self.torn += torn
        self.stuck += stuck
        if self.hunting and (lost or torn or stuck):
            raise Found


class History:
    """One life of a store: what is done to it, with a power cut imagined before every change of the disk."""

    def __init__(
        self, tally: Tally, disk: SimulatedDisk, store: type[BlobStore] = BlobStore, chance: random.Random | None = None
    ) -> None:
        self.tally, self.disk, self._store, self._chance = tally, disk, store, chance
        self.promised: dict[str, bytes] = {}
        self.disk.watch = self.cut
        self.start()

    def start(self) -> None:
        self.disk.restart()
        self.store = self._store(ROOT, self.disk)

    def put(self, content: bytes, pieces: int = 1) -> None:
        """Store a content; whatever the disk does is the world's fault, never ours."""
        with suppress(Deferred), self.store.writer() as writer:
            step = max(1, -(-len(content) // pieces))
            for start in range(0, len(content), step):
                writer.write(content[start : start + step])
            blob = writer.commit(len(content))
            self.promised[str(self.store.path(blob.sha256))] = content

    def give_up(self, content: bytes) -> None:
        with suppress(Deferred), self.store.writer() as writer:
            writer.write(content)

    def sweep(self) -> None:
        with suppress(Deferred):
            self.store.sweep()

    def fails(self, calls: int, action: Callable[[], None]) -> None:
        """The call of that number fails while something is done."""
        self.disk.fail_at = self.disk.calls + calls
        action()
        self.disk.fail_at = 0

    def killed(self, calls: int, action: Callable[[], None]) -> None:
        """The process ends at the call of that number, and another one begins; the machine stays up."""
        self.disk.kill_at = self.disk.calls + calls
        with suppress(Killed):
            action()
        self.start()

    def cut(self) -> None:
        cuts = self.disk.power_cuts()
        if self._chance:
            every = list(cuts)
            cuts = iter(every if len(every) <= MOST else self._chance.sample(every, MOST))
        here = {frozenset(view.items()): view for view in cuts}
        self.tally.states += len(here)
        for view in here.values():
            lost = any(view.get(path) != content for path, content in self.promised.items())
            torn = any(_is_blob(path) and sha256(view[path]) != path[-64:] for path in view)
            self.tally.count(lost=lost, torn=torn)
            key = (_anonymous(view), frozenset(self.promised.items()))
            if key not in self.tally.seen:
                self.tally.seen.add(key)
                self.tally.count(stuck=not self._goes_on(view))

    def _goes_on(self, view: View) -> bool:
        """Whether the next run can store everything, and leaves no temporary file."""
        disk = found_on(view)
        store = self._store(ROOT, disk)
        store.sweep()
        for content in {*self.promised.values(), A}:
            with store.writer() as writer:
                writer.write(content)
                writer.commit()
        names = [path for path, inode in disk.live.items() if inode != FOLDER]
        return set(self.promised) <= set(names) and not any("/tmp/" in path for path in names)


def _anonymous(view: View) -> frozenset[tuple[str, bytes]]:
    temporary = sorted(content for path, content in view.items() if "/tmp/" in path)
    named = {path: content for path, content in view.items() if "/tmp/" not in path}
    return frozenset([*named.items(), *((f"/tmp/{number}", content) for number, content in enumerate(temporary))])


def _is_blob(path: str) -> bool:
    return len(path.rpartition("/")[2]) == 64


def first_run(history: History) -> None:
    """Everything is new, from the folder of the data on; then a folder that is there, and a content that is."""
    history.put(A, pieces=3)
    history.put(B, pieces=2)
    history.put(A)


def two_mails(history: History) -> None:
    history.put(A, pieces=2)
    history.put(B)


def given_up(history: History) -> None:
    history.give_up(A)
    history.put(C)
    history.sweep()


def killed_anywhere(tally: Tally, disk: type[SimulatedDisk], store: type[BlobStore]) -> None:
    """The process ends at each call in turn, once in the first mail and once in the second."""
    for calls in range(1, CALLS):
        history = History(tally, disk(), store)
        history.killed(calls, lambda history=history: two_mails(history))  # type: ignore[misc]
        history.sweep()
        two_mails(history)
        history.cut()


def failing_anywhere(tally: Tally, disk: type[SimulatedDisk], store: type[BlobStore]) -> None:
    """Each call in turn fails, and everything is done once more by the same process."""
    for calls in range(1, CALLS):
        history = History(tally, disk(), store)
        history.fails(calls, lambda history=history: two_mails(history))  # type: ignore[misc]
        two_mails(history)
        history.cut()


def every_way(tally: Tally, disk: type[SimulatedDisk] = SimulatedDisk, store: type[BlobStore] = BlobStore) -> None:
    """Short histories, each with every power cut there is."""
    for life in (first_run, given_up):
        history = History(tally, disk(), store)
        life(history)
        history.cut()
    killed_anywhere(tally, disk, store)
    failing_anywhere(tally, disk, store)


@dataclass(frozen=True)
class Step:
    """One thing that happens to a store: `calls` is when the disk fails or the process ends, if it does."""

    content: bytes
    pieces: int
    what: str
    calls: int

    def happen(self, history: History) -> None:
        def do() -> None:
            if self.what == "give up":
                history.give_up(self.content)
            elif self.what == "sweep":
                history.sweep()
            else:
                history.put(self.content, self.pieces)

        {"killed": history.killed, "failing": history.fails}.get(self.what, _undisturbed)(self.calls, do)


def _undisturbed(_calls: int, action: Callable[[], None]) -> None:
    action()


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([A, B, C]),
        st.integers(1, 3),
        st.sampled_from(["put", "put", "put", "give up", "sweep", "killed", "failing"]),
        st.integers(1, 12),
    ),
    min_size=2,
    max_size=5,
)


def made_up(tally: Tally) -> None:
    """Longer histories as hypothesis makes them up, the same ones every time."""

    @settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def live(steps: list[Step]) -> None:
        history = History(tally, SimulatedDisk(), chance=random.Random(1))
        for step in steps:
            step.happen(history)
        history.cut()

    live()


def test_a_power_cut_loses_nothing_that_was_promised() -> None:
    short, long = Tally(), Tally()
    every_way(short)
    made_up(long)
    for tally in (short, long):
        assert (tally.lost, tally.torn, tally.stuck) == (0, 0, 0)
    assert short.states >= 20_000, short.states
    assert short.states + long.states >= 50_000, (short.states, long.states)


class NoSync(SimulatedDisk):
    """Octets are never synced."""

    def sync(self, handle: int) -> None:
        self._call()


class NoFolderSync(SimulatedDisk):
    """The folder of the blob is not synced after the rename."""

    def sync_folder(self, path: Path) -> None:
        if path.parent != ROOT:
            super().sync_folder(path)


class NoParentSync(SimulatedDisk):
    """A new folder is not synced into the store's root."""

    def sync_folder(self, path: Path) -> None:
        if path != ROOT:
            super().sync_folder(path)


class NoSyncAbove(SimulatedDisk):
    """The store's root, when it is new, is not synced into the folders above."""

    def sync_folder(self, path: Path) -> None:
        if path.is_relative_to(ROOT):
            super().sync_folder(path)


class RenameFirst(SimulatedDisk):
    """The name comes before the octets are synced."""

    def sync(self, handle: int) -> None:
        self._call()

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        for handle in self.handles:
            super().sync(handle)


class UnderItsName(SimulatedDisk):
    """What is being written has the final name already."""

    def rename(self, old: Path, new: Path) -> None:
        octets = next(self.chunks(old))
        with suppress(FileNotFoundError):
            self.remove(new)
        handle = self.create(new)
        self.write(handle, octets)
        super().sync(handle)
        self.close(handle)
        self.remove(old)


class SyncAgain(SimulatedDisk):
    """A sync that failed is asked for again, and the second answer is believed."""

    def sync(self, handle: int) -> None:
        try:
            super().sync(handle)
        except OSError:
            super().sync(handle)


class TrustsFolders(BlobStore):
    """A folder that is there is taken for durable."""

    def _make_durable(self, folder: Path) -> None:
        if not self.disk.exists(folder):
            self.disk.make_folder(folder)
            self.disk.sync_folder(self.root)


@pytest.mark.parametrize(
    ("disk", "store"),
    [
        (NoSync, BlobStore),
        (NoFolderSync, BlobStore),
        (NoParentSync, BlobStore),
        (NoSyncAbove, BlobStore),
        (RenameFirst, BlobStore),
        (UnderItsName, BlobStore),
        (SyncAgain, BlobStore),
        (SimulatedDisk, TrustsFolders),
    ],
    ids=lambda each: each.__name__,
)
def test_mistakes_of_a_store_are_found(disk: type[SimulatedDisk], store: type[BlobStore]) -> None:
    with pytest.raises(Found):
        every_way(Tally(hunting=True), disk, store)
