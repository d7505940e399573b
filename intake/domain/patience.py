"""How long a server that refused us, or cannot be reached, is left alone. Jitter is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SPREAD = 0.2
"""Jitter makes a pause longer by up to this share, and never shorter."""


class Refusal(StrEnum):
    """Why a login came to nothing: the name or password, the kind of client ("Unsafe Login"), or only not now.

    CLOSED: the login itself was taken, or none was asked for, and behind it nothing is let pass. Or, of a server that
    letters go to: we send too much, or it does not answer when it has a letter.
    """

    CREDENTIALS = "credentials"
    CLIENT = "client"
    CLOSED = "closed"
    TEMPORARY = "temporary"
    RATE = "rate"
    MUTE = "mute"


LOGGING_IN = (Refusal.CREDENTIALS, Refusal.TEMPORARY)
"""What is over when a login is taken. "Unsafe Login" and CLOSED come with the first folder, or with a letter, as do the
others."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Pauses that double from `first` to `longest`."""

    first: timedelta
    longest: timedelta

    def pause(self, failures: int, jitter: float) -> timedelta:
        """The pause after the `failures`-th (1-based) failure in a row; `jitter` lies in [0, 1)."""
        doubled: timedelta = self.first * 2 ** min(failures - 1, 30)
        return min(doubled, self.longest) * (1 + SPREAD * jitter)


PACES = {
    Refusal.CREDENTIALS: Pace(timedelta(minutes=5), timedelta(hours=1)),
    Refusal.CLIENT: Pace(timedelta(minutes=5), timedelta(hours=1)),
    Refusal.CLOSED: Pace(timedelta(minutes=5), timedelta(hours=1)),
    Refusal.TEMPORARY: Pace(timedelta(minutes=1), timedelta(minutes=15)),
    Refusal.RATE: Pace(timedelta(minutes=15), timedelta(hours=1)),
    Refusal.MUTE: Pace(timedelta(minutes=10), timedelta(hours=1)),
}
"""Providers lock an account that keeps asking with a wrong password, and slow down one that asks too often.

NetEase counts mails by the quarter of an hour. A server that is mute makes a letter doubtful each time it is tried.
"""

UNREACHABLE = Pace(timedelta(seconds=5), timedelta(minutes=15))
"""For a server that does not answer."""

_LONGEST = max(pace.longest for pace in PACES.values()) * (1 + SPREAD)


@dataclass(frozen=True, slots=True)
class Wait:
    """A server that refused our login `failures` times in a row, for the same reason, is left alone until `until`.

    `server` is "imap" or "smtp"; `credentials` a keyed hash of what was refused; `error` the last refusal's words.
    """

    server: str
    refusal: Refusal
    failures: int
    until: datetime
    credentials: str
    error: str

    def holds(self, now: datetime) -> bool:
        """Whether the time has not come yet. A wait longer than any pause means that the clock went back."""
        return timedelta(0) < self.until - now <= _LONGEST


def failures_in_row(known: Wait | None, refusal: Refusal, credentials: str) -> int:
    """The number of a refusal: another reason, or other credentials, begin to count anew."""
    same = known is not None and (known.refusal, known.credentials) == (refusal, credentials)
    return known.failures + 1 if known and same else 1
