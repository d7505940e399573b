"""Keeps one zygote for each kind of work: starts it when a child is first wanted, again when it has ended, and replaces
it when a child of its was broken into.

A zygote dies with this process: by the signal that the kernel sends when its parent ends (see lasting.py), and because
the other end of its socket closes.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import intake
from intake.adapters.sandbox.complaints import Complaints
from intake.adapters.sandbox.confinement import Limits
from intake.adapters.sandbox.lasting import in_the_lasting_thread, whenever_idle

_START: Final = (
    "import sys; sys.path[:] = sys.argv[1].split('\\n'); "
    "from intake.adapters.sandbox.zygote import main; main(sys.argv[2])"
)
# Isolated, without site.py; and without writing bytecode.
_FLAGS: Final = ("-I", "-S", "-B")
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8"}
_REQUEST_SECONDS: Final = 30.0
"""How long a zygote may leave a request lying."""


class Birth(NamedTuple):
    """A child that was forked: its process id, and the lifeline that ends it when closed, and tells its status."""

    process: int
    lifeline: socket.socket


class _Zygote(NamedTuple):
    process: subprocess.Popen[bytes]
    control: socket.socket
    complaints: Complaints


class Nursery:
    """The zygotes of one kind of work. Safe to use from several threads."""

    def __init__(self, worker: str) -> None:
        """`worker` names a module whose `main` takes an Errand; what it lists as PRELOADED is loaded beforehand."""
        self._worker = worker
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._retired: list[_Zygote] = []
        whenever_idle(self.bury)

    def warm(self) -> None:
        """Start a zygote if there is none, without waiting for it. OSError when the system gives no process."""
        with self._lock:
            self._living()

    def bear(self, limits: Limits, handed: Sequence[int], deadline: float) -> Birth:
        """A new child with these descriptors (HANDED_OVER of them with its lifeline, which is made here).

        OSError when there is none before the deadline. A zygote that has just left, or was killed, is replaced once.
        """
        why = ""
        for _attempt in range(2):
            with self._lock:
                zygote = self._living()
            birth = _asked(zygote, limits, handed, deadline)
            if birth is not None:
                return birth
            why = self._lost(zygote)
        raise ChildProcessError(why or "the zygote does not answer")

    def renew(self) -> None:
        """Bear no more children from the present zygote: the memory of a child lies where that of the next would."""
        with self._lock:
            if self._zygote:
                self._retire(self._zygote)

    def close(self) -> None:
        """End all zygotes, with children that they may still have."""
        self.renew()
        with self._lock:
            for each in self._retired:
                _end(each)
            self._retired.clear()

    def bury(self) -> None:
        """Take note of zygotes that have ended, unless somebody is about to do so."""
        if self._lock.acquire(blocking=False):
            try:
                self._bury()
            finally:
                self._lock.release()

    def _bury(self) -> None:
        if self._zygote and self._zygote.process.poll() is not None:
            self._retire(self._zygote)
        for each in self._retired[:]:
            if each.process.poll() is not None:
                self._retired.remove(each)
                each.complaints.close()

    def _living(self) -> _Zygote:
        self._bury()
        if self._zygote is None:
            self._zygote = in_the_lasting_thread(lambda: _begun(self._worker))
        return self._zygote

    def _retire(self, zygote: _Zygote) -> None:
        """It ends by itself when its last child has."""
        zygote.control.close()
        self._retired.append(zygote)
        self._zygote = None

    def _lost(self, zygote: _Zygote) -> str:
        """A zygote has not answered; what it said last."""
        why = zygote.complaints.last()
        with self._lock:
            if self._zygote is zygote:
                zygote.process.kill()
                self._retire(zygote)
        return why


@cache
def nursery(worker: str) -> Nursery:
    """The one nursery of this process for a kind of work."""
    made = Nursery(worker)
    _of_this_process.append(made)
    atexit.register(made.close)
    return made


_of_this_process: list[Nursery] = []


def _forget() -> None:
    """After a fork: the zygotes are the parent's."""
    for each in _of_this_process:
        atexit.unregister(each.close)
    _of_this_process.clear()
    nursery.cache_clear()


os.register_at_fork(after_in_child=_forget)


def _begun(worker: str) -> _Zygote:
    """A new zygote, on its way."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    complaints = Complaints()
    try:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter; no shell reads the arguments)
            [sys.executable, *_FLAGS, "-c", _START, _search_path(), worker],
            stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=complaints.descriptor, cwd="/", env=_ENVIRONMENT,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        ours.close()
        complaints.close()
        raise
    finally:
        theirs.close()
    ours.settimeout(_REQUEST_SECONDS)
    return _Zygote(process, ours, complaints)


def _search_path() -> str:
    """Where the child finds the same modules as we do, without running site.py and its .pth files again."""
    here = Path(intake.__file__).parent.parent
    return "\n".join([str(here), *(entry for entry in sys.path if entry)])


def _asked(zygote: _Zygote, limits: Limits, handed: Sequence[int], deadline: float) -> Birth | None:
    """The child that the zygote forks; None when it is not there to do so. OSError when it cannot."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            socket.send_fds(zygote.control, [json.dumps(limits).encode()], [theirs.fileno(), *handed])
        ours.settimeout(max(0.001, deadline - time.monotonic()))
        answer = int.from_bytes(ours.recv(4), "big", signed=True)
    except OSError:
        answer = 0
    if answer > 0:
        return Birth(answer, ours)
    ours.close()
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
    return None


def _end(zygote: _Zygote) -> None:
    zygote.process.kill()
    zygote.process.wait()
    zygote.complaints.close()
