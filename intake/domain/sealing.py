"""Mails that look classified: whether one does, and all that is said of one. What they say is said nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from intake.domain.finding import Finding, Severity
from intake.domain.mail import Message
from intake.domain.material import Examined, Material
from intake.domain.secrecy import marked, named
from intake.domain.verdict import Disposition, Verdict


class Seal(StrEnum):
    """Of a mail: never sealed; kept apart; found to be no classified one by two people; destroyed by two people."""

    NONE = "none"
    SEALED = "sealed"
    LIFTED = "lifted"
    DESTROYED = "destroyed"

    @property
    def closed(self) -> bool:
        """Whether nothing of the mail's content may be anywhere but in the sealed folder."""
        return self in (Seal.SEALED, Seal.DESTROYED)


SECRET_MARKING = "secret-marking"  # noqa: S105 - a finding code, no password

SEALED = Verdict(Disposition.HELD, findings=(Finding(SECRET_MARKING, Severity.HOLD),))
"""The verdict on every such mail: of nobody, with nothing in it, never answered."""


TELLING_FIELDS = ("subject", "from", "thread-topic", "keywords", "comments")
"""Fields of a head in words of the sender's, which his program may write for him."""


def looks_classified(message: Message, materials: Iterable[Material], examined: Sequence[Examined]) -> bool:
    """Whether a marking stands in the subject, a name, the text of the mail, or the text of a file in it."""
    return (
        message.marked
        or any(each.facts.marked for each in examined)
        or any(named(each) is not None for each in _names(message, materials, examined))
        or marked(message.text) is not None
        or marked(message.own_text) is not None
    )


def _names(message: Message, materials: Iterable[Material], examined: Sequence[Examined]) -> Iterator[str]:
    """Subject, sender and the paths of files, each step of one for itself."""
    yield message.subject
    yield message.shown_sender
    yield from (value for name in TELLING_FIELDS for value in message.headers.get(name, ()))
    for each in (*materials, *(one.material for one in examined)):
        yield from each.origin.split("/")
        yield each.filename
    yield from (link.filename for link in message.links if link.filename)
