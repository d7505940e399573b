"""The filter on system calls, run as the kernel runs it, for machines that we are not on as well."""

from __future__ import annotations

import errno
import struct

import pytest

from intake.adapters.sandbox.seccomp import Unsupported, program
from intake.adapters.sandbox.syscalls import ABSENT, DENIED, LOOKED_AT, MACHINES, NEWEST

ALLOW, KILL, REFUSE, ABSENCE = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
MOST_INSTRUCTIONS = 4096
"""BPF_MAXINSNS."""


def decided(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter answers to a call: a small machine with one register, classic BPF."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, MACHINES[machine].audit if audit is None else audit, 0, *padded)
    steps = list(struct.iter_unpack("HBBI", program(machine)))
    register = at = 0
    while True:
        code, when_true, when_false, value = steps[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (register,) = struct.unpack_from("=I", data, value)
            continue
        test = {0x15: register == value, 0x25: register > value, 0x35: register >= value, 0x45: bool(register & value)}
        at += when_true if test[code] else when_false


def number(machine: str, name: str) -> int | None:
    return LOOKED_AT[name][MACHINES[machine].column]


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_denied_is_refused_and_the_rest_goes_through(machine: str) -> None:
    column = MACHINES[machine].column
    denied = {each[column] for each in DENIED.values()} - {None}
    absent = {each[column] for each in ABSENT.values()}
    looked_at = {each[column] for each in LOOKED_AT.values()}
    for call in range(NEWEST + 1):
        expected = REFUSE if call in denied else ABSENCE if call in absent else ALLOW
        assert call in looked_at or decided(machine, call) == expected, call


@pytest.mark.parametrize("machine", MACHINES)
def test_what_came_later_does_not_exist(machine: str) -> None:
    assert {decided(machine, call) for call in (NEWEST + 1, NEWEST + 100, 0x3FFFFFFF)} == {ABSENCE}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_program_for_another_machine_is_killed(machine: str) -> None:
    others = [0x40000003, 0x40000028, *(each.audit for name, each in MACHINES.items() if name != machine)]  # i386, arm
    assert {decided(machine, 1, audit=other) for other in others} == {KILL}


def test_the_third_abi_of_x86_64_is_killed() -> None:
    assert decided("x86_64", 0x40000000) == decided("x86_64", 0x40000000 + 39) == decided("x86_64", 0xFFFFFFFF) == KILL


THREAD = 0x3D0F00
"""What pthread_create asks of clone."""
LOOKS = [
    ("clone", (THREAD,), True),
    ("clone", (0x1200011,), False),  # fork
    ("clone", (0x4111,), False),  # vfork
    *(("clone", (THREAD | flag,), False) for flag in (1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30)),
    ("openat", (0xFFFFFF9C, 0, 0o2000000), True),
    *(("openat", (0xFFFFFF9C, 0, flag), False) for flag in (0o1, 0o2, 0o100, 0o1000, 0o20000002)),
    ("open", (0, 0), True),
    ("open", (0, 0o1101), False),
    ("prlimit64", (0, 7), True),
    ("prlimit64", (1, 7), False),
    ("prctl", (15,), True),  # PR_SET_NAME, of threads
    *(("prctl", (option,), False) for option in (1, 4, 35)),
    ("fcntl", (0, 1), True),
    *(("fcntl", (0, command), False) for command in (8, 10, 15, 1024)),
    ("ioctl", (0, 0x5401), True),
    *(("ioctl", (0, command), False) for command in (0x8901, 0x8902, 0x5412, 0x541C)),
]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments", "allowed"), LOOKS)
def test_some_calls_are_looked_at(machine: str, name: str, arguments: tuple[int, ...], allowed: bool) -> None:
    call = number(machine, name)
    if call is not None:  # aarch64 has no open
        assert decided(machine, call, *arguments) == (ALLOW if allowed else REFUSE)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_upper_half_of_an_argument_does_not_hide_the_lower(machine: str) -> None:
    call = number(machine, "openat")
    assert call is not None
    assert decided(machine, call, 0, 0, 0xFFFFFFFF00000001) == REFUSE


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_is_short_enough_and_every_jump_lands_in_it(machine: str) -> None:
    steps = list(struct.iter_unpack("HBBI", program(machine)))
    assert len(steps) < MOST_INSTRUCTIONS
    assert all(at + 1 + max(step[1], step[2]) < len(steps) for at, step in enumerate(steps[:-1]))


def test_another_machine_has_no_filter() -> None:
    with pytest.raises(Unsupported, match="riscv64"):
        program("riscv64")
