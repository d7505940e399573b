"""Premises for the offices of the stateful proof, on either database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import text

from intake.adapters.letters.words import Words
from intake.adapters.looking import Looker
from intake.adapters.records.columns import Base
from intake.adapters.records.database import Database
from intake.entry.app import App
from intake.entry.config import Config, load
from tests.e2e.world import INTAKE_TOML, PROJECT, UNIT_TOML, UNITS
from tests.fakes.fuse import Fuse
from tests.fakes.inspector import RememberingInspector
from tests.servers.postgres import Postgres
from tests.stateful.bureau import START, Premises
from tests.stateful.postbag import POISON

FOLDERS = ("INBOX", "Junk")
MEMORY = Path("/dev/shm")
"""A disk that does not wait: what a disk does at a power cut is proved elsewhere."""


@contextmanager
def on_file() -> Iterator[Premises]:
    """Premises whose records are a SQLite file in memory."""
    with _folder() as folder:
        config = load(_written(folder / "config"))
        data, template = config.folder / "data", folder / "template"
        words = _first(config)
        shutil.copytree(data, template)

        def clear() -> None:
            shutil.rmtree(data)
            shutil.copytree(template, data)

        with _premises(config, words, clear) as made:
            yield made


@contextmanager
def on_postgres(server: Postgres) -> Iterator[Premises]:
    """Premises whose records are a database of their own on a PostgreSQL server."""
    with _folder() as folder:
        config = load(_written(folder / "config", server.url(server.create())))
        words = _first(config)

        def clear() -> None:
            shutil.rmtree(config.folder / "data", ignore_errors=True)
            with made.database.engine.begin() as connection:
                connection.execute(text(f"TRUNCATE {', '.join(Base.metadata.tables)} RESTART IDENTITY CASCADE"))

        with _premises(config, words, clear) as made:
            yield made


@contextmanager
def _folder() -> Iterator[Path]:
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder,
        patch("intake.entry.app.take_a_breath"),
    ):
        yield Path(folder)


def _first(config: Config) -> Words:
    """Let the service run once: it makes its tables and its key."""
    with closing(App(config, lambda: START)) as app:
        app.records.message_key()
        return app.words


@contextmanager
def _premises(config: Config, words: Words, clear: Callable[[], None]) -> Iterator[Premises]:
    fuse = Fuse()
    with closing(Database(config.database_url)) as database, closing(Database(config.database_url)) as other:
        fuse.hang_on(database.engine)

        def cleared() -> None:
            fuse.renew()
            database.close()
            other.close()
            clear()

        yield Premises(config, words, _looker(), database, other, fuse, cleared)


def _written(folder: Path, database: str | None = None) -> Path:
    """A configuration of three units, two folders and the repository's own notice."""
    site = INTAKE_TOML.format(imap=1, user="office", smtp=1, mode="live", digest_at="08:30")
    listed = ", ".join(f'"{name}"' for name in FOLDERS)
    (folder / "notices").mkdir(parents=True)
    (folder / "data").mkdir()
    site = site.replace("[imap]", f"[imap]\nfolders = [{listed}]")
    if database:
        site += f'[storage]\ndatabase = "{database}"\n'
    site += "[retention]\nunrelated_body_days = 1\nunrelated_headers_days = 10\n"  # staff may rule about it before
    (folder / "intake.toml").write_text(site, encoding="utf-8")
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
