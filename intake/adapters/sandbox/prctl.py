"""prctl(2), which the standard library does not have."""

from __future__ import annotations

import ctypes
import os
from typing import Final

SET_PDEATHSIG: Final = 1
SET_DUMPABLE: Final = 4
SET_SECCOMP: Final = 22
SET_NO_NEW_PRIVS: Final = 38
GET_NO_NEW_PRIVS: Final = 39

libc: Final = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int, pointer: ctypes.Array[ctypes.c_char] | None = None) -> None:
    """OSError when the kernel refuses."""
    if libc.prctl(option, ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise failure(f"prctl({option})")


def asked(option: int) -> int:
    """What the kernel answers; -1 when it does not know the question."""
    answer: int = libc.prctl(option, ctypes.c_ulong(0), None, ctypes.c_ulong(0), ctypes.c_ulong(0))
    return answer


def failure(what: str) -> OSError:
    """What the last call through libc failed with."""
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
