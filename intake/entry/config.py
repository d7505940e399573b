"""The configuration folder, read once, typed, with every problem of every file reported at once.

msgspec checks one value at a time (its own decoder stops at the first fault), so that a person mends a
configuration in one go. Unknown keys are errors: they are typing mistakes. Secrets never stand here; they
come from the environment, or from a file that the environment names.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from intake.entry.schema import NoticeEntry, RequirementEntry, Site, UnitEntry

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ConfigError(Exception):
    """The configuration cannot be used. `problems` are lines: file, key, what is wrong, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Config(Struct, frozen=True):
    """All files of a configuration folder, checked one by one and against one another."""

    folder: Path
    site: Site
    units: list[UnitEntry]
    notices: list[NoticeEntry]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.timezone)

    @property
    def digest_at(self) -> time:
        return time.fromisoformat(self.site.schedule.digest_at)

    def path(self, text: str) -> Path:
        """A path of the configuration; a relative one is relative to its folder."""
        return self.folder / text

    @property
    def database_url(self) -> str:
        """The database URL with a relative SQLite path made absolute."""
        prefix = "sqlite:///"
        url = self.site.storage.database
        is_relative = url.startswith(prefix) and not url.startswith(prefix + "/")
        return prefix + str(self.path(url.removeprefix(prefix)).resolve()) if is_relative else url


class _Problems:
    """Collects problems while values are taken out of one file."""

    def __init__(self, file: str, found: list[str]) -> None:
        self.file = file
        self.found = found

    def add(self, key: str, what: str) -> None:
        self.found.append(f"{self.file}: {key}: {what}")

    def struct(self, kind: type[Struct], table: Any, at: str) -> dict[str, Any]:
        """The checked values of a table by attribute name; those with problems are left out."""
        if not isinstance(table, Mapping):
            self.add(at.rstrip(".") or "(file)", f"expected a table, got {_shown(table)}")
            return {}
        known = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        for key in table:
            if key not in known:
                self.add(at + key, f"unknown key; known here are {', '.join(known)}")
        values: dict[str, Any] = {}
        for key, each in known.items():
            if key in table:
                self._value(values, each, table[key], at + key)
            elif each.required:
                self.add(at + key, f"missing; needed is {_allowed(each.type)}")
        return values

    def _value(self, values: dict[str, Any], each: msgspec.structs.FieldInfo, raw: Any, at: str) -> None:
        if isinstance(each.type, type) and issubclass(each.type, Struct):
            before = len(self.found)
            inner = self.struct(each.type, raw, at + ".")
            if len(self.found) == before:
                values[each.name] = each.type(**inner)
        elif each.type == list[RequirementEntry]:
            values[each.name] = self.structs(RequirementEntry, raw, at)
        else:
            try:
                values[each.name] = msgspec.convert(raw, each.type)
            except msgspec.ValidationError:
                self.add(at, f"{_shown(raw)} is not allowed; allowed is {_allowed(each.type)}")

    def structs(self, kind: type[Struct], raw: Any, at: str) -> list[Any]:
        """The checked tables of an array of tables; those with problems are left out."""
        if not isinstance(raw, list) or not raw:
            self.add(at, f"missing; needed is at least one [[{at}]]")
            return []
        good = []
        for number, table in enumerate(raw, start=1):
            before = len(self.found)
            values = self.struct(kind, table, f"{at}[{number}].")
            if len(self.found) == before:
                good.append(kind(**values))
        return good


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _allowed(kind: Any) -> str:
    """What a type allows, in words."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.description:
            return meta.description
    for inner in getattr(kind, "__args__", ()):
        words = _allowed(inner)
        if words != "a value":
            return words
    return {str: "a text", int: "a whole number", bool: "true or false"}.get(kind, "a value")


def load(folder: Path) -> Config:
    """Read a configuration folder; ConfigError with all problems when anything is wrong."""
    folder = folder.resolve()
    found: list[str] = []
    if not folder.is_dir():
        raise ConfigError([f"{folder}: no such folder; --config DIR names the folder that holds intake.toml"])
    site = _file(Site, folder, "intake.toml", found)
    units = _units(folder, found)
    notices = _notices(folder, found)
    _across(site, units, notices, found)
    if found or site is None:
        raise ConfigError(found)
    return Config(folder, site, units, [notice for _file_name, notice in notices])


def _table(folder: Path, name: str, found: list[str]) -> Any:
    try:
        return tomllib.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        found.append(f"{name}: missing in {folder}")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found.append(f"{name}: {error}")
    return None


def _file(kind: type[Any], folder: Path, name: str, found: list[str]) -> Any:
    table = _table(folder, name, found)
    if table is None:
        return None
    before = len(found)
    values = _Problems(name, found).struct(kind, table, "")
    return kind(**values) if len(found) == before else None


def _units(folder: Path, found: list[str]) -> list[UnitEntry]:
    table = _table(folder, "units.toml", found)
    if table is None:
        return []
    problems = _Problems("units.toml", found)
    for key in set(table) - {"unit"}:
        problems.add(key, "unknown key; known here are [[unit]] tables")
    units = problems.structs(UnitEntry, table.get("unit"), "unit")
    for code in sorted({unit.code for unit in units if [each.code for each in units].count(unit.code) > 1}):
        problems.add("code", f"{code!r} stands twice; every unit needs a code of its own")
    return units


def _notices(folder: Path, found: list[str]) -> list[tuple[str, NoticeEntry]]:
    files = sorted((folder / "notices").glob("*.toml"))
    if not files:
        found.append(f"notices/: no *.toml in {folder / 'notices'}; each notice is one file there")
    notices = [(f"notices/{each.name}", _file(NoticeEntry, folder, f"notices/{each.name}", found)) for each in files]
    return [(name, notice) for name, notice in notices if notice is not None]


def _across(
    site: Site | None, units: list[UnitEntry], notices: list[tuple[str, NoticeEntry]], found: list[str]
) -> None:
    """What can only be seen with the whole: unknown unit codes, plain text connections, zones, twins."""
    if site is not None:
        _site(site, _Problems("intake.toml", found))
    codes = {unit.code for unit in units}
    ids = [notice.id for _name, notice in notices]
    for name, notice in notices:
        _notice(notice, codes, ids, _Problems(name, found))


def _site(site: Site, problems: _Problems) -> None:
    for section, server in (("imap", site.imap), ("smtp", site.smtp)):
        if server.security == "none" and server.host not in LOOPBACK:
            problems.add(
                f"{section}.security", f'"none" sends the password in clear to {server.host}; use "tls" or "starttls"'
            )
    try:
        ZoneInfo(site.timezone)
    except (KeyError, ValueError, OSError):
        problems.add("timezone", f'{site.timezone!r} is no time zone; allowed is a name like "Asia/Shanghai"')
    if not re.search(r"[^\s<>@]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+>?$", site.smtp.sender):
        problems.add("smtp.from", f'{site.smtp.sender!r} has no address; allowed is "name <box@example.cn>"')
    if re.search(r"://[^/]*:[^/]*@", site.storage.database):
        problems.add("storage.database", "holds a password; leave it out and use the database's own password file")


def _notice(notice: NoticeEntry, codes: set[str], ids: list[str], problems: _Problems) -> None:
    for code in notice.units:
        if code not in codes:
            problems.add("units", f"{code!r} is not in units.toml")
    if ids.count(notice.id) > 1:
        problems.add("id", f"{notice.id!r} is also the id of another notice")
    if notice.deadline.tzinfo is None:
        problems.add("deadline", "has no zone; write it like 2024-06-11T23:59:59+08:00")
    keys = [each.key for each in notice.requirement]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        problems.add("requirement.key", f"{key!r} stands twice")
    for each in notice.requirement:
        if each.max_seconds is not None and each.kind != "video":
            problems.add(f"requirement {each.key}", 'max_seconds is for kind "video" only')


def secret(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """A secret by the name of its environment variable, or from the file that NAME_FILE names; None when unset.

    ConfigError when the file cannot be read.
    """
    environment = os.environ if environment is None else environment
    if name in environment:
        return environment[name]
    path = environment.get(f"{name}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{name}_FILE: cannot read {path}: {error}"]) from None
