"""Stage 3, deliver: due letters, those that have waited longest first, over one SMTP connection.

Before the final dot of a letter leaves, a doubt is committed; the server's answer takes it back. When none comes,
or the process dies, the same octets go out once more, and never again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from intake import journal
from intake.domain.outcome import (
    DELAYS,
    MOST_COPIES,
    Failed,
    Later,
    Outcome,
    Sent,
    Untried,
    after_doubt,
    after_trouble,
)
from intake.ports import (
    Clock,
    Courier,
    Deferred,
    DueLetter,
    InDoubt,
    OpenCourier,
    Overtaken,
    Owed,
    Records,
    Refused,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class Post:
    """What deliver works with."""

    open_courier: OpenCourier
    records: Records
    clock: Clock
    stopping: Callable[[], bool] = lambda: False


def deliver(post: Post) -> int:
    """Send every letter that is due; how many were sent. Deferred when the server cannot be reached, or is mute."""
    with post.records.outbox() as outbox:
        due = outbox.due(post.clock())
    if not due:
        return 0
    sent = 0
    with post.open_courier() as courier:
        for number in due:
            if post.stopping():
                break
            sent += _deliver(post, courier, number)
    return sent


def _deliver(post: Post, courier: Courier, number: int) -> bool:
    """Try one letter and write down what became of it; whether it was sent.

    Unreachable or InDoubt end the round: the next letter would meet the same.
    """
    with post.records.outbox() as outbox:
        letter = outbox.letter(number, post.clock())
    if letter is None:
        return False
    attempt = Attempt(post, letter)
    try:
        outcome = attempt.made(courier)
    except Overtaken as error:
        journal.overtaken(letter.ref, str(error))
        return False
    with post.records.outbox() as outbox:
        settled = outbox.settle(attempt.letter, outcome, post.clock())
    (journal.settled if settled else journal.settled_elsewhere)(letter.ref, outcome)
    if isinstance(attempt.failure, Unreachable | InDoubt):
        raise attempt.failure
    return isinstance(outcome, Sent)


class Attempt:
    """One letter on its way out: how it stands in the outbox at any moment, and what kept it from being sent."""

    def __init__(self, post: Post, letter: DueLetter) -> None:
        self._post = post
        self.letter = letter
        self.failure: Deferred | Refused | None = None

    def made(self, courier: Courier) -> Outcome:
        """Send it; what became of it. Overtaken when another process sends it."""
        letter, clock = self.letter, self._post.clock
        if letter.doubts >= MOST_COPIES:
            return after_doubt(letter.doubts, clock(), "no answer to the second copy either")
        try:
            courier.send(letter.envelope_from, letter.envelope_to, letter.octets, self._doubt)
        except Overtaken:
            raise
        except (Deferred, Refused) as error:
            self.failure = error
            return _outcome(error, self.letter, clock())
        return Sent()

    def _doubt(self) -> None:
        with self._post.records.outbox() as outbox:
            doubted = outbox.doubt(self.letter, self._post.clock())
        if self.letter.doubts:
            journal.sent_once_more(self.letter.ref)
        self.letter = doubted


def _outcome(error: Deferred | Refused, letter: DueLetter, now: datetime) -> Outcome:
    """What follows from a failure to send."""
    why = str(error)
    match error:
        case Refused():
            return Failed(why)
        case Unreachable():
            return Untried(now + DELAYS[0], why)
        case InDoubt():
            return after_doubt(letter.doubts, now, why)
    later = after_trouble(letter.attempts + 1, now, why)
    return replace(later, to=error.recipients) if isinstance(error, Owed) and isinstance(later, Later) else later
