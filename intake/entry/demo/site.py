"""The demo's configuration folder: the repository's notice and units, example senders, servers on loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from intake.entry.config import load
from intake.entry.schema import UnitEntry

USERNAME = "jnkjjrck@ji.shandong.cn"

_INTAKE_TOML = """\
# Written by the demo, with the ports of servers that lived only for its run.
timezone = "Asia/Shanghai"

[imap]
host = "127.0.0.1"
port = {imap}
security = "none"
username = "{username}"

[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
from = "济宁市科技局人才科 <{username}>"

[storage]
database = "sqlite:///../data/intake.db"
blobs = "../data/blobs"

[staff]
digest_to = ["{username}"]

[replies]
mode = "live"
quiet_minutes = 0
"""


def write_site(
    source: Path, target: Path, senders: Mapping[str, Sequence[str]], imap: int = 143, smtp: int = 25
) -> None:
    """Write the folder `target`: what `source` asks of whom, with these senders by unit code and these ports.

    ConfigError when `source` cannot be used.
    """
    config = load(source)
    shutil.copytree(source / "notices", target / "notices")
    if (source / "templates").is_dir():
        shutil.copytree(source / "templates", target / "templates")
    site = _INTAKE_TOML.format(imap=imap, smtp=smtp, username=USERNAME)
    (target / "intake.toml").write_text(site, encoding="utf-8")
    units = "\n".join(_unit(unit, senders.get(unit.code, ())) for unit in config.units)
    (target / "units.toml").write_text(units, encoding="utf-8")


def _unit(unit: UnitEntry, senders: Sequence[str]) -> str:
    values = {
        "code": unit.code, "name": unit.name, "short": unit.short, "aliases": unit.aliases, "senders": senders,
        "contacts": [each for each in senders if not each.startswith("@")],
    }  # fmt: skip
    return "".join(["[[unit]]\n", *_lines(values.items())])


def _lines(values: Iterable[tuple[str, object]]) -> Iterable[str]:
    """A string or list of strings in JSON is the same in TOML."""
    return (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values)
