"""A filter on system calls for the children (seccomp(2)), put together as BPF and set by prctl.

Own code: two hundred fixed instructions need no library, and a child trusts nothing more before it is locked in. A
refused call fails with EPERM, so that a library may go another way; a program for another machine's
ABI is killed.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from intake.adapters.sandbox.prctl import SET_SECCOMP, prctl
from intake.adapters.sandbox.syscalls import ABSENT, DENIED, LOOKED_AT, MACHINES, NEWEST, Machine, Numbers

_FILTER: Final = 2

# linux/bpf_common.h and linux/seccomp.h
_LOAD, _EQUAL, _ABOVE, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_REFUSED: Final = _ERRNO | errno.EPERM
_NO_SUCH_CALL: Final = _ERRNO | errno.ENOSYS

_CLONE_THREAD: Final = 0x0001_0000
_CLONE_NEW: Final = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""
_O_TO_WRITE: Final = 0o3 | 0o100 | 0o1000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC."""
_PR_DEATH_DUMP_MEMORY: Final = (1, 4, 35)
"""PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_MM."""
_F_OWNER_SIGNAL_LEASE: Final = (8, 10, 15, 1024)
"""F_SETOWN, F_SETSIG and F_SETOWN_EX send signals to others by another road; F_SETLEASE keeps them waiting."""
_IO_OWNER_TERMINAL: Final = (0x8901, 0x8902, 0x5412, 0x541C)
"""FIOSETOWN and SIOCSPGRP likewise; TIOCSTI and TIOCLINUX type into somebody's terminal."""


class Unsupported(OSError):
    """No table for this machine."""


def install() -> None:
    """Filter this process and its threads for good. OSError when the kernel, or what is around us, refuses."""
    octets = program(platform.machine())
    instructions = ctypes.create_string_buffer(octets, len(octets))
    described = struct.pack("HxxxxxxP", len(octets) // 8, ctypes.addressof(instructions))
    prctl(SET_SECCOMP, _FILTER, ctypes.create_string_buffer(described, len(described)))


def program(machine: str) -> bytes:
    """The filter for a machine as an array of struct sock_filter."""
    if machine not in MACHINES or struct.calcsize("P") != 8:
        raise Unsupported(errno.ENOSYS, f"no table of system calls for this {machine}")
    here = MACHINES[machine]
    return b"".join(
        [
            *_only_this_abi(here),
            *_answered(ABSENT, here, _NO_SUCH_CALL),
            *_answered(DENIED, here, _REFUSED),
            *_looked_at(here),
            _step(_RETURN, _ALLOW),
        ]
    )


def _only_this_abi(here: Machine) -> Iterable[bytes]:
    yield _step(_LOAD, _ARCH_AT)
    yield _step(_EQUAL, here.audit, 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER_AT)
    if here.foreign_abi is not None:
        yield _step(_AT_LEAST, here.foreign_abi, 0, 1)
        yield _step(_RETURN, _KILL)
    yield _step(_ABOVE, NEWEST, 0, 1)
    yield _step(_RETURN, _NO_SUCH_CALL)


def _answered(calls: Mapping[str, Numbers], here: Machine, answer: int) -> Iterable[bytes]:
    for numbers in calls.values():
        number = numbers[here.column]
        if number is not None:
            yield _step(_EQUAL, number, 0, 1)
            yield _step(_RETURN, answer)


def _looked_at(here: Machine) -> Iterable[bytes]:
    number = {name: numbers[here.column] for name, numbers in LOOKED_AT.items()}
    yield from _refuse(number["clone"], 0, [_Test(_ANY_BIT, _CLONE_THREAD, refuse=False), _Test(_ANY_BIT, _CLONE_NEW)])
    yield from _refuse(number["open"], 1, [_Test(_ANY_BIT, _O_TO_WRITE)])
    yield from _refuse(number["openat"], 2, [_Test(_ANY_BIT, _O_TO_WRITE)])
    yield from _refuse(number["prlimit64"], 0, [_Test(_EQUAL, 0, refuse=False)])
    yield from _refuse(number["prctl"], 0, [_Test(_EQUAL, value) for value in _PR_DEATH_DUMP_MEMORY])
    yield from _refuse(number["fcntl"], 1, [_Test(_EQUAL, value) for value in _F_OWNER_SIGNAL_LEASE])
    yield from _refuse(number["ioctl"], 1, [_Test(_EQUAL, value) for value in _IO_OWNER_TERMINAL])


class _Test(NamedTuple):
    """Compare an argument; what comes out as `refuse` says is refused, the other way the next test decides."""

    code: int
    value: int
    refuse: bool = True


def _refuse(number: int | None, argument: int, tests: Sequence[_Test]) -> Iterable[bytes]:
    """Decide about one call by the lower half of an argument, which is all that the kernel looks at here."""
    if number is None:
        return
    yield _step(_EQUAL, number, 0, len(tests) + 3)
    yield _step(_LOAD, _ARGUMENTS_AT + 8 * argument)
    for index, test in enumerate(tests):
        away = len(tests) - index
        yield _step(test.code, test.value, away if test.refuse else 0, 0 if test.refuse else away)
    yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _REFUSED)


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, when_true, when_false, value)
