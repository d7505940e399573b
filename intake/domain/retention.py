"""How long what is kept is kept: the classes of mail and letters that go by themselves, and when a notice may go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Terms:
    """Of mail that is none of our business: how long after it was decided its octets and what was in it are kept, and
    how long what its head said. Letters to staff, which tell of such mail, are kept as long as the heads.
    """

    body: timedelta = timedelta(0)
    head: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stock:
    """What is on record of a notice: mails, their files (the mails themselves among them), octets, letters.

    `erased` mails were purged before. It is open until the last deadline of any unit; None when nobody knows.
    `undecided` mails came until then, from anybody; `waiting` are those of the notice, or of none, that wait for a
    person, `owed` its letters that have not left. `unread`: the mailbox was not read since it closed; `unfetched` mails
    of that time are still to be fetched.
    """

    mails: int = 0
    files: int = 0
    octets: int = 0
    letters: int = 0
    erased: int = 0
    open_until: datetime | None = None
    unread: bool = False
    unfetched: int = 0
    undecided: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()


def obstacles(stock: Stock, now: datetime) -> Iterator[str]:
    """Why a notice may not be purged yet, in words for operators."""
    if stock.open_until is not None and now <= stock.open_until:
        yield f"it is open until {stock.open_until.isoformat(timespec='minutes')}"
    elif stock.unread:
        yield "the mailbox was not read since it closed; to do: poll"
    if stock.unfetched:
        yield f"mails that could not be fetched yet: {stock.unfetched}; to do: poll, or see: held"
    if stock.undecided:
        yield f"not decided yet: {_some(stock.undecided)}; to do: poll"
    if stock.waiting:
        yield f"waiting for a person: {_some(stock.waiting)}; to do: held"
    if stock.owed:
        yield f"letters that have not left: {_some(stock.owed)}; to do: poll, or release"


NAMED = 5
"""Of so many it is said which they are."""


def _some(refs: tuple[str, ...]) -> str:
    more = f" and {len(refs) - NAMED} more" if len(refs) > NAMED else ""
    return " ".join(refs[:NAMED]) + more
