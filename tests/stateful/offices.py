"""Premises for the offices of the stateful proof, on either database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from intake.adapters.looking import Looker
from intake.adapters.records.database import Database
from intake.entry.app import App
from intake.entry.config import load
from tests.e2e.world import INTAKE_TOML, PROJECT, UNIT_TOML, UNITS
from tests.fakes.fuse import Fuse
from tests.fakes.inspector import RememberingInspector
from tests.stateful.bureau import START, Premises
from tests.stateful.postbag import POISON

FOLDERS = ("INBOX", "Junk")
MEMORY = Path("/dev/shm")
"""A disk that does not wait: what a disk does at a power cut is proved elsewhere."""


@contextmanager
def premises() -> Iterator[Premises]:
    """Premises whose records are a SQLite file in memory."""
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder,
        patch("intake.entry.app.take_a_breath"),
    ):
        config = load(_written(Path(folder) / "config"))
        first = App(config, lambda: START)
        first.records.message_key()
        first.close()
        data, template = config.folder / "data", Path(folder) / "template"
        shutil.copytree(data, template)
        database, other, fuse = Database(config.database_url), Database(config.database_url), Fuse()
        fuse.hang_on(database.engine)

        def clear() -> None:
            database.close()
            other.close()
            shutil.rmtree(data)
            shutil.copytree(template, data)

        yield Premises(config, first.words, _looker(), database, other, fuse, clear)
        database.close()
        other.close()


def _written(folder: Path) -> Path:
    """A configuration of three units, two folders and the repository's own notice."""
    site = INTAKE_TOML.format(imap=1, user="office", smtp=1, mode="live", digest_at="08:30")
    listed = ", ".join(f'"{name}"' for name in FOLDERS)
    (folder / "notices").mkdir(parents=True)
    (folder / "intake.toml").write_text(site.replace("[imap]", f"[imap]\nfolders = [{listed}]"), encoding="utf-8")
    units = "\n".join(UNIT_TOML.format(code=code, short=short) for code, short in UNITS.items())
    (folder / "units.toml").write_text(units, encoding="utf-8")
    shutil.copy(PROJECT / "config/notices/2024-science-week.toml", folder / "notices/week.toml")
    return folder


def _looker() -> Looker:
    looker = Looker()
    looker._inspect = RememberingInspector(looker._inspect, _fail_at_poison)  # type: ignore[assignment]
    return looker


def _fail_at_poison(filename: str) -> None:
    if filename == POISON:
        raise RuntimeError("our bug")
