"""Beside the stages, watch: is anything amiss that operators must know, and is what was amiss over?

One letter when an alarm is raised, one when it is over, one reminder a day while it stands. Letters go into the
outbox like all others; when sending itself is broken they wait there, and the alarm stands in the log, in the
heartbeat and in `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, tzinfo

from intake import journal
from intake.domain.alarm import (
    Bulletin,
    Changes,
    Rules,
    Standing,
    changes,
    clearing,
    raising,
    reminder_owed,
    reminding,
)
from intake.domain.vitals import Streak, Vitals
from intake.ports import Chronicle, Clock, Deferred, Records, Stationery


@dataclass(frozen=True, slots=True)
class Lookout:
    """What watch works with. `room` answers the free octets and those that must stay free; Deferred for a sick disk.

    `at` is the time of day from which operators may be reminded; `crashes` tells which jobs of this process failed for
    a reason of ours.
    """

    records: Records
    stationery: Stationery
    clock: Clock
    zone: tzinfo
    at: time
    rules: Rules
    room: Callable[[], tuple[int, int]]
    crashes: Callable[[], Mapping[str, Streak]] = dict


def watch(lookout: Lookout) -> int:
    """Raise, clear and remind; how many letters were put into the outbox."""
    with lookout.records.chronicle() as chronicle:
        vitals, known = chronicle.vitals(lookout.clock()), chronicle.alarms()
        vitals = replace(with_disk(vitals, lookout.room), crashes=lookout.crashes())
        found = changes(vitals, known, lookout.rules)
        standing = _standing(known, found)
        day = _reminder(lookout, chronicle, vitals.now, standing)
    bulletins = list(_bulletins(vitals, found, standing, day))
    if not found.kept and not bulletins:
        return 0
    drafts = [draft for bulletin in bulletins for draft in lookout.stationery.alarm(bulletin)]
    with lookout.records.alarms() as alarms:
        for each in found.kept:
            alarms.keep(each, vitals.now)
        posted = sum(alarms.post(draft, vitals.now) for draft in drafts)
    _tell(found, standing if day else ())
    return posted


def with_disk(vitals: Vitals, room: Callable[[], tuple[int, int]]) -> Vitals:
    """What the records tell, and what the disk does."""
    try:
        free, reserve = room()
    except Deferred as error:
        return replace(vitals, disk_error=str(error))
    return replace(vitals, free_bytes=free, reserve=reserve)


def _standing(known: tuple[Standing, ...], found: Changes) -> tuple[Standing, ...]:
    """The alarms that stand after this look."""
    now = {each.name: each for each in (*known, *found.kept)}
    return tuple(each for each in now.values() if each.stands)


def _reminder(lookout: Lookout, chronicle: Chronicle, now: datetime, standing: tuple[Standing, ...]) -> date | None:
    """The day on which operators are to be reminded and were not yet."""
    day = reminder_owed(now, standing, lookout.at, lookout.zone)
    if day is None or chronicle.has_letter(reminding(standing, now, day).key):
        return None
    return day


def _bulletins(vitals: Vitals, found: Changes, standing: tuple[Standing, ...], day: date | None) -> Iterator[Bulletin]:
    for each in found.raised:
        yield raising(each, vitals.now)
    for each in found.cleared:
        yield clearing(each, vitals.now)
    if day is not None:
        yield reminding(standing, vitals.now, day)


def _tell(found: Changes, reminded: tuple[Standing, ...]) -> None:
    for each in found.raised:
        journal.alarm_raised(each)
    for each in found.cleared:
        journal.alarm_over(each)
    if reminded:
        journal.alarms_stand(reminded)
