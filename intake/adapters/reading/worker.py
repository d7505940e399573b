"""The child process: takes a mail apart, and passes its bodies on decoded. It answers in the grammar of grammar.py.

It writes nowhere. A mail that lies encoded in another one is decoded by way of the parent too, which hands it back to
be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from intake.adapters.mail.reader import read
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.store import gathered
from intake.adapters.reading.grammar import PIECE, Head, Keep, Lend, Line, Part, Whole, told
from intake.adapters.sandbox.inside import Errand
from intake.domain.mail import Message
from intake.domain.material import Material
from intake.ports import Blob

_CODECS: Final = ("gb18030", "gb2312", "big5", "big5hkscs", "utf_16", "iso2022_jp_ext", "cp1252", "raw_unicode_escape")
PRELOADED: Final = ("email.parser", *(f"encodings.{name}" for name in _CODECS))
BORROWS: Final = True


def main(errand: Errand) -> None:
    """Read the mail. Raises Deferred when the disk does not give it."""
    outlet = _Outlet(errand)

    def tell(head: Message) -> None:
        outlet.say(Head(told(head)))
        errand.answer.flush()  # it is known whatever the bodies do to us

    with Spool(errand.file.fileno()) as spool:
        message, materials = read(spool, outlet, tell)
        outlet.say(Whole(told(message), [_part(each) for each in materials]))


class _Outlet:
    """Implements mail.store.Store: a body's name is its number."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._kept = 0

    def say(self, line: Line) -> None:
        self._errand.answer.write(msgspec.json.encode(line) + b"\n")

    def keep(self, octets: Iterable[bytes]) -> Blob:
        self.say(Keep())
        size = 0
        for gathering in gathered(octets):
            view = memoryview(gathering)
            for at in range(0, len(view), PIECE):
                piece = view[at : at + PIECE]
                self._errand.answer.write(len(piece).to_bytes(4, "big"))
                self._errand.answer.write(piece)
            size += len(view)
        self._errand.answer.write(bytes(4))
        self._kept += 1
        return Blob(str(self._kept - 1), size)

    def spool(self, blob: Blob) -> Spool:
        self.say(Lend(int(blob.sha256)))
        self._errand.answer.flush()
        return Spool(self._errand.handed())


def _part(material: Material) -> Part:
    return Part(
        origin=material.origin,
        filename=material.filename,
        body=int(material.sha256),
        declared_type=material.declared_type,
        disposition=material.disposition,
        content_id=material.content_id,
    )
