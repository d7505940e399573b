"""What a unit has handed in for a notice so far: entries of many mails, read as one checklist.

Nothing is ever removed. Which entries count is worked out anew from all of them: a newer valid one
replaces the older, an invalid one displaces nothing, and a claimed one never stands over a trusted one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intake.domain.identity import Tier
from intake.domain.notice import Notice, Requirement


class EntryState(StrEnum):
    OK = "ok"
    HELD = "held"
    FAULTY = "faulty"


class ItemState(StrEnum):
    OK = "ok"
    MISSING = "missing"
    HELD = "held"
    FAULTY = "faulty"


class UnitState(StrEnum):
    """HELD: something waits for a person. PARTIAL: something came, not all of it counts. MISSING: nothing came."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    HELD = "held"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Entry:
    """One material (or link, then without sha256) handed in for one requirement. `order` is the number of its mail.

    `inside` is 0 for the thing itself, else how many photos a document carries in its pages.
    """

    requirement: str
    state: EntryState
    tier: Tier
    sender: str
    received_at: datetime
    order: int
    mail_ref: str = ""
    sha256: str | None = None
    origin: str = ""
    size: int = 0
    format: str = ""
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    inside: int = 0

    @property
    def place(self) -> tuple[datetime, int]:
        """Its place in time: numbers follow the order in which mails could be fetched, which may be another."""
        return self.received_at, self.order


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist. `entries` are those that count now, oldest first."""

    requirement: Requirement
    state: ItemState
    entries: tuple[Entry, ...]

    @property
    def count(self) -> int:
        """How many there are: files, or the photos inside a document."""
        return sum(entry.inside or 1 for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Checklist:
    """All requirements of a notice against what one unit handed in. `tier` is None while nothing came."""

    items: tuple[Item, ...]
    state: UnitState
    tier: Tier | None
    late: bool

    def item(self, key: str) -> Item:
        """The line of the requirement with this key; KeyError when there is none."""
        for item in self.items:
            if item.requirement.key == key:
                return item
        raise KeyError(key)

    @property
    def open_items(self) -> tuple[Item, ...]:
        """What is still to come: neither counted nor waiting for a person."""
        return tuple(item for item in self.items if item.state in (ItemState.MISSING, ItemState.FAULTY))

    @property
    def held_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.state is ItemState.HELD)


def checklist(notice: Notice, entries: Iterable[Entry], deadline: datetime, waiting: bool = False) -> Checklist:
    """Read `entries` as a checklist. `waiting`: a held mail of the unit waits for a person."""
    ordered = sorted(entries, key=lambda entry: (entry.place, entry.tier, entry.origin, entry.sha256 or ""))
    items = tuple(
        _item(requirement, [entry for entry in ordered if entry.requirement == requirement.key])
        for requirement in notice.requirements
    )
    counted = [entry for item in items for entry in item.entries]
    return Checklist(
        items=items,
        state=_unit_state(items, anything=bool(ordered), waiting=waiting),
        tier=_tier(counted or ordered),
        late=any(entry.received_at > deadline for entry in counted),
    )


def _item(requirement: Requirement, entries: Sequence[Entry]) -> Item:
    trusted = [entry for entry in entries if entry.tier.trusted]
    claimed = [entry for entry in entries if not entry.tier.trusted]
    standing = trusted if any(entry.state is not EntryState.FAULTY for entry in trusted) else claimed
    counted = _counted(requirement, [entry for entry in standing if entry.state is EntryState.OK])
    if Item(requirement, ItemState.OK, counted).count >= requirement.minimum:
        return Item(requirement, ItemState.OK, counted)
    states = {entry.state for entry in (trusted or claimed)}
    if EntryState.HELD in states:
        return Item(requirement, ItemState.HELD, counted)
    return Item(requirement, ItemState.FAULTY if EntryState.FAULTY in states else ItemState.MISSING, counted)


def _counted(requirement: Requirement, valid: Sequence[Entry]) -> tuple[Entry, ...]:
    """Photos add up, each content once; of anything else the newest mail that brought enough replaces the rest.

    Photos inside a document stand in only while none came as a file; then those of the newest document.
    """
    if requirement.accumulates:
        files = [entry for entry in valid if not entry.inside] or valid[-1:]
        first = {entry.sha256 or (entry.mail_ref, entry.origin): entry for entry in reversed(files)}
        return tuple(first.values())[::-1]
    for place in sorted({entry.place for entry in valid}, reverse=True):
        newest = tuple(entry for entry in valid if entry.place == place)
        if len(newest) >= requirement.minimum:
            return newest
    return tuple(valid)


def _unit_state(items: Sequence[Item], *, anything: bool, waiting: bool) -> UnitState:
    states = {item.state for item in items}
    if states <= {ItemState.OK}:
        return UnitState.COMPLETE
    if ItemState.HELD in states or waiting:
        return UnitState.HELD
    return UnitState.PARTIAL if anything else UnitState.MISSING


def _tier(entries: Sequence[Entry]) -> Tier | None:
    """The weakest link: one claimed entry leaves the whole to be confirmed."""
    tiers = {entry.tier for entry in entries}
    for tier in (Tier.REFUTED, Tier.CLAIMED, Tier.UNKNOWN, Tier.THREAD, Tier.KNOWN, Tier.CONFIRMED):
        if tier in tiers:
            return tier
    return None
