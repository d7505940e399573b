"""What Linux lets a process wish for: to be traced by anybody, and to adopt what its children leave behind."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PTRACER = 0x59616D61
_PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)


def adopt(wanted: bool = True) -> None:
    """From now on what our children leave behind becomes our own child, so that we can tell that it lives."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def allow_tracing() -> None:
    """Where Yama restricts ptrace to ancestors; elsewhere the kernel does not know the wish, and it is not needed."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _PR_SET_PTRACER_ANY, 0, 0, 0)


def children() -> set[int]:
    """Our own children and the adopted ones, those that have ended and were not waited for among them."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def orphans(but: set[int]) -> list[str]:
    """Command lines of children that still live and do not end within seconds; those that have ended are buried."""
    until = time.monotonic() + 5
    while living := [pid for pid in children() - but if os.waitpid(pid, os.WNOHANG) == (0, 0)]:
        if time.monotonic() > until:
            break
        time.sleep(0.02)
    return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in living]
