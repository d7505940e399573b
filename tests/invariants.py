"""What must be true of the records at any moment, read from the tables, the blobs and what the SMTP server took."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.adapters.records.discards import DiscardRow
from intake.adapters.records.tables import EventRow, LetterRow, MailRow
from intake.domain.mail import Octets
from tests.servers.smtp import Received


def stored_faults(session: Session, blobs: Path) -> Iterator[str]:
    """Every mail on record has its octets, under the name of their hash (invariants 1, 3, 4).

    Those that were removed on purpose are gone, or named as to be discarded, until staff want the mail after all.
    """
    emptied = set(session.scalars(select(EventRow.mail_id).where(EventRow.what == "purged")))
    named = set(session.scalars(select(DiscardRow.sha256)))
    for row in session.scalars(select(MailRow)):
        path = blobs / row.sha256[:2] / row.sha256
        if Octets(row.octets).removed:
            if path.is_file() and row.sha256 not in named:
                yield f"mail {row.id}: was emptied, and its octets are there"
        elif not path.is_file():
            if row.octets == Octets.WHOLE or row.id not in emptied:
                yield f"mail {row.id}: no octets"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != row.sha256:
            yield f"mail {row.id}: its octets are not those of its name"


def mail_faults(session: Session, delivered: Iterable[bytes]) -> Iterator[str]:
    """What was delivered is on record once and decided or with a person; nothing else is on record."""
    wanted = {hashlib.sha256(octets).hexdigest() for octets in delivered}
    rows = {row.sha256: row for row in session.scalars(select(MailRow))}
    for sha256 in wanted - rows.keys():
        yield f"lost: {sha256[:12]}"
    for sha256 in rows.keys() - wanted:
        yield f"never sent by anybody: mail {rows[sha256].id}"
    for row in rows.values():
        if row.state not in ("decided", "parked"):
            yield f"mail {row.id}: still {row.state}"


def letter_faults(session: Session, received: Sequence[Received], *, settled: bool = True) -> Iterator[str]:
    """Each letter went out once; twice, octet by octet the same, only where its fate was in doubt (13).

    With `settled` none may be due any more. What letters said that were purged is known no more.
    """
    copies = defaultdict(list)
    for mail in received:
        copies[mail.octets].append(mail)
    purged = session.scalar(select(func.count()).select_from(LetterRow).where(LetterRow.purged)) or 0
    for row in session.scalars(select(LetterRow).where(LetterRow.purged.is_(False))):
        count = len(copies.pop(row.octets, ()))
        again = _sent_once_more(session, row.id)
        if row.state == "sent" and not count:
            yield f"letter {row.id}: sent, they say, and nobody has it"
        if count > 1 + again:
            yield f"letter {row.id}: {count} copies, sent once more {again} times"
        if settled and row.state == "due":
            yield f"letter {row.id}: still due ({row.error})"
    for octets in list(copies)[: max(0, len(copies) - purged)]:
        yield f"a letter that is not in the records: {octets[:200]!a}"


def _sent_once_more(session: Session, letter: int) -> int:
    """How often it is on record that a second copy goes out because the fate of the first is unknown; at most once."""
    which = EventRow.letter_id == letter, EventRow.what == "letter sent once more"
    return min(1, session.scalar(select(func.count()).select_from(EventRow).where(*which)) or 0)
