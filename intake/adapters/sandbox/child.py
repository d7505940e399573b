"""One child process per foreign file: hears it out until its time is over, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Final, TypeVar

from intake.adapters.pulse import PULSE
from intake.adapters.sandbox.complaints import Complaints
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.nursery import Birth, nursery

_T = TypeVar("_T")

_BROKEN_INTO: Final = frozenset(
    {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGABRT, -signal.SIGTRAP, -signal.SIGFPE, -signal.SIGSYS}
)
"""Ends that a library's bug may have, and somebody's second attempt at it: memory must not lie where it lay."""
_LAST_SECONDS: Final = 5.0


class OutOfTime(Exception):
    """The child was not done when its wall clock ran out."""


class Orphaned(OSError):
    """Somebody killed the zygote, and with it a child that has done nothing wrong."""


class Child:
    """A child at work. After the block of `started` it has ended: `status` (negative: the signal) and `complaint`."""

    def __init__(self, birth: Birth, answer: int, desk: socket.socket, deadline: float) -> None:
        self.process = birth.process
        self.status = -signal.SIGKILL.value
        self.orphaned = False
        self.complaint = ""
        self._lifeline = birth.lifeline
        self._desk = desk
        self._deadline = deadline
        self._poll = select.poll()
        self._pipe = answer
        self._poll.register(self._pipe, select.POLLIN)

    @property
    def overran(self) -> bool:
        """Whether the limit of processor time has ended the child."""
        return self.status == -signal.SIGXCPU

    @property
    def killed(self) -> bool:
        """Whether it was killed from outside: no limit of its own ends it like this."""
        return self.status == -signal.SIGKILL

    def read(self, most: int = 1 << 18) -> bytes:
        """What the child has written, at least one octet; none at its end. Raises OutOfTime."""
        PULSE.beat()
        left = self._deadline - time.monotonic()
        if left <= 0 or not self._poll.poll(left * 1000):
            raise OutOfTime
        return os.read(self._pipe, most)

    def hand(self, descriptor: int) -> None:
        """Give the child one more descriptor. One that is no longer there is found out by who reads its answer."""
        self._desk.settimeout(max(0.001, self._deadline - time.monotonic()))
        with suppress(OSError):
            socket.send_fds(self._desk, [b"\0"], [descriptor])

    def end(self) -> None:
        """End the child, if it has not ended by itself, and learn how it did."""
        self._lifeline.settimeout(_LAST_SECONDS)
        try:
            self._lifeline.shutdown(socket.SHUT_WR)
            told = self._lifeline.recv(4)
        except OSError:
            told = b""
        self.orphaned = not told
        if told:
            self.status = int.from_bytes(told, "big", signed=True)


@contextmanager
def started(worker: str, file: IO[bytes], words: Iterable[object], limits: Limits) -> Iterator[Child]:
    """A child on an open file: `main` of the module `worker`, with nothing of ours but the file, words and a pipe.

    Raises OSError when there can be no child, and Orphaned, an OSError too, when the zygote was killed meanwhile.
    """
    deadline = time.monotonic() + limits.wall_seconds
    with ExitStack() as stack:
        complaints = stack.enter_context(Complaints())
        answer, theirs = _pipe(stack)
        desk, there = (stack.enter_context(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        desk.send(json.dumps([str(word) for word in words]).encode())
        handed = [file.fileno(), complaints.descriptor, theirs.fileno(), there.fileno()]
        birth = nursery(worker).bear(limits, handed, deadline)
        stack.enter_context(birth.lifeline)
        theirs.close()
        there.close()
        child = Child(birth, answer.fileno(), desk, deadline)
        try:
            yield child
        finally:
            child.end()
            child.complaint = complaints.last()
            if child.status in _BROKEN_INTO:
                nursery(worker).renew()
    if child.orphaned:
        raise Orphaned("the zygote was killed")


def again_if_orphaned(work: Callable[[], _T]) -> _T:
    """Do a work with a child, once more when its zygote was killed."""
    try:
        return work()
    except Orphaned:
        return work()


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Both ends, with as much room between them as an ordinary user gets."""
    ours, theirs = os.pipe()
    reading = stack.enter_context(os.fdopen(ours, "rb", buffering=0))
    writing = stack.enter_context(os.fdopen(theirs, "wb", buffering=0))
    with suppress(OSError):
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, MIB)
    return reading, writing
