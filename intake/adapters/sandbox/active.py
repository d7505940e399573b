"""What really confines the children on this machine: one of them tries, once, and tells."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Final

import msgspec

from intake.adapters.sandbox.child import OutOfTime, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.hearing import Ear, Nonsense, told
from intake.adapters.sandbox.nursery import nursery
from intake.ports import Deferred

_WORKER: Final = "intake.adapters.sandbox.probe"
_LIMITS: Final = Limits(memory=1024 * MIB, cpu_seconds=10, wall_seconds=30)


class Confinement(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is in force inside a child; `landlock` is the version, 0 for none."""

    limits: bool
    no_new_privs: bool
    seccomp: bool
    landlock: Annotated[int, msgspec.Meta(ge=0)]

    def __str__(self) -> str:
        names = {"rlimits": self.limits, "no_new_privs": self.no_new_privs, "seccomp": self.seccomp}
        there = [name for name, holds in names.items() if holds]
        lacking = [name for name, holds in names.items() if not holds]
        if self.landlock:
            there.append(f"Landlock ABI {self.landlock}")
        else:
            lacking.append("Landlock")
        return ", ".join(there) + (f"; NOT {', '.join(lacking)}" if lacking else "")


@cache
def active() -> Confinement:
    """Found once. Deferred when no child can be started."""
    try:
        with Path("/dev/null").open("rb") as nothing, started(_WORKER, nothing, [], _LIMITS) as child:
            ear = Ear(child)
            found = told(ear.line(), Confinement) if ear.ready() else None
    except (OSError, OutOfTime, EOFError, Nonsense) as error:
        raise Deferred(f"children cannot start: {error or type(error).__name__}") from error
    finally:
        nursery(_WORKER).close()
    if found is None:
        raise Deferred(f"children cannot start: exit {child.status} {child.complaint}")
    return found


def unfiltered() -> bool:
    """Whether children run without a filter on system calls. That none can run at all, waiting mails tell."""
    try:
        return not active().seccomp
    except Deferred:
        return False
