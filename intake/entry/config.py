"""The configuration folder, read once, typed, with every problem of every file reported at once.

Secrets never stand here; see passwords.py.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import time
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from intake.adapters.records.database import url_fault
from intake.adapters.scanning import endpoint
from intake.entry.formats import is_known, known_for
from intake.entry.instant import YEARS
from intake.entry.problems import Problems, built
from intake.entry.schema import ADDRESS, NoticeEntry, Site, UnitEntry


class ConfigError(Exception):
    """The configuration cannot be used. `problems` are lines: file, key, what is wrong, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def without_words(error: Exception) -> str:
    """What records and alarms say of a failure of ours: its kind alone, since other words may be a mail's."""
    return str(error) if isinstance(error, ConfigError) else type(error).__name__


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

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite database; None for a server's."""
        prefix, url = "sqlite:///", self.database_url
        return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None


def load(folder: Path) -> Config:
    """Read a configuration folder; ConfigError with all problems when anything is wrong."""
    folder = folder.resolve()
    if not folder.is_dir():
        raise ConfigError([f"{folder}: no such folder; --config DIR names the folder that holds intake.toml"])
    found: list[str] = []
    site = _site(folder, found)
    units = _units(folder, found)
    notices = _notices(folder, None if units is None else [unit.get("code") for unit in units], found)
    if found or units is None:
        raise ConfigError(found)
    return Config(
        folder,
        built(Site, site),
        [built(UnitEntry, unit) for unit in units],
        [built(NoticeEntry, notice) for notice in notices],
    )


def _table(folder: Path, name: str, found: list[str]) -> Any:
    """The content of a file; Notepad's byte order mark at its beginning does not matter."""
    try:
        return tomllib.loads((folder / name).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        found.append(f"{name}: missing in {folder}")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found.append(f"{name}: {error}")
    return None


def _site(folder: Path, found: list[str]) -> dict[str, Any]:
    table = _table(folder, "intake.toml", found)
    if table is None:
        return {}
    problems = Problems("intake.toml", found)
    site = problems.table(Site, table)
    for section in ("imap", "smtp"):
        _plain_text(section, site.get(section, {}), problems)
    _whole(site, problems)
    return site


def _plain_text(section: str, server: Mapping[str, Any], problems: Problems) -> None:
    host = server.get("host")
    if server.get("security") == "none" and host and not _is_loopback(host):
        problems.add(f"{section}.security", f'"none" sends the password in clear to {host}; use "tls" or "starttls"')


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _whole(site: Mapping[str, Any], problems: Problems) -> None:
    """What a type alone does not tell: zones, senders, databases."""
    zone = site.get("timezone", "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        problems.add("timezone", f'{zone!r} is no time zone; allowed is a name like "Asia/Shanghai"')
    sender = site.get("smtp", {}).get("sender", "")
    if sender and not _is_mailbox(sender):
        problems.add("smtp.from", f'{sender!r} is not one plain mailbox; allowed is "name <box@example.cn>"')
    clamd = site.get("scan", {}).get("clamd")
    if clamd:
        try:
            endpoint(clamd)
        except ValueError as error:
            problems.add("scan.clamd", str(error))
    if site.get("identity", {}).get("dkim") and not (find_spec("dkim") and find_spec("dns")):
        problems.add("identity.dkim", 'needs dkimpy; install the extra "dkim", or set it to false')
    retention = {"unrelated_body_days": 0, "unrelated_headers_days": 30} | site.get("retention", {})
    if retention["unrelated_headers_days"] < retention["unrelated_body_days"]:
        problems.add("retention.unrelated_headers_days", "is less than unrelated_body_days; a head outlives its body")
    database = site.get("storage", {}).get("database")
    fault = url_fault(database) if database else None
    if fault:
        problems.add("storage.database", fault)


MAILBOX = rf'(?:{ADDRESS}|(?:"[^"\\]*"|[^"<>@,;:\\]*) *<{ADDRESS}>)'


def _is_mailbox(text: str) -> bool:
    """Whether a text is one address, perhaps behind a name, that reads the same to everybody in a header."""
    plain = text.isprintable() and "=?" not in text and re.fullmatch(MAILBOX, text)
    return bool(plain and re.fullmatch(ADDRESS, parseaddr(text)[1]))


def _units(folder: Path, found: list[str]) -> list[dict[str, Any]] | None:
    """The checked values of all units, those with problems too; None when the file cannot be read."""
    table = _table(folder, "units.toml", found)
    if table is None:
        return None
    problems = Problems("units.toml", found)
    for key in set(table) - {"unit"}:
        problems.add(key, "unknown key; known here are [[unit]] tables")
    units = problems.tables(UnitEntry, table.get("unit"), "unit")
    _distinct(units, problems)
    return units


def _distinct(units: list[dict[str, Any]], problems: Problems) -> None:
    """No two units may be taken for each other. A domain of senders may be shared: then the mail says whose it is."""
    told = set()
    for key in ("code", "name", "short"):
        for word in _twice(unit.get(key) for unit in units):
            problems.add(f"unit.{key}", f"{word!r} stands twice; every unit needs a {key} of its own")
            told.add(word)
    names = ({unit.get("name"), unit.get("short"), *unit.get("aliases", ())} for unit in units)
    for name in _twice(chain.from_iterable(names)):
        if name not in told:
            problems.add("unit.aliases", f"{name!r} names two units; every name belongs to one of them")
    addresses = ({each.casefold() for each in unit.get("senders", ())} for unit in units)
    for address in _twice(chain.from_iterable(addresses)):
        if not address.startswith("@"):
            problems.add("unit.senders", f"{address!r} stands at two units; an address belongs to one of them")


def _notices(folder: Path, codes: list[str | None] | None, found: list[str]) -> list[dict[str, Any]]:
    """The checked values of all notices. Without `codes` nobody can tell which units there are."""
    notices = {}
    for path in sorted((folder / "notices").glob("*.toml")):
        problems = Problems(f"notices/{path.name}", found)
        table = _table(folder, problems.file, found)
        notices[problems.file] = {} if table is None else problems.table(NoticeEntry, table)
        for code in notices[problems.file].get("units", ()) if codes is not None else ():
            if code not in (codes or ()):
                problems.add("units", f"{code!r} is not in units.toml; allowed are the codes of its units")
        _notice(notices[problems.file], problems)
    if not notices:
        found.append(f"notices/: no *.toml in {folder / 'notices'}; each notice is one file there")
    for twice in _twice(notice.get("id") for notice in notices.values()):
        where = ", ".join(name for name, notice in notices.items() if notice.get("id") == twice)
        found.append(f"{where}: id: {twice!r} stands twice; every notice needs an id of its own")
    return list(notices.values())


def _notice(notice: Mapping[str, Any], problems: Problems) -> None:
    """What a type alone does not tell of the times of a notice and of its requirements."""
    _times(notice, problems)
    requirements = notice.get("requirement", ())
    for key in _twice(each.get("key") for each in requirements):
        problems.add("requirement.key", f"{key!r} stands twice; every requirement needs a key of its own")
    for number, each in enumerate(requirements, start=1):
        _requirement(each, f"requirement[{number}]", problems)


def _times(notice: Mapping[str, Any], problems: Problems) -> None:
    opens, deadline = notice.get("opens"), notice.get("deadline")
    if deadline and deadline.tzinfo is None:
        problems.add("deadline", "has no zone; write it like 2024-06-11T23:59:59+08:00")
    for key, when in (("opens", opens), ("deadline", deadline)):
        if when and when.year not in YEARS:
            problems.add(key, f"{when} is not allowed; allowed are the years {YEARS[0]} to {YEARS[-1]}")
    if opens and deadline and opens > deadline.date():
        problems.add("deadline", f"{deadline.date()} is before the notice opens, {opens}")


def _requirement(each: Mapping[str, Any], at: str, problems: Problems) -> None:
    for word in each.get("formats", ()):
        if not is_known(word):
            known = ", ".join(known_for(each.get("kind")))
            problems.add(f"{at}.formats", f"{word!r} is not known; known here are {known}")
    for key, kind in (("max_seconds", "video"), ("min_pixels", "image")):
        if each.get(key) is not None and each.get("kind", kind) != kind:
            problems.add(f"{at}.{key}", f'is for kind "{kind}" only')


def _twice(words: Iterable[str | None]) -> list[str]:
    return sorted(word for word, count in Counter(filter(None, words)).items() if count > 1)
