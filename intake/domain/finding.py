"""One thing to say about a mail or a material: a stable code, how grave it is, and the measured detail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Detail: TypeAlias = Mapping[str, str | int | float | bool | None]


class Severity(StrEnum):
    """FAULT: the sender must repair. HOLD: a person decides. MISSING: not there yet. NOTE: said, nothing to do."""

    FAULT = "fault"
    HOLD = "hold"
    MISSING = "missing"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is stable API, its words live in templates/words/; `material` is a sha256, `requirement` a key."""

    code: str
    severity: Severity
    detail: Detail = field(default_factory=dict)
    material: str | None = None
    requirement: str | None = None


def missing_code(requirement_key: str) -> str:
    """The code that says a required thing has not come: "report-missing", "photos-missing", ..."""
    return f"{requirement_key}-missing"
