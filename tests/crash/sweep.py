"""Kill at one point, start twice again, look: for every point of a list, on several lanes at once."""

from __future__ import annotations

import math
import queue
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.invariants import doubts, violations
from tests.crash.picture import Picture, differences, picture
from tests.crash.place import LATER, Place, Template
from tests.crash.points import CHILDREN, Point, words
from tests.crash.tracing import Call, calls, killed, traced
from tests.crash.warm import Ended, Warm, warmed
from tests.crash.workers import Trap
from tests.e2e.world import NOON
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.smtp import SmtpSink, running_sink

LANES = 2


@dataclass(frozen=True)
class Tried:
    """What came of one point. `hits` are the calls at which something was killed, none when it was not reached;
    `doubted` and `doubled` count letters."""

    point: Point
    again: Point | None
    hits: tuple[Call, ...]
    wrong: tuple[str, ...]
    seconds: float
    doubted: int = 0
    doubled: int = 0


class Lane:
    """One place at a time, a process that is warm and a sink; what is clean was learned from the template."""

    def __init__(self, template: Template, warm: Warm, sink: SmtpSink) -> None:
        self._template = template
        self._warm = warm
        self._sink = sink

    def clean(self, role: str) -> tuple[Picture, list[Call]]:
        """What is right, and every call on the way there, from a run where nothing is killed."""
        place = self._place(role)
        trace = place.folder / "trace"
        if role in CHILDREN:
            trap = Trap(role, place.folder)
            ended = place.run(*words(role), changed=[trap.change])
            found = trap.calls()
        else:
            ended = traced(place.start(*words(role), held=True), trace)
            found = list(calls(trace))
        again = [place.run(*words(role), now=now) for now in LATER]
        wrong = [*map(_complaint, [ended, *again]), *violations(place), *self._warm.orphans()]
        assert not any(wrong), wrong
        seen = picture(place)
        self._template.cleared(place)
        return seen, found

    def calls(self, *changed: str) -> list[Call]:
        """Every call of a poll, in order."""
        place = self._place("poll")
        ended = traced(place.start("poll", held=True, changed=changed), place.folder / "trace")
        assert not _complaint(ended), _complaint(ended)
        found = list(calls(place.folder / "trace"))
        self._template.cleared(place)
        return found

    def attempt(self, point: Point, clean: Picture, again: Point | None = None, changed: Sequence[str] = ()) -> Tried:
        """Kill at a point, and at another in the first run after that if one is given; what was hit, what is wrong."""
        began = time.monotonic()
        place = self._place(point.role)
        hits = self._killed(place, point, NOON, changed)
        if again and hits:
            hits += self._killed(place, again, LATER[0], changed)
        after = [place.run(*words(point.role), now=now, changed=changed) for now in LATER[-2:]]
        wrong = [told for told in map(_complaint, after) if told]
        wrong = wrong or self._wrong(place, clean, point, killed_twice=again is not None)
        tried = Tried(point, again, hits, tuple(wrong), time.monotonic() - began, *doubts(place))
        if not wrong:
            self._template.cleared(place)
        return tried

    def _killed(self, place: Place, point: Point, now: str, changed: Sequence[str]) -> tuple[Call, ...]:
        """Start it and kill it; the calls at which that happened."""
        if point.role in CHILDREN:
            trap = Trap(point.role, place.folder, point.name, point.ordinal)
            place.run(*words(point.role), now=now, changed=[*changed, trap.change])
            return trap.killed()
        run = place.start(*words(point.role), now=now, held=True, changed=changed)
        _, hit = killed(run, place.folder / "trace", point.name, point.ordinal)
        self._template.wait_for_the_server(place)
        return (hit,) if hit else ()

    def _wrong(self, place: Place, clean: Picture, point: Point, *, killed_twice: bool) -> list[str]:
        """What is not as it would be if nothing had been killed.

        Of a file whose child was killed while it looked at it less may be known.
        """
        found = picture(place)
        expected = (found.unmeasured(), clean.unmeasured()) if point.role in CHILDREN else (found, clean)
        return [*differences(*expected), *violations(place, killed_twice=killed_twice), *self._warm.orphans()]

    def _place(self, role: str) -> Place:
        return self._template.place(role, self._warm, self._sink)


def _complaint(ended: Ended) -> str:
    return "" if ended.status == 0 and "Traceback" not in ended.output else f"exit {ended.status}: {ended.output}"


@contextmanager
def lanes(dovecot: Dovecot, postgres: Postgres | None = None, number: int = LANES) -> Iterator[list[Lane]]:
    """Lanes over one template; their places are removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        sinks = [stack.enter_context(running_sink()) for _ in range(number)]
        warm = [stack.enter_context(warmed()) for _ in range(number)]
        template = Template(folder, dovecot, warm, sinks[0], postgres)
        yield [Lane(template, process, sink) for process, sink in zip(warm, sinks, strict=True)]


def sweep(
    lanes: Sequence[Lane],
    plan: Sequence[tuple[Point, Point | None]],
    clean: Mapping[str, Picture],
    told: Callable[[Tried], None],
    changed: Sequence[str] = (),
    *,
    ends: float = math.inf,
) -> None:
    """Try all points, each on a lane that is free, and begin none after `ends` (monotonic); `told` hears of each."""
    free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def attempt(each: tuple[Point, Point | None]) -> Tried | None:
        lane = free.get()
        try:
            point, again = each
            if time.monotonic() > ends:
                return None
            return lane.attempt(point, clean[point.role], again, changed)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as pool:
        for tried in filter(None, pool.map(attempt, plan)):
            told(tried)
