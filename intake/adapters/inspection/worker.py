"""The child process: tells the format of the file it was given, measures it, ends.

It answers in lines of JSON, behind the one that says it is ready: the format (known even when measuring kills the
child), the facts; and last, when asked for, a preview in base64 (decoding is where parsers break, and the facts are
told by then). Words: the file's name, PREVIEW or nothing.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import signal
from typing import BinaryIO, Final

from intake.adapters.inspection.formats import FORMATS, UNKNOWN
from intake.adapters.inspection.macros import has_macros
from intake.adapters.inspection.outcome import PREVIEW, Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.sniff import sniff
from intake.adapters.inspection.text import is_marked_wide
from intake.adapters.sandbox.inside import Errand
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind

PRELOADED: Final = (
    *(
        f"{__package__}.{name}"
        for name in ("packages", "word97", "images", "pdf", "video", "poster", "rtf", "plain", "markup")
    ),
    *(f"PIL.{name}ImagePlugin" for name in ("Jpeg", "Png", "Bmp", "Gif", "Ppm", "Tiff", "Mpo", "WebP")),
    *(f"encodings.{name}" for name in ("cp437", "utf_16_le", "gb18030")),
    "av.subtitles.stream",
    "pi_heif",
)
"""What most files need, and takes longer to load than they to be measured."""

_PREVIEWERS: Final = {Kind.IMAGE: "images", Kind.VIDEO: "poster"}
_PREVIEW_SECONDS: Final = 5
_LOOKED_AT: Final = 4 << 20
"""Octets of what is nothing known in which text is looked for that does not say how it is encoded."""


def main(errand: Errand) -> None:
    """Inspect the file. Raises ImportError when a measuring library cannot be loaded."""
    filename, wish = errand.words
    name = sniff(errand.file, filename)
    errand.tell(name)
    facts = inspect(errand.file, name)
    errand.tell(_told(facts))
    if wish == PREVIEW and facts.width:
        errand.tell(base64.b64encode(_preview(errand.file, name, facts)).decode("ascii"))


def inspect(file: BinaryIO, name: str) -> Facts:
    """What can be measured of a file of this format; one without a reader is sound as far as anyone here looks.

    Content of no known format counts as damaged: zeros, noise, what a broken download leaves. Macros are looked for
    first: what they are in is not to be forgotten because it cannot be measured.
    """
    file.seek(0)
    macros = has_macros(file, name, file.read(8))
    return dataclasses.replace(_measured(file, name), macros=macros)


def _measured(file: BinaryIO, name: str) -> Facts:
    reader = FORMATS[name].reader
    if name == UNKNOWN:
        file.seek(0)
        octets = file.read(_LOOKED_AT)
        wide = any(is_marked_wide(octets, encoding) for encoding in ("utf-16-le", "utf-16-be"))
        return Facts(Condition.DAMAGED, note=Note.UNRECOGNISED, marked=wide)
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
            return Facts(Condition.UNMEASURED, note=str(failure), marked=failure.marked)
        case _:
            return Facts(Condition.UNMEASURED, note=Note.OUT_OF_MEMORY)


def _told(facts: Facts) -> dict[str, object]:
    """Only what was measured; the parent knows the rest from the format."""
    measured = dataclasses.asdict(facts)
    return {key: value for key, value in measured.items() if key not in {"format", "media_type", "kind", "preview"}}
