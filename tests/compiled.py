"""Templates that are compiled once in a process, however many services a test run makes in it.

Compiling is a third of what a small office costs. The service itself makes one set of templates and needs none of this.
"""

from __future__ import annotations

from pathlib import Path
from types import CodeType
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from jinja2.bccache import Bucket

from intake.adapters.letters import words

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


class Compiled(jinja2.BytecodeCache):
    """Code in memory, by name, file and content of its template."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._code[bucket.key, bucket.checksum] = bucket.code


_BY_ESCAPING = {False: Compiled(), True: Compiled()}
"""Whether a template escapes is decided when it is compiled."""


def _environment(**settings: Any) -> jinja2.Environment:
    return jinja2.Environment(bytecode_cache=_BY_ESCAPING[settings["autoescape"]], **settings)


def keep() -> None:
    """From now on."""
    words.Environment = _environment  # type: ignore[assignment, misc]


def everything() -> None:
    """Compile the project's own templates now, so that processes forked from this one need not."""
    made = words.Words([TEMPLATES], ZoneInfo("UTC"))
    for environment in (made._plain, made._marked):
        for name in environment.list_templates():
            environment.get_template(name)
