"""Foreign values as both databases take them; applied to whatever is set on a row (see columns.py), whoever sets it.

PostgreSQL takes no NUL in a text, neither takes lone surrogates; numbers end where their columns end; JSON knows no
infinity. What is found there came from outside and was no sensible value to begin with: it is bounded, not refused,
because a mail must not fail on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, types

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SENDER = 320


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_sender(address: str) -> str:
    """An address as it is kept and looked up: no longer than its column."""
    return storable(address)[:_SENDER]


def cleaner(kind: types.TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What makes a value fit for a column of this type; None where nothing foreign can be amiss."""
    if isinstance(kind, types.TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, JSON):
        return _json
    if isinstance(kind, DateTime):
        return lambda value: in_utc(value) if value is not None and value.tzinfo else value
    if isinstance(kind, String):
        return lambda value: storable(value) if isinstance(value, str) else value
    if isinstance(kind, Integer):
        bits = 63 if isinstance(kind, BigInteger) else 31
        return lambda value: max(-(2**bits), min(value, 2**bits - 1)) if type(value) is int else value
    return None


def _json(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_json(key): _json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    return value


def in_utc(moment: datetime) -> datetime:
    """The instant in UTC; at the ends of the calendar, where there is none, the nearest."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)
