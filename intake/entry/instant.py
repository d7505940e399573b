"""Times on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

YEARS = range(1970, 2201)
"""What an office can mean. Beyond them a change of zone may leave the calendar, and the records their order."""


class Instant(click.ParamType[datetime]):
    """An ISO 8601 time in YEARS; without a zone it is meant in the zone of the configuration."""

    name = "ISO8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            when = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO 8601 time like 2024-06-05T12:00:00+08:00", param, ctx)
        if when.year not in YEARS:
            self.fail(f"{value!r} is not in the years {YEARS[0]} to {YEARS[-1]}", param, ctx)
        return when
