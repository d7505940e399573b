"""What became of an attempt to send a letter, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240))
"""Waiting time after the first, second, ... attempt; the last one repeats."""

FURTHEST = max(DELAYS) + timedelta(hours=1)
"""No letter is put off for that long: one that seems to be was put off before the clock was set back for hours."""

GIVE_UP_AFTER = 30
"""Attempts; with DELAYS this is about four days, as mail servers do (RFC 5321 section 4.5.4.1)."""

ASK_AGAIN_AFTER = timedelta(minutes=10)
"""Waiting time of a letter whose fate is unknown, before it is sent once more."""

MOST_COPIES = 2
"""What may ever leave of one letter without a known answer: it, and the same octets once more."""

EXAMINE_DELAYS = (timedelta(minutes=1), timedelta(minutes=10))
"""Waiting time after a mail's first and second failed examination; after the third it is parked."""

DEATH_DELAYS = (timedelta(), timedelta(minutes=1))
"""Likewise when the process ended in the middle of it: the first time a power cut is likelier than a bad mail."""

EXAMINATIONS = len(EXAMINE_DELAYS) + 1
"""Examinations of one mail that may come to nothing."""

LONGEST_WAIT = max(*EXAMINE_DELAYS, *DEATH_DELAYS)
"""A mail that is to wait for longer than this was noted by a clock that has been set back since."""

FETCH_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""Waiting time after a mail could not be fetched once, twice, ...; the last one repeats for ever."""

SCAN_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (0, 5, 15, 60, 240, 720))
"""Waiting time before a mail that the scanner did not see is shown to it once more, twice, ...; then no more."""

TOLD_AFTER = 3
"""Failed fetches of a mail after which people are told of it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The server answered 2xx after the final dot."""


@dataclass(frozen=True, slots=True)
class Later:
    """A 4xx or network trouble: due again at `at`, for the recipients `to` (None: for all that it was due for)."""

    at: datetime
    why: str
    to: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Untried:
    """There was no talking to the server at all: due again at `at`, and no attempt is counted."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """No answer after the final dot: sent once more at `at`; None: that was done, and it is never sent again."""

    at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A 5xx, or too many attempts: a person is told."""

    why: str


Outcome: TypeAlias = Sent | Later | Untried | Doubtful | Failed


def after_trouble(attempts: int, now: datetime, why: str) -> Later | Failed:
    """What follows the `attempts`-th (1-based) attempt that ended in 4xx or network trouble."""
    if attempts >= GIVE_UP_AFTER:
        return Failed(why)
    return Later(now + DELAYS[min(attempts, len(DELAYS)) - 1], why)


def after_doubt(doubts: int, now: datetime, why: str) -> Doubtful:
    """What follows when the fate of `doubts` (1 or more) copies of a letter is unknown."""
    return Doubtful(now + ASK_AGAIN_AFTER if doubts < MOST_COPIES else None, why)


def next_examination(attempts: int, now: datetime) -> datetime | None:
    """When a mail whose `attempts`-th (1-based) examination failed is tried again; None: parked."""
    return now + EXAMINE_DELAYS[attempts - 1] if attempts <= len(EXAMINE_DELAYS) else None


def after_deaths(deaths: int, began: datetime, now: datetime) -> datetime | None:
    """Until when a mail waits after `deaths` examinations that never ended, the last begun at `began`; None: due."""
    until = began + DEATH_DELAYS[min(deaths, len(DEATH_DELAYS)) - 1] if deaths else now
    return until if now < until <= now + LONGEST_WAIT else None


def next_scan(tries: int, now: datetime) -> datetime | None:
    """When a mail that the scanner failed at `tries` times is shown to it again; None: a person looks at it."""
    return now + SCAN_DELAYS[tries] if tries < len(SCAN_DELAYS) else None


def next_fetch(attempts: int, now: datetime) -> datetime:
    """When a mail that could not be fetched `attempts` times (1-based) is tried again."""
    return now + FETCH_DELAYS[min(attempts, len(FETCH_DELAYS)) - 1]
