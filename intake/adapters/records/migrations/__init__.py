"""The history of the schema, run by Alembic in batch mode; revisions are numbered 0001, 0002, ..."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema of the connection's database to the newest revision."""
    command.upgrade(configuration(connection), "head")
