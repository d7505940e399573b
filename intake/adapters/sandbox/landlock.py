"""Landlock (landlock(7)): a process gives up the file system, and the network, for good and without any privilege.

Own code: three system calls, whose numbers are the same on every machine, and a child trusts nothing more before it is
locked in.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from intake.adapters.sandbox.prctl import failure, libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_QUERY_VERSION: Final = 1
_BENEATH_A_PATH: Final = 1

# linux/landlock.h
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS_BY_ABI: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_RIGHTS: Final = 16
"""How many kinds of access to files an ABI knows; from 5 on. All of them are handled, and so refused."""
_TCP: Final = 0b11
"""Bind and connect, from ABI 4."""
_SCOPES: Final = 0b11
"""Abstract unix sockets and signals of processes outside, from ABI 6."""


def abi() -> int:
    """The version that the kernel offers; 0 for none, or when what is around us does not allow to ask."""
    found: int = libc.syscall(_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_QUERY_VERSION))
    return max(found, 0)


def restrict(readable: Iterable[Path], in_hand: int) -> None:
    """Give up all of the file system but reading: beneath these files and folders, and of the file behind a descriptor,
    which some libraries open again by name. OSError when the kernel refuses.
    """
    rules = _ruleset(abi())
    try:
        for path in readable:
            with suppress(OSError), _located(path) as place:  # what is not for us is not for the child either
                _allow(rules, place, _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE)
        if stat.S_ISREG(os.fstat(in_hand).st_mode):
            _allow(rules, in_hand, _READ_FILE)
        if libc.syscall(_long(_RESTRICT_SELF), ctypes.c_int(rules), ctypes.c_uint32(0)):
            raise failure("landlock_restrict_self")
    finally:
        os.close(rules)


def _ruleset(version: int) -> int:
    if not version:
        raise failure("landlock")
    files = (1 << _RIGHTS_BY_ABI.get(version, _NEWEST_RIGHTS)) - 1
    handled = [files, *([_TCP] if version >= 4 else []), *([_SCOPES] if version >= 6 else [])]
    attributes = struct.pack(f"{len(handled)}Q", *handled)
    rules: int = libc.syscall(_long(_CREATE_RULESET), attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        raise failure("landlock_create_ruleset")
    return rules


def _allow(rules: int, place: int, rights: int) -> None:
    attributes = struct.pack("=Qi", rights, place)
    if libc.syscall(
        _long(_ADD_RULE), ctypes.c_int(rules), ctypes.c_int(_BENEATH_A_PATH), attributes, ctypes.c_uint32(0)
    ):
        raise failure("landlock_add_rule")


@contextmanager
def _located(path: Path) -> Iterator[int]:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        yield place
    finally:
        os.close(place)


def _long(number: int) -> ctypes.c_long:
    return ctypes.c_long(number)
