"""Stage 1d, place: octets of mails that look classified go where they belong, whatever kept them from going before.

What was decided is committed first; until this is done after it, it is done again.
"""

from __future__ import annotations

from functools import partial

from intake import journal
from intake.domain.sealing import Seal
from intake.ports import Blobs, Clock, Deferred, Records, Sealed


def place(records: Records, blobs: Blobs, clock: Clock) -> int:
    """Put every such mail in its place; how many were not. Deferred, at the end, for what the disk does not take."""
    with records.sealing() as sealing:
        misplaced = sealing.misplaced()
    trouble: list[str] = []
    for each in misplaced:
        try:
            _placed(records, blobs, clock, each)
        except Deferred as error:
            trouble.append(f"{each.ref}: {error}")
    if misplaced and not records.compact():
        journal.not_compacted()
    if trouble:
        raise Deferred("; ".join(trouble))
    return len(misplaced)


def _placed(records: Records, blobs: Blobs, clock: Clock, sealed: Sealed) -> None:
    for sha256 in (sealed.sha256, *_apart(records, sealed)):
        _moved(blobs, sealed.seal, sha256)
    _without_pieces(records, blobs, sealed)
    with records.sealing() as sealing:
        sealing.placed(sealed, clock())
    journal.placed(sealed.ref, sealed.seal)


def _apart(records: Records, sealed: Sealed) -> tuple[str, ...]:
    """The files that staff added to it, but for those that another mail brought, too."""
    with records.sealing() as sealing:
        return tuple(each for each in sealed.added if not sealing.in_use(each, beside=sealed.id))


def _moved(blobs: Blobs, seal: Seal, sha256: str) -> None:
    match seal:
        case Seal.SEALED:
            blobs.set_apart(sha256)
        case Seal.LIFTED:
            blobs.put_back(sha256)
        case Seal.DESTROYED:
            blobs.destroy(sha256)


def _without_pieces(records: Records, blobs: Blobs, sealed: Sealed) -> None:
    """What came out of it is in it; what another mail brought, too, is that mail's."""
    for piece in sealed.pieces:
        blobs.remove_unless(piece, partial(_is_used, records, piece))


def _is_used(records: Records, sha256: str) -> bool:
    with records.sealing() as sealing:
        return sealing.in_use(sha256)
