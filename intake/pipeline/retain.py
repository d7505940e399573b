"""Stage 4, retain: what need not be kept goes. First the rows, which name the blobs to follow; then those.

Killed in between, it goes on with the blobs that are named. Nothing is taken from the mailbox.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from intake import journal
from intake.domain.retention import Terms
from intake.ports import Blobs, Clock, Records


def retain(records: Records, blobs: Blobs, clock: Clock, terms: Terms, stopping: Callable[[], bool]) -> int:
    """Remove what has been kept for as long as `terms` say; how many mails were emptied, and heads and letters
    forgotten. Deferred when the disk, or the database, does not let it.
    """
    now = clock()
    with records.retention() as retention:
        unrelated = retention.unrelated(terms, now)
    removed = 0
    for mail_id in unrelated:
        if stopping():
            break
        with records.retention() as retention:
            ref = retention.empty(mail_id, terms, now)
        if ref is not None:
            journal.emptied(ref)
            removed += 1
    removed += _forget(records, terms, now, stopping)
    discard(records, blobs, stopping)
    if removed and not records.compact():
        journal.not_compacted()
    return removed


def _forget(records: Records, terms: Terms, now: datetime, stopping: Callable[[], bool]) -> int:
    """Forget heads and letters, a batch in a transaction; how many."""
    total = 0
    while not stopping():
        with records.retention() as retention:
            forgotten = retention.forget_heads(terms, now), retention.forget_letters(terms, now)
        if not any(forgotten):
            break
        journal.forgotten(*forgotten)
        total += sum(forgotten)
    return total


def discard(records: Records, blobs: Blobs, stopping: Callable[[], bool] = lambda: False) -> int:
    """Remove the blobs that rows were taken away from, unless something else refers to them; how many went."""
    with records.retention() as retention:
        named = retention.discards()
    gone = 0
    for sha256 in named:
        if stopping():
            break
        gone += blobs.remove_unless(sha256, partial(_is_used, records, sha256))
        blobs.remove_unless(sha256, partial(_noted, records, blobs, sha256))
    return gone


def _is_used(records: Records, sha256: str) -> bool:
    with records.retention() as retention:
        return retention.in_use(sha256)


def _noted(records: Records, blobs: Blobs, sha256: str) -> bool:
    """Name a blob no more, while nobody can store it; what came again meanwhile stays named. True: remove nothing."""
    with records.retention() as retention:
        if retention.in_use(sha256) or not blobs.path(sha256).exists():
            retention.discarded(sha256)
    return True
