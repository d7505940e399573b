"""Stage 3, deliver: due letters, oldest first, over one SMTP connection.

At least once: a crash between the server's 250 and our commit sends the same octets with the same
Message-ID again, never another letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intake import journal
from intake.domain.outcome import DELAYS, Failed, Outcome, Sent, Untried, after_trouble
from intake.ports import Clock, Courier, Deferred, DueLetter, OpenCourier, Records, Refused, Unreachable


@dataclass(frozen=True, slots=True)
class Post:
    """What deliver works with."""

    open_courier: OpenCourier
    records: Records
    clock: Clock
    stopping: Callable[[], bool] = lambda: False


def deliver(post: Post) -> int:
    """Send every letter that is due; how many were sent. Deferred when the server cannot be reached."""
    sent = 0
    with post.records.outbox() as outbox:
        letters = outbox.due(post.clock())
    if not letters:
        return 0
    with post.open_courier() as courier:
        for letter in letters:
            if post.stopping():
                break
            outcome = attempt(courier, letter, post.clock)
            with post.records.outbox() as outbox:
                outbox.settle(letter, outcome, post.clock())
            _tell(letter, outcome)
            sent += isinstance(outcome, Sent)
            if isinstance(outcome, Untried):
                raise Deferred(outcome.why)
    return sent


def attempt(courier: Courier, letter: DueLetter, clock: Clock) -> Outcome:
    """Try one letter: what became of it."""
    try:
        courier.send(letter.envelope_from, letter.envelope_to, letter.octets)
    except Unreachable as error:
        return Untried(clock() + DELAYS[0], str(error))
    except Deferred as error:
        return after_trouble(letter.attempts + 1, clock(), str(error))
    except Refused as error:
        return Failed(str(error))
    return Sent()


def _tell(letter: DueLetter, outcome: Outcome) -> None:
    if isinstance(outcome, Sent):
        journal.sent(letter.ref)
    else:
        journal.not_sent(letter.ref, type(outcome).__name__.lower(), outcome.why)
