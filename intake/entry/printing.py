"""What commands print of foreign words: nothing in it moves a cursor, colours a screen, or turns a line around."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from intake.domain.printable import printable


def as_json(told: Any, indent: int | None = None) -> str:
    """JSON, Chinese as it is; what a terminal would obey, and half a surrogate pair, is escaped in it."""
    text = json.dumps(told, ensure_ascii=False, indent=indent)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def as_lines(told: Any, indent: str = "") -> Iterator[str]:
    """Plain data as indented lines; what is empty is left out."""
    for key, value in told.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from as_lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{key}:"
            for each in value:
                yield f"{indent}  -"
                yield from as_lines(each, indent + "    ")
        elif value not in (None, [], ""):
            yield f"{indent}{key}: {printable(str(value))}"
