"""The courier against Postfix's smtp-sink, which fails as real servers do: refusals, 421, hang-ups, slowness."""

from __future__ import annotations

import os
import time

import pytest

from intake.adapters.smtp import SmtpSettings, open_courier
from intake.ports import Deferred, InDoubt, Refused, Throttled, Unreachable
from tests.servers import postfix
from tests.servers.postfix import PostfixSink, running_postfix_sink

pytestmark = pytest.mark.server

OFFICE, COUNTY = "office@jining.test", "kjj@weishan.test"
LETTER = b"Subject: x\r\n\r\n.\r\n" + b"line\r\n" * 1000


@pytest.fixture(autouse=True)
def needed() -> None:
    """Without Debian's postfix the tests are skipped, or fail where servers are a must."""
    if not postfix.installed():
        missing = "NO SMTP-SINK: install postfix, letters are sent to our own servers only without it"
        if os.environ.get("INTAKE_REQUIRE_SERVERS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)


class Outcome:
    """What became of sending a letter, and whether its final dot was about to leave."""

    def __init__(self, sink: PostfixSink, seconds: float = 10.0, times: int = 1) -> None:
        self.dots = 0
        self.failures: list[Exception] = []
        settings = SmtpSettings("127.0.0.1", sink.port, "none", None, None, None, seconds, seconds, seconds)
        with open_courier(settings, None) as courier:
            for _ in range(times):
                try:
                    courier.send(OFFICE, [COUNTY], LETTER, self._dotted)
                except (Deferred, Refused) as error:
                    self.failures.append(error)

    def _dotted(self) -> None:
        self.dots += 1

    @property
    def kinds(self) -> list[type[Exception]]:
        return [type(each) for each in self.failures]


def test_letters_arrive() -> None:
    with running_postfix_sink() as sink:
        outcome = Outcome(sink, times=3)
        assert (outcome.kinds, outcome.dots, sink.taken) == ([], 3, 3)


EXPECTED = [
    ("-r", "CONNECT", Unreachable, 0),
    ("-r", "MAIL", Deferred, 0),
    ("-r", "RCPT", Deferred, 0),
    ("-r", "DATA", Deferred, 0),
    ("-r", ".", Deferred, 1),
    ("-f", "CONNECT", Unreachable, 0),
    ("-f", "MAIL", Throttled, 0),
    ("-f", "RCPT", Refused, 0),
    ("-f", "DATA", Refused, 0),
    ("-f", ".", Refused, 1),
    ("-Q", "EHLO", Unreachable, 0),
    ("-Q", "MAIL", Deferred, 0),
    ("-Q", "RCPT", Deferred, 0),
    ("-Q", "DATA", Deferred, 0),
    ("-Q", ".", Deferred, 1),
    ("-q", "CONNECT", Unreachable, 0),
    ("-q", "EHLO", Unreachable, 0),
    ("-q", "MAIL", Deferred, 0),
    ("-q", "RCPT", Deferred, 0),
    ("-q", "DATA", Deferred, 0),
    ("-q", ".", InDoubt, 1),
]


@pytest.mark.parametrize(("option", "command", "failure", "dots"), EXPECTED)
def test_what_fails_where(option: str, command: str, failure: type[Exception], dots: int) -> None:
    with running_postfix_sink(option, command) as sink:
        outcome = Outcome(sink)
        assert (outcome.kinds, outcome.dots) == ([failure], dots)


@pytest.mark.parametrize("command", ["NOOP", "RSET", "QUIT"])
@pytest.mark.parametrize("option", ["-r", "-f", "-Q", "-q"])
def test_trouble_between_letters(option: str, command: str) -> None:
    with running_postfix_sink(option, command) as sink:
        outcome = Outcome(sink, times=3)
        assert (outcome.kinds, outcome.dots, sink.taken) == ([], 3, 3)


def test_a_refusal_before_the_dot_is_heard() -> None:
    """It reads no further than DATA, says 550 and hangs up."""
    with running_postfix_sink("-A", "0") as sink:
        outcome = Outcome(sink)
        assert isinstance(outcome.failures[0], Refused | Deferred)
        assert not isinstance(outcome.failures[0], InDoubt)


def test_slowness_is_borne_up_to_the_limit() -> None:
    with running_postfix_sink("-w", "1") as sink:
        started = time.monotonic()
        assert Outcome(sink, seconds=20).kinds == []
        assert time.monotonic() - started >= 1
        assert Outcome(sink, seconds=0.3).kinds == [Deferred], "it is DATA that is slow: no letter is there yet"
