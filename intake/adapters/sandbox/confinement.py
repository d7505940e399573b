"""What work on one foreign file may use, and the locking-in of the child process that does it.

`confine` runs before the child reads a foreign octet: what it may consume, whom it may outlive, what it may become,
and last, where the kernel has the means, what it may reach.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import intake
from intake.adapters.sandbox import landlock, seccomp
from intake.adapters.sandbox.prctl import SET_DUMPABLE, SET_NO_NEW_PRIVS, SET_PDEATHSIG, failure, libc, prctl

MIB = 1 << 20


class Limits(NamedTuple):
    """Bounds of one child: address space in octets, seconds of processor and of wall clock, open descriptors."""

    memory: int
    cpu_seconds: int
    wall_seconds: int
    descriptors: int = 32


def limits_for(size: int) -> Limits:
    """The bounds for a file of `size` octets.

    Demuxing 100 MiB took 0.1-2.5 s here, so a second per 10 MiB on top of 20 leaves a slow machine room; two
    minutes of processor is the end for any file. The wall clock allows for a machine busy with other work.
    """
    cpu = min(120, 20 + size // (10 * MIB))
    return Limits(memory=1024 * MIB, cpu_seconds=cpu, wall_seconds=3 * cpu)


def bound_consumption(limits: Limits) -> None:
    """Memory, processor, files. When the machine runs out of memory, the child goes first."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(b"1000")
    bounds = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_DATA: limits.memory,  # says no more, but py7zr asks for it, or looks for the machine's memory
        resource.RLIMIT_FSIZE: 64 << 10,
        resource.RLIMIT_NOFILE: limits.descriptors,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        lower(kind, bound)
    # The soft limit ends the child with SIGXCPU, which tells the parent why; the hard one cannot be ignored.
    lower(resource.RLIMIT_CPU, limits.cpu_seconds, grace=1)


def lower(kind: int, bound: int, grace: int = 0) -> None:
    """Set a limit, the hard one `grace` above it, unless the service itself was given less."""
    given = resource.getrlimit(kind)[1]
    soft, hard = (each if given == resource.RLIM_INFINITY else min(each, given) for each in (bound, bound + grace))
    resource.setrlimit(kind, (soft, hard))


def renounce_privileges(_limits: Limits) -> None:
    """No program started from here gains rights; root keeps no more than its files; nobody looks into our memory."""
    prctl(SET_NO_NEW_PRIVS, 1)
    header, nothing = (_CAPABILITY_VERSION_3).to_bytes(4, sys.byteorder) + bytes(4), bytes(24)
    if libc.capset(header, nothing):
        raise failure("capset")
    prctl(SET_DUMPABLE, 0)


def die_with_parent(_limits: Limits) -> None:
    """Behind what changes privileges, because the kernel forgets this wish when they change."""
    parent = os.getppid()
    prctl(SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def leave_the_file_system(_limits: Limits) -> None:
    """Reading what Python may still load and the file in hand, no more; no TCP, no signals to others (Landlock)."""
    landlock.restrict(readable(), in_hand=0)


def leave_the_kernel_alone(_limits: Limits) -> None:
    """No network, no other processes, no writing, nothing that needs privileges (seccomp)."""
    seccomp.install()


Rule: TypeAlias = Callable[[Limits], None]

ALWAYS: Final[tuple[Rule, ...]] = (bound_consumption, renounce_privileges, die_with_parent)
IF_THE_KERNEL_CAN: Final[tuple[Rule, ...]] = (leave_the_file_system, leave_the_kernel_alone)

_CAPABILITY_VERSION_3: Final = 0x2008_0522


def confine(limits: Limits, possible: tuple[Rule, ...]) -> None:
    """Lock this process in, for good: by what holds always, then by what was found `possible`. OSError otherwise."""
    for rule in (*ALWAYS, *possible):
        rule(limits)


@cache
def readable() -> tuple[Path, ...]:
    """Where Python and its libraries lie: what is on the search path beneath its prefix or is a site-packages, our own
    package, and the folders of the shared libraries in this process.

    Nothing else that is on the search path: beside our package there may be data, configuration and passwords.
    """
    prefix = Path(sys.base_prefix)
    search = [Path(entry) for entry in sys.path]
    pythons = [each for each in search if each.is_relative_to(prefix) or each.name in _LIBRARIES]
    places = [Path(intake.__file__).parent, *pythons, *_loaded(), Path("/etc/ld.so.cache")]
    within = [each for each in dict.fromkeys(places) if not any(other in each.parents for other in places)]
    return tuple(each for each in within if each.exists())


_LIBRARIES: Final = frozenset({"site-packages", "dist-packages"})


def _loaded() -> list[Path]:
    """Folders of the shared libraries in this process."""
    lines = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
    files = {line.split(maxsplit=5)[5] for line in lines if line.count(" /") and ".so" in line}
    return sorted({Path(file).parent for file in files})
