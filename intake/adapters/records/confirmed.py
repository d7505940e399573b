"""Whom staff have confirmed: who sent a mail that was assigned to a unit speaks for that unit from then on.

So a sender is confirmed once: later mails are trusted, and what came earlier is no longer only claimed.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import entry_of
from intake.adapters.records.tables import EntryRow, MailRow
from intake.domain.identity import Tier
from intake.domain.submission import Entry


def confirmed_senders(session: Session) -> frozenset[tuple[str, str]]:
    """Pairs of a unit's code and the address of somebody whom staff confirmed for it."""
    query = select(MailRow.assigned, MailRow.sender).where(MailRow.assigned.is_not(None), MailRow.sender != "")
    return frozenset((unit, sender) for unit, sender in session.execute(query.distinct()) if unit)


def entry_now(row: EntryRow, unit: str, confirmed: frozenset[tuple[str, str]]) -> Entry:
    """An entry of the unit's submission, as sure as we are of its sender by now."""
    entry = entry_of(row)
    if entry.tier is Tier.CLAIMED and (unit, row.sender) in confirmed:
        return replace(entry, tier=Tier.CONFIRMED)
    return entry
