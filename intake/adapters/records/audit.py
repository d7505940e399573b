"""The chain of events: each carries a hash over itself and the one before, so that a rewritten past shows.

Events are numbered and chained in the order of their commits, inside the transaction that adds them. Whoever
can write to the database can forge the whole chain; the head that stands in every digest, outside the
database, is what such a forgery cannot reach.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import event, func, inspect, select, text
from sqlalchemy.orm import Session

from intake.adapters.records.tables import EventRow
from intake.domain.digest import AuditHead

_LOCK = 7_420_003
"""The advisory lock under which PostgreSQL's writers take their turns; SQLite has one writer at a time."""

NOTHING_BEFORE = "0" * 64
"""What the first event of all is chained to."""


class ChainedSession(Session):
    """A session that chains the events it added when it commits."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk along the chain came to: how many events hold, the head; and what does not fit, if anything."""

    count: int
    head: str
    broken: str | None = None


def head(session: Session) -> AuditHead:
    """The end of the chain as this transaction sees it."""
    last = session.execute(
        select(EventRow.seq, EventRow.hash).order_by(EventRow.seq.desc().nulls_last()).limit(1)
    ).first()
    return AuditHead(last.seq, last.hash) if last and last.seq is not None else AuditHead(0, NOTHING_BEFORE)


def verify(session: Session, known: str | None = None) -> Walk:
    """Walk the whole chain, a portion at a time. `known` is a head (or the beginning of one) that must be on it."""
    before, count, seen = NOTHING_BEFORE, 0, known is None
    for row in _in_order(session):
        if row.seq != count + 1:
            return Walk(count, before, f"event number {count + 1} is missing")
        if row.hash != fingerprint(row, before):
            return Walk(count, before, f"event number {row.seq} was changed, or one before it")
        before, count = row.hash, count + 1
        seen = seen or before.startswith(known or "")
    loose = session.scalar(select(func.count()).select_from(EventRow).where(EventRow.seq.is_(None)))
    if loose:
        return Walk(count, before, f"{loose} events are not on the chain")
    return Walk(count, before, None if seen else f"no event has the hash {known}: the chain was rewritten or cut")


def fingerprint(row: EventRow, before: str) -> str:
    """SHA-256, in hex, over the hash of the event before and this event as canonical JSON."""
    told = {
        "seq": row.seq,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "what": row.what,
        "mail": row.mail_id,
        "letter": row.letter_id,
        "unit": row.unit_code,
        "detail": row.detail,
    }
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{canonical}".encode("ascii")).hexdigest()


def _in_order(session: Session) -> Iterator[EventRow]:
    query = select(EventRow).where(EventRow.seq.is_not(None)).order_by(EventRow.seq)
    for row in session.scalars(query.execution_options(yield_per=PORTION)):
        yield row
        session.expunge(row)


PORTION = 1_000
"""Events in memory at a time while the chain is walked."""


@event.listens_for(ChainedSession, "after_flush")
def _collect(session: Session, _context: object) -> None:
    session.info.setdefault("events", []).extend(row for row in session.new if isinstance(row, EventRow))


@event.listens_for(ChainedSession, "before_commit")
def _chain(session: Session) -> None:
    """Last thing of a transaction: whoever waits for the lock holds nothing that its holder could want."""
    if session.in_nested_transaction():
        return
    session.flush()
    # What a savepoint took back is not there any more.
    rows = [row for row in session.info.pop("events", ()) if inspect(row).persistent]
    if rows:
        _append(session, rows)


def _append(session: Session, rows: Iterable[EventRow]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = head(session)
    seq, before = last.count, last.hash
    for row in sorted(rows, key=lambda row: row.id):
        seq += 1
        row.seq = seq
        row.hash = before = fingerprint(row, before)
    session.flush()
