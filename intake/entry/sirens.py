"""Made-up letters about every alarm there is, so that no template is tried for the first time when something burns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from intake.domain.alarm import Bulletin, Facts, Standing, Trouble, clearing, raising, reminding
from intake.domain.patience import Refusal

MORE_THAN_A_DAY = timedelta(days=1, hours=2)


def bulletins(now: datetime) -> Iterator[Bulletin]:
    """Letters about each: raised, over, over by a clock that went back; and a reminder of all."""
    alarms = standing(now)
    for each in alarms:
        yield raising(each, now)
        yield clearing(each, now)
        yield clearing(replace(each, raised_at=now + MORE_THAN_A_DAY), now)
    yield reminding(alarms, now, now.date())


def standing(now: datetime) -> list[Standing]:
    """Every alarm with all that it may tell and with as little as it can."""
    raised_at = now - MORE_THAN_A_DAY
    return [Standing(name, raised_at, 1, facts) for name in Trouble for facts in _facts(name, raised_at)]


def _facts(name: Trouble, at: datetime) -> tuple[Facts, ...]:
    since = at.isoformat()
    streak: Facts = {"count": 9, "since": since, "error": "no route to host"}
    logins = tuple({"count": 3, "refusal": refusal, "until": since, "error": "535"} for refusal in Refusal)
    known: dict[Trouble, tuple[Facts, ...]] = {
        Trouble.POLLING: (streak, {**streak, "error": ""}),
        Trouble.LOGIN_IMAP: logins,
        Trouble.LOGIN_SMTP: logins,
        Trouble.SENDING: (
            {**streak, "letters": 2, "refused": 5},
            {"count": 0, "since": None, "error": "", "letters": 0, "refused": 5},
        ),
        Trouble.DISK: (
            {"free_bytes": 1000, "reserve": 1 << 30, "error": ""},
            {"free_bytes": 0, "reserve": 0, "error": "I/O"},
        ),
        Trouble.PARKED: ({"count": 7, "refs": ["M000001", "M000002"]}, {"count": 1, "refs": ["M000001"]}),
        Trouble.POSTPONED: (streak,),
        Trouble.EXAMINING: ({**streak, "backlog": 3},),
        Trouble.CRASHING: tuple({**streak, "job": job} for job in ("deliver", "summarise", "tend")),
        Trouble.LOST: ({"count": 7, "refs": ["M000001", "M000002"]}, {"count": 1, "refs": ["M000001"]}),
        Trouble.HELD: (
            {"count": 7, "refs": ["L000001", "L000002"], "rule": "all-day"},
            {"count": 1, "refs": ["L000001"], "rule": "address-day"},
            {"count": 1, "refs": ["L000001"], "rule": "strangers-day"},
        ),
        Trouble.DIGEST: (
            {"count": 7, "refs": ["L000001", "L000002"], "error": "550"},
            {"count": 1, "refs": ["L000001"], "error": ""},
        ),
    }
    return known[name]
