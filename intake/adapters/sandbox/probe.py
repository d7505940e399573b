"""What a child finds out about its own confinement, by trying. It works on no foreign file."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable

from intake.adapters.sandbox import landlock
from intake.adapters.sandbox.inside import Errand
from intake.adapters.sandbox.prctl import GET_NO_NEW_PRIVS, asked


def main(errand: Errand) -> None:
    """Tells one object; its fields are those of active.Confinement."""
    errand.tell(
        {
            "limits": resource.getrlimit(resource.RLIMIT_CORE)[1] == 0,
            "no_new_privs": bool(asked(GET_NO_NEW_PRIVS)),
            "seccomp": _refused(_connect) and _refused(_fork),
            "landlock": landlock.abi() if _refused(_look_around) else 0,
        }
    )


def _refused(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    return False


def _connect() -> None:
    socket.socket().close()


def _fork() -> None:
    if not os.fork():
        os._exit(os.EX_OK)


def _look_around() -> None:
    os.close(os.open("/", os.O_RDONLY))
