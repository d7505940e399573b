"""Stage 1d, place: octets of mails that look classified go where they belong, whatever kept them from going before.

What was decided is committed first; until this is done after it, it is done again.
"""

from __future__ import annotations

from intake import journal
from intake.domain.sealing import Seal
from intake.ports import Blobs, Clock, Records, Sealed


def place(records: Records, blobs: Blobs, clock: Clock) -> int:
    """Put every such mail in its place; how many were not. Deferred when the disk does not take it."""
    with records.sealing() as sealing:
        misplaced = sealing.misplaced()
    for each in misplaced:
        _moved(blobs, each)
        _without_pieces(records, blobs, each)
        with records.sealing() as sealing:
            sealing.placed(each, clock())
        journal.placed(each.ref, each.seal)
    return len(misplaced)


def _moved(blobs: Blobs, sealed: Sealed) -> None:
    match sealed.seal:
        case Seal.SEALED:
            blobs.set_apart(sealed.sha256)
        case Seal.LIFTED:
            blobs.put_back(sealed.sha256)
        case Seal.DESTROYED:
            blobs.destroy(sealed.sha256)


def _without_pieces(records: Records, blobs: Blobs, sealed: Sealed) -> None:
    """What came out of it is in it; what another mail brought, too, is that mail's."""
    for piece in sealed.pieces:
        with records.sealing() as sealing:
            used = sealing.in_use(piece)
        if not used:
            blobs.remove(piece)
