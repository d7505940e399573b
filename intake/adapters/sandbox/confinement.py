"""What work on one foreign file may use, and the locking-in of the child process that does it.

`confine` runs before the child reads a foreign octet: first what it may consume, then whom it may outlive,
last what it may reach.
"""

from __future__ import annotations

import ctypes
import resource
import signal
from typing import NamedTuple

MIB = 1 << 20

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


class Limits(NamedTuple):
    """Bounds of one child: address space in octets, seconds of processor and of wall clock."""

    memory: int
    cpu_seconds: int
    wall_seconds: int


def limits_for(size: int) -> Limits:
    """The bounds for a file of `size` octets.

    Demuxing 100 MiB took 0.1-2.5 s here, so a second per 10 MiB on top of 20 leaves a slow machine room; two
    minutes of processor is the end for any file. The wall clock allows for a machine busy with other work.
    """
    cpu = min(120, 20 + size // (10 * MIB))
    return Limits(memory=1024 * MIB, cpu_seconds=cpu, wall_seconds=3 * cpu)


def confine(limits: Limits) -> None:
    """Lock this process in, for good. OSError or ValueError when the system refuses."""
    _bound_consumption(limits)
    _die_with_parent()
    _renounce_privileges()


def _bound_consumption(limits: Limits) -> None:
    bounds = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: 64 << 10,
        resource.RLIMIT_NOFILE: 32,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))
    # The soft limit ends the child with SIGXCPU, which tells the parent why; the hard one cannot be ignored.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def _die_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _renounce_privileges() -> None:
    """No program started from here gains rights. Rules on paths and system calls build on this one."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")
