"""ports.Courier in memory: a server that takes letters, defers, refuses or hangs up, before or after the final dot."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from intake.ports import BeforeDot, Deferred, InDoubt, LoginRefused, Refused, Throttled, Unreachable
from tests.servers.smtp import Received

Step = Literal["smtp connect", "smtp before dot", "smtp after dot"]


class Fate(StrEnum):
    """What the server does with the next letter."""

    TAKEN = "250 after the final dot"
    UNREACHABLE = "no connection"
    LOGIN_REFUSED = "535 to AUTH"
    DEFERRED = "450 to RCPT"
    REFUSED = "550 to RCPT"
    THROTTLED = "450 MI:SFQ to MAIL"
    HANGS_UP_EARLY = "connection lost before the final dot"
    DEFERRED_LATE = "451 after the final dot"
    REFUSED_LATE = "554 after the final dot"
    LOST_UNTAKEN = "connection lost after the final dot, letter not kept"
    LOST_TAKEN = "connection lost after the final dot, letter kept"


_BEFORE_DOT: dict[Fate, type[Exception]] = {
    Fate.DEFERRED: Deferred,
    Fate.REFUSED: Refused,
    Fate.THROTTLED: Throttled,
    Fate.HANGS_UP_EARLY: Deferred,
}
_AFTER_DOT: dict[Fate, type[Exception]] = {
    Fate.DEFERRED_LATE: Deferred,
    Fate.REFUSED_LATE: Refused,
    Fate.LOST_UNTAKEN: InDoubt,
    Fate.LOST_TAKEN: InDoubt,
}


@dataclass
class FakePost:
    """A mail server that letters go out through. `received` is what it has taken; `fates` are those of the next."""

    received: list[Received] = field(default_factory=list)
    fates: deque[Fate] = field(default_factory=deque)
    between: Callable[[Step], None] = lambda _step: None
    connections: int = 0

    @contextmanager
    def open(self) -> Iterator[FakeCourier]:
        """Implements ports.OpenCourier."""
        yield FakeCourier(self)


class FakeCourier:
    """Implements ports.Courier on a FakePost. Connects when the first letter is sent, and again when it was cut off."""

    def __init__(self, post: FakePost) -> None:
        self._post = post
        self._connected = False

    def send(self, envelope_from: str, to: Iterable[str], octets: bytes, before_dot: BeforeDot) -> None:
        fate = self._post.fates.popleft() if self._post.fates else Fate.TAKEN
        self._connect(fate)
        self._post.between("smtp before dot")
        if fate in _BEFORE_DOT:
            self._connected = fate is not Fate.HANGS_UP_EARLY
            raise _BEFORE_DOT[fate](fate)
        before_dot()
        if fate in (Fate.TAKEN, Fate.LOST_TAKEN):
            self._post.received.append(Received(envelope_from, tuple(to), octets))
        self._post.between("smtp after dot")
        if fate in _AFTER_DOT:
            self._connected = fate not in (Fate.LOST_TAKEN, Fate.LOST_UNTAKEN)
            raise _AFTER_DOT[fate](fate)

    def _connect(self, fate: Fate) -> None:
        if self._connected and fate not in (Fate.UNREACHABLE, Fate.LOGIN_REFUSED):
            return
        self._connected = False
        self._post.between("smtp connect")
        if fate is Fate.UNREACHABLE:
            raise Unreachable(fate)
        if fate is Fate.LOGIN_REFUSED:
            raise LoginRefused(fate)
        self._post.connections += 1
        self._connected = True
