"""The process that children are born from: it has loaded what they need, and never reads a foreign octet.

For each request it forks one child, which locks itself in, says that it is ready, does its errand and ends: nothing of
one file reaches the next. It has no secrets, no environment, no descriptor of ours but one socket, and no thread but
one, so that forking is safe. What is heavy it loads while nobody asks; when nobody has asked for long, it leaves.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from fcntl import F_DUPFD, fcntl
from types import ModuleType
from typing import Final, NoReturn

from intake.adapters.sandbox.confinement import (
    IF_THE_KERNEL_CAN,
    Limits,
    Rule,
    confine,
    die_with_parent,
    lower,
    readable,
    renounce_privileges,
)
from intake.adapters.sandbox.inside import BROKEN_INSTALLATION, READY, WORDS_CAP, WORLD_FAILED, Errand, tell
from intake.ports import Deferred

REQUEST_CAP: Final = 1 << 10
HANDED_OVER: Final = 5
"""Descriptors that come with a request: lifeline, file, complaints, answer, desk."""
IDLE_SECONDS: Final = 300

_CONTROL: Final = 0
_FILE, _OUT, _COMPLAINTS, _ANSWER, _DESK, _BEYOND = range(6)
_ASIDE: Final = 200
_HIGHEST: Final = 1024
"""Descriptors of a zygote lie below; what a newborn child gets is laid aside above `_ASIDE` and then in its place."""
_NO_LIMITS: Final = Limits(0, 0, 0)


def main(worker: str) -> None:
    """Serve requests for children that do what the module `worker` does, until nobody is there to ask."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # meant for our parent, which will let us end
        signal.signal(number, signal.SIG_IGN)
    die_with_parent(_NO_LIMITS)
    lower(resource.RLIMIT_NOFILE, _HIGHEST)
    _Zygote(importlib.import_module(worker)).serve()


class _Zygote:
    def __init__(self, worker: ModuleType) -> None:
        self._worker = worker
        self._to_load: list[str] = list(getattr(worker, "PRELOADED", ()))
        readable()  # found once, for all children
        self._possible = tuple(rule for rule in IF_THE_KERNEL_CAN if _works(rule))
        self._control = socket.socket(fileno=_CONTROL)
        self._children: dict[int, tuple[socket.socket, int]] = {}
        self._asked = True
        self._poll = select.poll()
        self._poll.register(_CONTROL, select.POLLIN)

    def serve(self) -> None:
        while self._asked or self._children:
            events = self._poll.poll(self._patience())
            if not events and not self._to_load:
                return
            if not events:
                _load(self._to_load.pop(0))
            for descriptor, _what in events:
                if descriptor == _CONTROL:
                    self._request()
                else:
                    self._let_go(descriptor)

    def _patience(self) -> int | None:
        """Milliseconds."""
        if self._to_load:
            return 0
        return None if self._children else IDLE_SECONDS * 1000

    def _request(self) -> None:
        octets, descriptors, _flags, _address = socket.recv_fds(self._control, REQUEST_CAP, HANDED_OVER)
        if len(descriptors) != HANDED_OVER:  # the parent has gone, or goes to another zygote from now on
            self._asked = False
            self._poll.unregister(_CONTROL)
            return
        lifeline, *handed = descriptors
        self._bear(socket.socket(fileno=lifeline), handed, Limits(*json.loads(octets)))
        for descriptor in handed:
            os.close(descriptor)

    def _bear(self, lifeline: socket.socket, handed: list[int], limits: Limits) -> None:
        gc.freeze()
        try:
            child = os.fork()
        except OSError as error:
            _say(lifeline, -(error.errno or 1))
            lifeline.close()
            return
        if not child:
            _live(self._worker, handed, limits, self._possible)
        self._children[lifeline.fileno()] = lifeline, child
        self._poll.register(lifeline, select.POLLIN)
        _say(lifeline, child)

    def _let_go(self, descriptor: int) -> None:
        """The parent has heard enough of a child, or is no more."""
        self._poll.unregister(descriptor)
        lifeline, child = self._children.pop(descriptor)
        for end in (os.killpg, os.kill):  # the second for one that has no session yet
            with suppress(ProcessLookupError):
                end(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        _say(lifeline, os.waitstatus_to_exitcode(status))
        lifeline.close()


def _live(worker: ModuleType, handed: list[int], limits: Limits, possible: tuple[Rule, ...]) -> NoReturn:
    """The life of a child. What it holds open closes with its end and no sooner: so the parent knows that it ends."""
    status = 1
    try:
        os.setsid()
        _arrange(handed)
        confine(limits, possible)
        errand = _sent(borrows=getattr(worker, "BORROWS", False))
        worker.main(errand)
        errand.answer.flush()
        status = os.EX_OK
    except ImportError as error:
        print(error, file=sys.stderr)
        status = BROKEN_INSTALLATION
    except Deferred as error:
        print(error, file=sys.stderr)
        status = WORLD_FAILED
    except BaseException:  # noqa: BLE001 - nothing may climb back into the zygote's own code
        traceback.print_exc()
    finally:
        os._exit(status)


def _sent(*, borrows: bool) -> Errand:
    desk = socket.socket(fileno=_DESK)
    words = tuple(map(str, json.loads(os.read(_DESK, WORDS_CAP))))
    if not borrows:
        desk.close()
    errand = Errand(words, os.fdopen(_FILE, "rb"), os.fdopen(_ANSWER, "wb"), desk)
    tell(errand.answer, READY)
    return errand


def _arrange(handed: list[int]) -> None:
    """Put what was handed over in its place, and close everything else."""
    file, complaints, answer, desk = (fcntl(descriptor, F_DUPFD, _ASIDE) for descriptor in handed)
    places = {_FILE: file, _OUT: complaints, _COMPLAINTS: complaints, _ANSWER: answer, _DESK: desk}
    for place, descriptor in places.items():
        os.dup2(descriptor, place, inheritable=False)
    os.closerange(_BEYOND, _HIGHEST)


def _works(rule: Rule) -> bool:
    """Whether the kernel, and what is around us, lets a child do this: tried, because it cannot be asked."""
    child = os.fork()
    if not child:
        try:
            renounce_privileges(_NO_LIMITS)
            rule(_NO_LIMITS)
        except OSError:
            os._exit(1)
        os._exit(os.EX_OK)
    return os.waitpid(child, 0)[1] == os.EX_OK


def _load(module: str) -> None:
    """What cannot be loaded, for whatever reason, the child that needs it says."""
    with suppress(Exception):
        importlib.import_module(module)


def _say(lifeline: socket.socket, number: int) -> None:
    with suppress(OSError):  # nobody listens any more
        lifeline.send(number.to_bytes(4, "big", signed=True))
