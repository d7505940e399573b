"""The vital signs of the service, as the records and the disk tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.domain.patience import Refusal, Wait

IN_A_ROW = 3
"""Failures after which a length of time begins to mean something, and refused logins that are an alarm at once."""
DISLIKE = frozenset({Refusal.CREDENTIALS, Refusal.CLIENT, Refusal.CLOSED})
"""Refusals that stay until a person mends something."""
POSTPONED_ATTEMPTS = 5
"""Attempts to fetch one mail after which operators should know."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Failures since the last success, in the order of the records: how many, since when, the last one's words."""

    count: int = 0
    since: datetime | None = None
    error: str = ""

    def lasts(self, now: datetime, limit: timedelta) -> bool:
        """Whether it goes on for `limit`. When it began in the future the clock went back, and the count decides."""
        if self.since is None or self.count < IN_A_ROW:
            return False
        return not timedelta(0) <= now - self.since < limit


@dataclass(frozen=True, slots=True)
class Stuck:
    """Letters that were put off, with none sent since. `untried`: there was not even a connection for one of them."""

    letters: int = 0
    recipients: int = 0
    untried: bool = False
    streak: Streak = field(default_factory=Streak)
    refused: int = 0
    """Letters refused for good with none sent since."""

    @property
    def general(self) -> bool:
        """Whether it cannot be one recipient's trouble."""
        return self.untried or self.recipients > 1


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the records, the disk and the process itself tell of the service's health. Sizes in octets.

    `examinations` are polls after which mails could not be examined, `backlog` those mails; `crashes` by job.
    `last_poll_at` is when the last poll ended, `under_way` whether one has begun since; `disk_error` says why the
    disk could not be asked.
    """

    now: datetime
    polls: Streak
    stuck: Stuck
    examinations: Streak = field(default_factory=Streak)
    backlog: int = 0
    crashes: Mapping[str, Streak] = field(default_factory=dict)
    waits: tuple[Wait, ...] = ()
    parked: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    """Mails whose stored octets are spoilt and cannot be had again, until a person has settled it."""
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Answers that wait until staff let them go, because too many went out already, by the rule that holds them."""
    digests: tuple[str, ...] = ()
    """Digests that were refused or came back, with none sent to the same reader since."""
    digest_error: str = ""
    postponed: Streak = field(default_factory=Streak)
    free_bytes: int = 0
    reserve: int = 0
    disk_error: str = ""
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    under_way: bool = False

    def refusing(self, server: str) -> Wait | None:
        """The wait for a server that dislikes who or what we are; "only not now" is nothing to mend."""
        found = (wait for wait in self.waits if wait.server == server and wait.refusal in DISLIKE)
        return next(found, None)
