"""What is asked of whom until when: Notice, Requirement, Unit and Roster, all of them configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

UnitCode: TypeAlias = str


class Kind(StrEnum):
    """What a material is good for, told from its content."""

    DOCUMENT = "document"
    IMAGE = "image"
    VIDEO = "video"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing a notice asks for.

    `formats` are content formats ("docx", "mp4"), never file name endings. `min_pixels` is width times
    height. `max_seconds` plus `tolerance_seconds` is the longest video that passes.
    """

    key: str
    name: str
    kind: Kind
    formats: tuple[str, ...]
    minimum: int = 1
    min_pixels: int | None = None
    max_seconds: float | None = None
    tolerance_seconds: float = 1.0

    @property
    def accumulates(self) -> bool:
        """Whether files of several mails add up (photos), or a newer one replaces the older (report, video)."""
        return self.kind is Kind.IMAGE


@dataclass(frozen=True, slots=True)
class Notice:
    """What is asked until when. `opens` and `deadline` are aware; mail older than `opens` is not ours.

    `links`: "hold" (staff fetch files that come as links) or "return" (they are asked for as attachments).
    `photos_in_report`: "accept" (photos pasted into the report count) or "ask" (they are asked for as files).
    """

    id: str
    title: str
    short_title: str
    contact_office: str
    contact_phone: str
    opens: datetime
    deadline: datetime
    unit_codes: tuple[UnitCode, ...]
    keywords: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    links: str = "hold"
    photos_in_report: str = "accept"

    def requirement(self, key: str) -> Requirement:
        """The requirement with this key; KeyError when the notice has none."""
        for requirement in self.requirements:
            if requirement.key == key:
                return requirement
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Unit:
    """Who must report. `senders` are exact addresses or "@domain"; `short` is the everyday name."""

    code: UnitCode
    name: str
    short: str
    aliases: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    phone: str = ""

    @property
    def all_names(self) -> tuple[str, ...]:
        return (self.name, self.short, *self.aliases)


@dataclass(frozen=True)
class Roster:
    """The reporting units, in the order in which they are listed everywhere."""

    units: tuple[Unit, ...]
    _by_code: dict[UnitCode, Unit] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {unit.code: unit for unit in self.units})

    def __getitem__(self, code: UnitCode) -> Unit:
        return self._by_code[code]

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def of_sender(self, address: str) -> tuple[Unit, ...]:
        """Units that list this address; an exact entry beats a domain entry."""
        address = address.casefold()
        exact = self._senders.get(address)
        return exact or self._senders.get("@" + address.rpartition("@")[2], ())

    def lists(self, address: str) -> bool:
        """Whether this very address is listed, and not only its domain."""
        return address.casefold() in self._senders

    @cached_property
    def domains(self) -> frozenset[str]:
        """The domains of all senders, in lower case."""
        return frozenset(sender.rpartition("@")[2] for sender in self._senders)

    def named_in(self, text: str) -> frozenset[UnitCode]:
        """Codes of the units that `text` names by full name, short name or alias; no name inside a longer one."""
        found = {match[0] for match in self._any_name.finditer(text)} if self._names else ()
        return frozenset(code for name in found for code in self._names[name])

    def find(self, word: str) -> Unit | None:
        """The unit that staff mean by a code, a full name, a short name or an alias."""
        for unit in self.units:
            if word == unit.code or word in unit.all_names:
                return unit
        return None

    def of(self, codes: Iterable[UnitCode]) -> tuple[Unit, ...]:
        """The units with these codes, in roster order."""
        wanted = set(codes)
        return tuple(unit for unit in self.units if unit.code in wanted)

    @cached_property
    def _senders(self) -> dict[str, tuple[Unit, ...]]:
        listed: dict[str, tuple[Unit, ...]] = {}
        for unit in self.units:
            for sender in unit.senders:
                listed[sender.casefold()] = (*listed.get(sender.casefold(), ()), unit)
        return listed

    @cached_property
    def _names(self) -> dict[str, frozenset[UnitCode]]:
        names: dict[str, frozenset[UnitCode]] = {}
        for unit in self.units:
            for name in filter(None, unit.all_names):
                names[name] = names.get(name, frozenset()) | {unit.code}
        return names

    @cached_property
    def _any_name(self) -> re.Pattern[str]:
        """Any name, the longest first; one that begins or ends with a Latin letter or digit only as a whole word."""
        return re.compile("|".join(_as_word(name) for name in sorted(self._names, key=len, reverse=True)))


def _as_word(name: str) -> str:
    before = "(?<![A-Za-z0-9])" if re.match("[A-Za-z0-9]", name) else ""
    after = "(?![A-Za-z0-9])" if re.search("[A-Za-z0-9]$", name) else ""
    return before + re.escape(name) + after
