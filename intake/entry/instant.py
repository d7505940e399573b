"""Times on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click


class Instant(click.ParamType[datetime]):
    """An ISO 8601 time; without a zone it is meant in the zone of the configuration."""

    name = "ISO8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO 8601 time like 2024-06-05T12:00:00+08:00", param, ctx)
