"""The child process: locks itself in, tells the format of the file on its standard input, measures it, ends.

It answers three lines of JSON: that it is ready (no foreign octet was read before), the format (known even when
measuring kills the child), the facts. Arguments: the file's name, then the three limits.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
from typing import BinaryIO, Final, TextIO

from intake.adapters.inspection.confinement import Limits, confine
from intake.adapters.inspection.formats import FORMATS, UNKNOWN
from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.sniff import sniff
from intake.domain.material import Condition, Facts

READY: Final = "ready"
BROKEN_INSTALLATION: Final = os.EX_UNAVAILABLE


def main(filename: str, *bounds: str) -> None:
    """Inspect standard input; a measuring library that cannot be loaded is our fault and has its own exit status."""
    confine(Limits(*map(int, bounds)))
    with _answers() as answers, os.fdopen(0, "rb") as file:
        _tell(answers, READY)
        name = sniff(file, filename)
        _tell(answers, name)
        try:
            facts = inspect(file, name)
        except ImportError as error:
            print(error, file=sys.stderr)
            sys.exit(BROKEN_INSTALLATION)
        _tell(answers, _told(facts))


def inspect(file: BinaryIO, name: str) -> Facts:
    """What can be measured of a file of this format; one without a reader is sound as far as anyone here looks.

    Content of no known format counts as damaged: zeros, noise, what a broken download leaves.
    """
    reader = FORMATS[name].reader
    if name == UNKNOWN:
        return Facts(Condition.DAMAGED, note=Note.UNRECOGNISED)
    if reader is None:
        return Facts(Condition.SOUND)
    module = importlib.import_module(f"{__package__}.{reader}")
    file.seek(0)
    try:
        facts: Facts = module.measure(file, name)
    except (Locked, Damaged, Exceeded, MemoryError) as failure:
        return _failed(failure)
    return facts


def _failed(failure: Exception) -> Facts:
    match failure:
        case Locked():
            return Facts(Condition.LOCKED)
        case Damaged():
            return Facts(Condition.DAMAGED, note=str(failure))
        case Exceeded():
            return Facts(Condition.UNMEASURED, note=str(failure))
        case _:
            return Facts(Condition.UNMEASURED, note=Note.OUT_OF_MEMORY)


def _answers() -> TextIO:
    """The pipe to the parent, moved away from where a library might print."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "w", encoding="ascii")


def _tell(answers: TextIO, value: object) -> None:
    answers.write(json.dumps(value, allow_nan=False) + "\n")
    answers.flush()


def _told(facts: Facts) -> dict[str, object]:
    """Only what was measured; the parent knows the rest from the format."""
    measured = dataclasses.asdict(facts)
    return {key: value for key, value in measured.items() if key not in {"format", "media_type", "kind"}}
