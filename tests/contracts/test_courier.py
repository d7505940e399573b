"""ports.Courier: an SMTP server through the adapter, and tests/fakes/courier.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pytest

from intake.adapters.smtp import SmtpSettings, open_courier
from intake.ports import Courier, Deferred, InDoubt, LoginRefused, Refused, Throttled, Unreachable
from tests.fakes.courier import FakePost, Fate
from tests.servers.ports import free_ports
from tests.servers.smtp import FORGET, HANG_UP, Received, SmtpSink, Stage, running_sink

OFFICE, COUNTY = "office@jining.test", "kjj@weishan.test"
LETTER = b"Subject: letter\r\n\r\nletter\r\n"
SECOND = b"Subject: second\r\n\r\nsecond\r\n"

SCRIPT: dict[Fate, tuple[Stage, str]] = {
    Fate.DEFERRED: ("RCPT", "450 4.2.1 later"),
    Fate.REFUSED: ("RCPT", "550 5.1.1 no such user"),
    Fate.THROTTLED: ("MAIL", "450 MI:SFQ"),
    Fate.HANGS_UP_EARLY: ("RCPT", HANG_UP),
    Fate.DEFERRED_LATE: ("DATA", "451 4.3.0 later"),
    Fate.REFUSED_LATE: ("DATA", "554 5.6.0 no"),
    Fate.LOST_TAKEN: ("DATA", HANG_UP),
    Fate.LOST_UNTAKEN: ("DATA", FORGET),
}
"""What makes the real server do the same."""


class Post(Protocol):
    """A server that letters go out through, told what it does with the next one."""

    @property
    def received(self) -> list[Received]: ...

    def fated(self, fate: Fate) -> AbstractContextManager[Courier]: ...


@dataclass
class RealPost:
    """aiosmtpd, scripted; a server that is not there, and one that refuses the login, are other servers."""

    sink: SmtpSink
    guarded: SmtpSink

    @property
    def received(self) -> list[Received]:
        return self.sink.received

    def fated(self, fate: Fate) -> AbstractContextManager[Courier]:
        port, user = self.sink.port, None
        if fate is Fate.UNREACHABLE:
            (port,) = free_ports(1)
        elif fate is Fate.LOGIN_REFUSED:
            port, user = self.guarded.port, "office"
        elif fate in SCRIPT:
            stage, reply = SCRIPT[fate]
            self.sink.say(stage, reply)
        return open_courier(SmtpSettings("127.0.0.1", port, "none", user), "wrong" if user else None)


class ScriptedPost(FakePost):
    def fated(self, fate: Fate) -> AbstractContextManager[Courier]:
        self.fates.append(fate)
        return self.open()


@pytest.fixture(params=["real", "fake"])
def post(request: pytest.FixtureRequest) -> Post:
    made: Post = ScriptedPost() if request.param == "fake" else request.getfixturevalue("real_post")
    return made


@pytest.fixture
def real_post(sink: SmtpSink) -> Iterator[RealPost]:
    with running_sink(login=True) as guarded:
        yield RealPost(sink, guarded)


class Dots:
    """Counts how often the sender was told that the final dot is about to leave."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def failure_of(work: Callable[[], None]) -> type[Exception] | None:
    try:
        work()
    except (Deferred, Refused) as error:
        return type(error)
    return None


EXPECTED: dict[Fate, tuple[type[Exception] | None, int, int]] = {
    Fate.TAKEN: (None, 1, 1),
    Fate.UNREACHABLE: (Unreachable, 0, 0),
    Fate.LOGIN_REFUSED: (LoginRefused, 0, 0),
    Fate.DEFERRED: (Deferred, 0, 0),
    Fate.REFUSED: (Refused, 0, 0),
    Fate.THROTTLED: (Throttled, 0, 0),
    Fate.HANGS_UP_EARLY: (Deferred, 0, 0),
    Fate.DEFERRED_LATE: (Deferred, 1, 0),
    Fate.REFUSED_LATE: (Refused, 1, 0),
    Fate.LOST_TAKEN: (InDoubt, 1, 1),
    Fate.LOST_UNTAKEN: (InDoubt, 1, 0),
}
"""What is raised, how often the dot was announced, how many letters the server has then."""


@pytest.mark.parametrize("fate", Fate)
def test_what_becomes_of_a_letter(post: Post, fate: Fate) -> None:
    error, dots, taken = EXPECTED[fate]
    before_dot = Dots()
    with post.fated(fate) as courier:
        assert failure_of(lambda: courier.send("", [COUNTY], LETTER, before_dot)) is error
    assert before_dot.count == dots
    assert len(post.received) == taken


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate not in (Fate.UNREACHABLE, Fate.LOGIN_REFUSED)])
def test_the_next_letter_goes_out_whatever_became_of_the_first(post: Post, fate: Fate) -> None:
    with post.fated(fate) as courier:
        failure_of(lambda: courier.send("", [COUNTY], LETTER, Dots()))
        before = len(post.received)
        courier.send(OFFICE, [COUNTY], SECOND, Dots())
    assert post.received[before:] == [Received(OFFICE, (COUNTY,), SECOND)]


def test_what_is_raised_before_the_dot_keeps_the_letter_back(post: Post) -> None:
    def stop() -> None:
        raise Deferred("the database is away")

    with post.fated(Fate.TAKEN) as courier:
        with pytest.raises(Deferred, match="the database is away"):
            courier.send("", [COUNTY], LETTER, stop)
        assert post.received == []
        courier.send("", [COUNTY], SECOND, Dots())
    assert [mail.octets for mail in post.received] == [SECOND]
