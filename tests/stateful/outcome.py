"""What a run came to: what must hold at every moment, what must be done at the end, and what units are left with."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import EventRow, LetterRow, MailRow
from intake.domain.mail import Octets
from intake.domain.verdict import Disposition
from intake.entry.office import opens
from tests.invariants import letter_faults, stored_faults
from tests.stateful.bureau import Bureau, FakedApp

OUR_FAULT = "RuntimeError"
"""What the looker raises at a file that makes us fail."""

RULINGS = ("assigned", "released", "accepted by staff", "retried")
"""Events after which a mail may be decided anew."""
ENDS = ("decided", "parked")


@dataclass(frozen=True)
class Decision:
    """What was decided about a mail after so many rulings."""

    rulings: int
    disposition: str | None
    unit: str | None


def sha256_of(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def decisions(session: Session) -> dict[str, Decision]:
    """The mails that are decided now, by hash."""
    counted = select(EventRow.mail_id, func.count()).where(EventRow.what.in_(RULINGS)).group_by(EventRow.mail_id)
    rulings = {mail: count for mail, count in session.execute(counted)}  # noqa: C416 - dict() does not take rows
    return {
        row.sha256: Decision(rulings.get(row.id, 0), row.disposition, row.unit_code)
        for row in session.scalars(select(MailRow).where(MailRow.state == "decided"))
    }


def is_there(app: FakedApp, sha256: str) -> bool:
    """Whether a mail is on record and was examined, so that staff can see it, and was not emptied since.

    A ruling on one that was emptied has it fetched once more, which other mails of the run may have kept from being.
    """
    with app.database.reading() as session:
        row = session.scalar(select(MailRow).where(MailRow.sha256 == sha256))
    return row is not None and row.state in ("decided", "parked") and not Octets(row.octets).removed


def waiting(bureau: Bureau) -> int:
    """How many mails are still to be examined."""
    with bureau.app.database.reading() as session:
        return session.scalar(select(func.count()).where(MailRow.state == "received")) or 0


def letter_states(session: Session) -> dict[str, str]:
    """The state of every letter, by key."""
    return {row.key: row.state for row in session.scalars(select(LetterRow))}


def broken(bureau: Bureau, sent: Collection[bytes]) -> Iterator[str]:
    """What must not be at any moment."""
    known = {sha256_of(octets) for octets in sent}
    with bureau.app.database.reading() as session:
        yield from stored_faults(session, bureau.app.blob_folder)
        yield from letter_faults(session, bureau.post.received, settled=False)
        for row in session.scalars(select(MailRow).where(MailRow.sha256.not_in(known))):
            yield f"mail {row.id} was never sent"


def unfinished(bureau: Bureau) -> Iterator[str]:
    """What must not be when all faults have stopped and the service had time."""
    mails = [mail for folder in bureau.server.folders.values() for mail in folder.mails.values()]
    lying = {mail.octets for mail in mails if mail.when >= opens(bureau.app.office)}
    with bureau.app.database.reading() as session:
        rows = {row.sha256: row for row in session.scalars(select(MailRow))}
        yield from letter_faults(session, bureau.post.received)
        failed = session.scalars(select(LetterRow.message_id).where(LetterRow.state == "failed")).all()
    yield from (f"lost: {octets[:300]!r}" for octets in lying if sha256_of(octets) not in rows)
    with bureau.app.records.chronicle() as chronicle:
        listed = {line.ref for line in chronicle.needing_person()}
        told = len(chronicle.failed_letters(None))
        balance = chronicle.reconciliation()
    for row in rows.values():
        if row.state not in ("decided", "parked"):
            yield f"mail {row.id} is {row.state}: {row.error}"
        waits = row.state == "parked" or row.disposition == Disposition.HELD
        if waits and mail_ref(row.id) not in listed:
            yield f"mail {row.id} waits for a person, and no list says so"
    if told != len(failed):
        yield f"{len(failed)} letters failed, {told} are listed"
    if balance.on_server != len(mails) or not balance.balanced or balance.unread or balance.pending:
        yield f"out of balance: {balance}, on the server {len(mails)}"


@dataclass(frozen=True)
class Turn:
    """One event of a mail's history: how its first examination ended, or how staff ruled about it."""

    sha256: str
    what: str
    unit: str | None = None


def turns(bureau: Bureau) -> list[Turn]:
    """All that decisions followed from, in the order in which it happened.

    Of a mail that waited for a person because the process died too often, only what followed.
    """
    found: list[Turn] = []
    ended: set[str] = set()
    with bureau.app.database.reading() as session:
        states = {sha256: state for sha256, state in session.execute(select(MailRow.sha256, MailRow.state))}  # noqa: C416
        query = select(MailRow.sha256, EventRow.what, EventRow.detail).join(MailRow, EventRow.mail_id == MailRow.id)
        events = session.execute(query.where(EventRow.what.in_((*RULINGS, *ENDS))).order_by(EventRow.id)).all()
    for sha256, what, detail in events:
        if what in RULINGS:
            found.append(Turn(sha256, what, detail.get("unit")))
        elif sha256 not in ended and (what == "decided" or states[sha256] == "parked"):
            found.append(Turn(sha256, what))
            ended.add(sha256)
    return found


def parked_by_deaths(bureau: Bureau) -> list[str]:
    """Mails that were being examined too often when the process died: nothing is wrong with them."""
    with bureau.app.database.reading() as session:
        query = select(MailRow.sha256, MailRow.error).where(MailRow.state == "parked").order_by(MailRow.id)
        return [sha256 for sha256, error in session.execute(query) if error and OUR_FAULT not in error]


@dataclass(frozen=True)
class MailOutcome:
    """What became of one mail."""

    state: str
    disposition: str | None
    unit: str | None
    received_at: datetime
    late: bool
    rulings: int


@dataclass(frozen=True)
class Outcome:
    """What units are left with, and which decisions were answered: the same whatever went wrong on the way."""

    units: dict[str, Any]
    mails: dict[str, MailOutcome]
    answered: frozenset[tuple[str, int, str]]

    def differences(self, other: Outcome) -> list[str]:
        """In words; none when both are the same."""
        found = [
            f"{name} {key[:12]}: {mine.get(key)} / {theirs.get(key)}"
            for name, mine, theirs in (("unit", self.units, other.units), ("mail", self.mails, other.mails))
            for key in mine.keys() | theirs.keys()
            if mine.get(key) != theirs.get(key)
        ]
        return [*found, *(f"answered here only: {each}" for each in self.answered ^ other.answered)]


def outcome(bureau: Bureau) -> Outcome:
    """Named by hashes: numbers of mails depend on when they could be fetched."""
    app = bureau.app
    with app.records.chronicle() as chronicle:
        rows = [row for notice in app.office.notices for row in chronicle.unit_rows(notice, app.office.roster)]
    units = {
        row.unit.code: (row.checklist.state, row.last_mail_at, [_item(item) for item in row.checklist.items])
        for row in rows
    }
    with app.database.reading() as session:
        mails = {
            row.sha256: MailOutcome(row.state, row.disposition, row.unit_code, row.received_at, row.late, row.rulings)
            for row in session.scalars(select(MailRow))
        }
        letters = session.execute(
            select(MailRow.sha256, LetterRow.key, LetterRow.meant_for).join(MailRow, LetterRow.mail_id == MailRow.id)
        )
        answered = frozenset((sha256, int(key.rpartition(":")[2]), to) for sha256, key, to in letters)
    return Outcome(units, mails, answered)


def _item(item: Any) -> Any:
    return item.requirement.key, item.state, sorted((entry.sha256, entry.tier, entry.state) for entry in item.entries)
