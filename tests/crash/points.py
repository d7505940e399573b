"""Which points there are, and which of them a short sweep takes."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.crash.order import is_final_dot
from tests.crash.tracing import Call

ROLES = ("poll", "first", "digest", "served", "zygote", "worker")
"""A poll of an office at work; its very first one; the digest of the day; a poll with the records on a PostgreSQL
server; what the children of a poll are born from; these children."""
CHILDREN = ("zygote", "worker")


def words(role: str) -> tuple[str, ...]:
    """The command that is killed, and then run again."""
    return ("digest", "--send") if role == "digest" else ("poll",)


INNER = frozenset((
    "brk", "clock_nanosleep", "exit_group", "futex", "getcwd", "getegid", "geteuid", "getgid", "getpid", "getrandom",
    "gettid", "getuid", "madvise", "mmap", "mprotect", "mremap", "munmap", "prlimit64", "rt_sigaction",
    "rt_sigprocmask", "rt_sigtimedwait", "sched_getaffinity", "sched_yield", "set_robust_list", "sysinfo", "uname",
))  # fmt: skip
"""Calls that nobody outside the process can tell from one another; only the full sweep takes them."""

DURABLE = ("fsync", "fdatasync", "rename", "renameat2")
"""Calls that make something durable or visible: every one of them is in every sweep."""


@dataclass(frozen=True, order=True)
class Point:
    """The `ordinal`-th call of `name` in one role."""

    role: str
    name: str
    ordinal: int

    def __str__(self) -> str:
        return f"{self.role} {self.name} {self.ordinal}"


def every(role: str, calls: Iterable[Call]) -> list[Point]:
    """Every call of a clean run, and three more of each name: no two runs are quite the same."""
    most: dict[str, int] = defaultdict(int)
    for call in calls:
        most[call.name] = max(most[call.name], call.ordinal)
    return [Point(role, name, ordinal) for name, last in sorted(most.items()) for ordinal in range(1, last + 4)]


def sample(clean: Mapping[str, Sequence[Call]], share: Mapping[str, int], seed: int) -> list[Point]:
    """So many points of each role: of a poll all that make something durable and those around the final dots;
    the rest spread over names and positions."""
    chance = random.Random(seed)
    chosen = set(_decisive("poll", clean["poll"]))
    for role, number in share.items():
        spread = _spread(role, clean[role], chance)
        have = len([point for point in chosen if point.role == role])
        while have < number:
            point = next(spread)
            have += point not in chosen
            chosen.add(point)
    return sorted(chosen)


def _decisive(role: str, calls: Sequence[Call]) -> Iterator[Point]:
    """The calls that make durable, the final dots, and the first read and the first commit after each of those."""
    for at, call in enumerate(calls):
        if call.name in DURABLE:
            yield Point(role, call.name, call.ordinal)
        if is_final_dot(call):
            yield Point(role, call.name, call.ordinal)
            for name in ("recvfrom", "read", "pwrite64"):
                after = (each for each in calls[at:] if each.name == name)
                yield from (Point(role, name, each.ordinal) for each in list(after)[:1])


def _spread(role: str, calls: Sequence[Call], chance: random.Random) -> Iterator[Point]:
    """One name after the other, round and round, a position of each by chance, until none is left."""
    left: dict[str, list[int]] = defaultdict(list)
    for call in calls:
        if call.name not in INNER:
            left[call.name].append(call.ordinal)
    while left:
        for name in sorted(left):
            yield Point(role, name, left[name].pop(chance.randrange(len(left[name]))))
        left = defaultdict(list, {name: rest for name, rest in left.items() if rest})
