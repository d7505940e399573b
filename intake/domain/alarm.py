"""What operators are warned of: when an alarm is raised, how long it stands, and when they are reminded.

Pure: the records' vital signs and the alarms that stand go in, what changes comes out. Nothing here trusts a
difference of two times alone: a clock that jumps while all is well raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import TypeAlias

from intake.domain.vitals import IN_A_ROW, Streak, Vitals

Facts: TypeAlias = Mapping[str, object]
"""What the words of an alarm need, as JSON can keep it; `since` is an ISO 8601 instant."""

REFUSED_IN_A_ROW = 5
"""Letters refused for good, one after another, with none sent in between: it is not about one recipient."""
ONE_LETTER = 6
"""One letter alone that does not get through may be its recipient's trouble: it is given so many times as long."""
CALM = timedelta(minutes=15)
"""How long nothing may be amiss before the all-clear: what comes and goes is one trouble, not many."""
LONGEST_LOOK = timedelta(minutes=5)
"""From one look to the next counts as calm at most so long, whatever the clock says."""
ROOMY = 1.2
"""Free space, in reserves, that ends an alarm about it: at the very limit it would come and go."""


class Trouble(StrEnum):
    """The alarms there are."""

    POLLING = "polling"
    LOGIN_IMAP = "login-imap"
    LOGIN_SMTP = "login-smtp"
    SENDING = "sending"
    DISK = "disk"
    PARKED = "parked"
    POSTPONED = "postponed"
    EXAMINING = "examining"
    CRASHING = "crashing"
    LOST = "lost"
    HELD = "held"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Rules:
    """How long mail may fail to come in, and letters to go out, before it is an alarm."""

    polling: timedelta = timedelta(minutes=15)
    sending: timedelta = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: what raises it, what keeps one that stands from being over, and how grave it is: when that grows it
    is raised again."""

    name: Trouble
    raised: Callable[[Vitals, Rules], Facts | None]
    lingers: Callable[[Vitals], bool]
    gravity: Callable[[Facts], int] = lambda _facts: 0


def _told(streak: Streak) -> Facts:
    since = streak.since.isoformat() if streak.since else None
    return {"count": streak.count, "since": since, "error": streak.error}


def _polling(vitals: Vitals, rules: Rules) -> Facts | None:
    if _login_speaks("imap", vitals) or not vitals.polls.lasts(vitals.now, rules.polling):
        return None
    return _told(vitals.polls)


def _login_speaks(server: str, vitals: Vitals) -> bool:
    """Whether the trouble is told as refused logins, or may be soon: one that is long over explains nothing."""
    wait = vitals.refusing(server)
    return wait is not None and (wait.failures >= IN_A_ROW or wait.holds(vitals.now))


def _login(server: str) -> Callable[[Vitals, Rules], Facts | None]:
    def raised(vitals: Vitals, _rules: Rules) -> Facts | None:
        wait = vitals.refusing(server)
        if wait is None or wait.failures < IN_A_ROW:
            return None
        return {"count": wait.failures, "refusal": wait.refusal, "until": wait.until.isoformat(), "error": wait.error}

    return raised


def _sending(vitals: Vitals, rules: Rules) -> Facts | None:
    stuck = vitals.stuck
    if _login_speaks("smtp", vitals):
        return None
    waited = stuck.streak.lasts(vitals.now, rules.sending * (1 if stuck.general else ONE_LETTER))
    if not waited and stuck.refused < REFUSED_IN_A_ROW:
        return None
    return {**_told(stuck.streak), "letters": stuck.letters, "refused": stuck.refused}


def _disk(vitals: Vitals, _rules: Rules) -> Facts | None:
    if not vitals.disk_error and vitals.free_bytes >= vitals.reserve:
        return None
    return {"free_bytes": vitals.free_bytes, "reserve": vitals.reserve, "error": vitals.disk_error}


def _refs(refs: Sequence[str]) -> Facts | None:
    return {"count": len(refs), "refs": list(refs[:5])} if refs else None


def _parked(vitals: Vitals, _rules: Rules) -> Facts | None:
    return _refs(vitals.parked)


def _lost(vitals: Vitals, _rules: Rules) -> Facts | None:
    return _refs(vitals.lost)


def _digest(vitals: Vitals, _rules: Rules) -> Facts | None:
    found = _refs(vitals.digests)
    return {**found, "error": vitals.digest_error} if found else None


HOLDING = ("address-day", "strangers-day", "all-day")
"""The rules that hold answers, by how many they concern."""


def _held(vitals: Vitals, _rules: Rules) -> Facts | None:
    """The gravest rule that holds any answer, with its answers first."""
    by_gravity = sorted(vitals.held, key=_gravity_of, reverse=True)
    found = _refs([ref for rule in by_gravity for ref in vitals.held[rule]])
    return {**found, "rule": by_gravity[0]} if found else None


def _gravity_of(rule: object) -> int:
    return HOLDING.index(rule) if rule in HOLDING else -1


def _examining(vitals: Vitals, rules: Rules) -> Facts | None:
    if not vitals.examinations.lasts(vitals.now, rules.polling):
        return None
    return {**_told(vitals.examinations), "backlog": vitals.backlog}


def _crashing(vitals: Vitals, rules: Rules) -> Facts | None:
    """A poll that crashes is a poll that failed, and no second alarm."""
    for job, crashes in vitals.crashes.items():
        if job != "poll" and crashes.lasts(vitals.now, rules.polling):
            return {**_told(crashes), "job": job}
    return None


def _postponed(vitals: Vitals, _rules: Rules) -> Facts | None:
    return _told(vitals.postponed) if vitals.postponed.count else None


ALARMS = (
    Alarm(Trouble.POLLING, _polling, lambda vitals: vitals.polls.count > 0),
    Alarm(Trouble.LOGIN_IMAP, _login("imap"), lambda vitals: vitals.refusing("imap") is not None),
    Alarm(Trouble.LOGIN_SMTP, _login("smtp"), lambda vitals: vitals.refusing("smtp") is not None),
    Alarm(Trouble.SENDING, _sending, lambda vitals: vitals.stuck.general or vitals.stuck.refused > 0),
    Alarm(Trouble.DISK, _disk, lambda vitals: vitals.free_bytes < vitals.reserve * ROOMY),
    Alarm(Trouble.PARKED, _parked, lambda vitals: bool(vitals.parked)),
    Alarm(Trouble.POSTPONED, _postponed, lambda vitals: vitals.postponed.count > 0),
    Alarm(Trouble.EXAMINING, _examining, lambda vitals: vitals.examinations.count > 0),
    Alarm(Trouble.CRASHING, _crashing, lambda vitals: any(job != "poll" for job in vitals.crashes)),
    Alarm(Trouble.LOST, _lost, lambda vitals: bool(vitals.lost)),
    Alarm(Trouble.HELD, _held, lambda vitals: bool(vitals.held), lambda facts: _gravity_of(facts["rule"])),
    Alarm(Trouble.DIGEST, _digest, lambda vitals: bool(vitals.digests)),
)


def troubles(vitals: Vitals, rules: Rules) -> dict[Trouble, Facts]:
    """What is amiss now, whether or not an alarm about it stands."""
    found = ((alarm.name, alarm.raised(vitals, rules)) for alarm in ALARMS)
    return {name: facts for name, facts in found if facts is not None}


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm on record. `raised_at` is None when it does not stand; `times` counts how often it was raised, also
    while it stood already.

    `calm` is how long nothing has been amiss, and `seen_at` when that was last looked at.
    """

    name: Trouble
    raised_at: datetime | None = None
    times: int = 0
    facts: Facts = field(default_factory=dict)
    calm: timedelta = timedelta(0)
    seen_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.raised_at is not None


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look changes: alarms that are new, alarms that are over (as they stood), and all rows to be kept."""

    raised: tuple[Standing, ...]
    cleared: tuple[Standing, ...]
    kept: tuple[Standing, ...]


def changes(vitals: Vitals, known: Iterable[Standing], rules: Rules) -> Changes:
    """What to raise and what to clear, given the alarms on record."""
    before = {each.name: each for each in known}
    amiss = troubles(vitals, rules)
    raised, cleared, kept = [], [], []
    for alarm in ALARMS:
        was = before.get(alarm.name, Standing(alarm.name))
        now = _after(was, alarm, vitals, amiss.get(alarm.name))
        if now.times > was.times:
            raised.append(now)
        if was.stands and not now.stands:
            cleared.append(was)
        if now != was:
            kept.append(now)
    return Changes(tuple(raised), tuple(cleared), tuple(kept))


def _after(was: Standing, alarm: Alarm, vitals: Vitals, facts: Facts | None) -> Standing:
    now = vitals.now
    graver = was.stands and facts is not None and alarm.gravity(facts) > alarm.gravity(was.facts)
    if facts is not None and (graver or not was.stands):
        return Standing(alarm.name, now, was.times + 1, facts)
    if not was.stands:
        return was
    if facts is not None or alarm.lingers(vitals):
        return replace(was, facts=facts or was.facts, calm=timedelta(0), seen_at=None)
    looked = min(max(now - was.seen_at, timedelta(0)), LONGEST_LOOK) if was.seen_at else timedelta(0)
    if was.calm + looked >= CALM:
        return Standing(alarm.name, None, was.times, was.facts)
    return replace(was, calm=was.calm + looked, seen_at=now)


def reminder_owed(now: datetime, standing: Iterable[Standing], at: time, zone: tzinfo) -> date | None:
    """The local date on which operators are to be reminded of what stands since an earlier date; None: not now."""
    local = now.astimezone(zone)
    if local.time() < at:
        return None
    raised = [each.raised_at.astimezone(zone).date() for each in standing if each.raised_at]
    return local.date() if any(day != local.date() for day in raised) else None


class Tidings(StrEnum):
    """What a letter about alarms says: one was raised, one is over, some still stand."""

    RAISED = "raised"
    CLEARED = "cleared"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A letter to operators about alarms. `key` is unique per raising, clearing and day of a reminder."""

    tidings: Tidings
    alarms: tuple[Standing, ...]
    now: datetime
    key: str


def raising(standing: Standing, now: datetime) -> Bulletin:
    return Bulletin(Tidings.RAISED, (standing,), now, f"alarm:{standing.name}:{standing.times}")


def clearing(standing: Standing, now: datetime) -> Bulletin:
    """All is clear: `standing` is the alarm as it stood."""
    return Bulletin(Tidings.CLEARED, (standing,), now, f"alarm:{standing.name}:{standing.times}:over")


def reminding(standing: Iterable[Standing], now: datetime, day: date) -> Bulletin:
    return Bulletin(Tidings.STANDING, tuple(standing), now, f"alarm:standing:{day.isoformat()}")
