"""One body of a mail as a range of octets, with what is declared of it and what it lies in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from intake.adapters.mail.headers import Head
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.transfer import decoded, encoding_name

_TYPE = re.compile(rb"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)\s*(?:[;,(\s]|$)")


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """A multipart around a leaf; each is only equal to itself."""

    kind: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """One body: its fields, its still encoded octets from `start` to `end` in `spool`, and what it lies in.

    `around` are the multiparts around it, outermost first; `forwarded` are the heads of the mails it came
    in, outermost first, none for the mail itself.
    """

    spool: Spool
    head: Head
    kind: str
    start: int
    end: int
    around: tuple[Container, ...] = ()
    forwarded: tuple[Head, ...] = ()

    @property
    def encoding(self) -> str:
        return encoding_name(self.head.first("content-transfer-encoding"))

    def octets(self) -> Iterator[bytes]:
        """The decoded body, chunk by chunk."""
        return decoded(self.spool.chunks(self.start, self.end), self.encoding)


def content_type(head: Head, default: str = "text/plain") -> str:
    """The declared media type in lower case (RFC 2045 section 5.2); a multipart wins where two are declared."""
    kinds = declared_types(head)
    multiparts = [kind for kind in kinds if kind.startswith("multipart/")]
    return next(iter([*multiparts, *kinds]), "text/plain" if head.values("content-type") else default)


def declared_types(head: Head) -> list[str]:
    """All media types that are declared and well formed, in lower case."""
    matches = [_TYPE.match(each) for each in head.values("content-type")]
    return [match[1].lower().decode("latin-1") for match in matches if match]
