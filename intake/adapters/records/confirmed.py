"""Whom staff have confirmed: an address that they had us learn speaks for its unit until they have us forget it.

So a sender is confirmed once: later mails are trusted, and what came earlier is no longer only claimed.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.cleaning import storable_sender
from intake.adapters.records.shapes import entry_of
from intake.adapters.records.tables import EntryRow, LearnedRow
from intake.domain.identity import Tier
from intake.domain.submission import Entry


def confirmed_senders(session: Session) -> frozenset[tuple[str, str]]:
    """Pairs of a unit's code and an address that was learned for it."""
    return frozenset(
        (unit, address) for unit, address in session.execute(select(LearnedRow.unit_code, LearnedRow.address))
    )


def confirmed_units(session: Session, address: str) -> frozenset[str]:
    """The units for which an address was learned."""
    query = select(LearnedRow.unit_code).where(LearnedRow.address == storable_sender(address))
    return frozenset(session.scalars(query))


def entry_now(row: EntryRow, unit: str, confirmed: frozenset[tuple[str, str]]) -> Entry:
    """An entry of the unit's submission, as sure as we are of its sender by now."""
    entry = entry_of(row)
    if entry.tier is Tier.CLAIMED and (unit, row.sender) in confirmed:
        return replace(entry, tier=Tier.CONFIRMED)
    return entry
