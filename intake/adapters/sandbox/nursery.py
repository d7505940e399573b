"""Keeps one zygote for each kind of work: starts it when a child is first wanted, again when it has ended, and replaces
it when a child of its was broken into.

A zygote dies with this process: by the signal that the kernel sends when the thread that started it ends (so one thread
that never does starts them all), and because the other end of its socket closes.
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
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple

import intake
from intake.adapters.sandbox.complaints import Complaints
from intake.adapters.sandbox.confinement import Limits

_START: Final = (
    "import sys; sys.path[:] = sys.argv[1].split('\\n'); "
    "from intake.adapters.sandbox.zygote import main; main(sys.argv[2])"
)
# Isolated, without site.py; and without writing bytecode.
_FLAGS: Final = ("-I", "-S", "-B")
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8"}


BURIAL_SECONDS: Final = 60.0
"""After which those who left by themselves are taken note of."""


class Birth(NamedTuple):
    """A child that was forked: its process id, and the lifeline that ends it when closed, and tells its status."""

    process: int
    lifeline: socket.socket


class _Zygote(NamedTuple):
    process: subprocess.Popen[bytes]
    control: socket.socket
    complaints: Complaints


_nurseries: list[Nursery] = []


class Nursery:
    """The zygotes of one kind of work. Safe to use from several threads."""

    def __init__(self, worker: str) -> None:
        """`worker` names a module whose `main` takes an Errand; what it lists as PRELOADED is loaded beforehand."""
        self._worker = worker
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._retired: list[_Zygote] = []
        _nurseries.append(self)

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
            self._zygote = _in_the_lasting_thread(lambda: _begun(self._worker))
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
    atexit.register(made.close)
    return made


def _forget() -> None:
    """After this process was forked: the zygotes are the parent's, and the lasting thread did not come along."""
    global _wishes  # noqa: PLW0603
    for each in _nurseries:
        atexit.unregister(each.close)
    _nurseries.clear()
    nursery.cache_clear()
    _lasting_thread.cache_clear()
    _wishes = SimpleQueue()


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
            _patient(zygote.control, deadline)
            socket.send_fds(zygote.control, [json.dumps(limits).encode()], [theirs.fileno(), *handed])
        _patient(ours, deadline)
        answer = int.from_bytes(ours.recv(4), "big", signed=True)
    except OSError:
        answer = 0
    if answer > 0:
        return Birth(answer, ours)
    ours.close()
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
    return None


def _patient(end: socket.socket, deadline: float) -> None:
    end.settimeout(max(0.001, deadline - time.monotonic()))


def _end(zygote: _Zygote) -> None:
    zygote.process.kill()
    zygote.process.wait()
    zygote.complaints.close()


_Wish = tuple[Callable[[], _Zygote], "Future[_Zygote]"]
_wishes: SimpleQueue[_Wish] = SimpleQueue()


def _in_the_lasting_thread(begin: Callable[[], _Zygote]) -> _Zygote:
    """The kernel takes the thread that starts a process for its parent, and threads may end early."""
    _lasting_thread()
    done: Future[_Zygote] = Future()
    _wishes.put((begin, done))
    return done.result()


@cache
def _lasting_thread() -> threading.Thread:
    thread = threading.Thread(target=_grant, name="nursery", daemon=True)
    thread.start()
    return thread


def _grant() -> None:
    while True:
        try:
            begin, done = _wishes.get(timeout=BURIAL_SECONDS)
        except Empty:
            for each in tuple(_nurseries):
                each.bury()
            continue
        try:
            done.set_result(begin())
        except OSError as error:
            done.set_exception(error)
