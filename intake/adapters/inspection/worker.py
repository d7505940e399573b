"""The child process: locks itself in, tells the format of the file on its standard input, measures it, ends.

It answers in lines of JSON: that it is ready (no foreign octet was read before), the format (known even when
measuring kills the child), the facts; and last, when asked for, a preview in base64 (decoding is where parsers break,
and the facts are told by then). Arguments: the file's name, PREVIEW or nothing, then the three limits.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import os
import signal
import sys
from typing import BinaryIO, Final

from intake.adapters.inspection.formats import FORMATS, UNKNOWN
from intake.adapters.inspection.outcome import PREVIEW, Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.sniff import sniff
from intake.adapters.sandbox.confinement import Limits, confine
from intake.adapters.sandbox.inside import BROKEN_INSTALLATION, READY, answers, tell
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind

_PREVIEWERS: Final = {Kind.IMAGE: "images", Kind.VIDEO: "poster"}
_PREVIEW_SECONDS: Final = 5


def main(filename: str, wish: str, *bounds: str) -> None:
    """Inspect standard input; a measuring library that cannot be loaded is our fault and has its own exit status."""
    confine(Limits(*map(int, bounds)))
    with answers() as pipe, os.fdopen(0, "rb") as file:
        tell(pipe, READY)
        name = sniff(file, filename)
        tell(pipe, name)
        try:
            facts = inspect(file, name)
        except ImportError as error:
            print(error, file=sys.stderr)
            sys.exit(BROKEN_INSTALLATION)
        tell(pipe, _told(facts))
        if wish == PREVIEW and facts.width:
            tell(pipe, base64.b64encode(_preview(file, name, facts)).decode("ascii"))


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


def _preview(file: BinaryIO, name: str, facts: Facts) -> bytes:
    """A small JPEG. Whatever goes wrong ends the child: nothing is left to be lost but the preview."""
    signal.alarm(_PREVIEW_SECONDS)
    module = importlib.import_module(f"{__package__}.{_PREVIEWERS[FORMATS[name].kind]}")
    octets: bytes = module.preview(file, name, facts)
    return octets


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


def _told(facts: Facts) -> dict[str, object]:
    """Only what was measured; the parent knows the rest from the format."""
    measured = dataclasses.asdict(facts)
    return {key: value for key, value in measured.items() if key not in {"format", "media_type", "kind", "preview"}}
