"""Stage 1b, mend: what the store has lost of a mail is fetched once more from where the mail lies on the server.

Whether it is the mail is told by its hash, whatever the place. Until it is whole again nothing is decided about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intake import journal
from intake.ports import (
    Arrival,
    Blobs,
    Clock,
    Deferred,
    Disconnected,
    Mailbox,
    OpenMailbox,
    Oversized,
    Patient,
    Records,
    Unusable,
)


@dataclass(frozen=True, slots=True)
class Infirmary:
    """What mend works with. `max_mail` is what is fetched of a mail at most, unless it was larger when it was taken.

    `require` raises DiskLow when so many octets must not be fetched now. `at_once`: every mail is asked for, those too
    that were in vain a moment ago, and it is an error when there is no time for all.
    """

    open_mailbox: OpenMailbox
    records: Records
    blobs: Blobs
    clock: Clock
    max_mail: int
    require: Callable[[int], None]
    stopping: Callable[[], bool] = lambda: False
    at_once: bool = False


def mend(infirmary: Infirmary) -> int:
    """See to every mail whose octets were spoilt; how many are whole again. Deferred for those that must wait."""
    with infirmary.records.mending() as mending:
        patients = mending.patients(infirmary.clock())
    ill = [each for each in patients if not _healed(infirmary, each)]
    to_fetch = [each for each in ill if not each.lost and (each.due or infirmary.at_once) and _unlost(infirmary, each)]
    return len(patients) - len(ill) + (_fetched_again(infirmary, to_fetch) if to_fetch else 0)


def _healed(infirmary: Infirmary, patient: Patient) -> bool:
    """Whether all is there by now: the mail came once more, or somebody put it back."""
    if any(infirmary.blobs.fault(each) for each in (*patient.attached, patient.sha256)):
        return False
    _note_whole(infirmary, patient)
    return True


def _note_whole(infirmary: Infirmary, patient: Patient) -> None:
    with infirmary.records.mending() as mending:
        mending.whole(patient.id, infirmary.clock())
    journal.mended(patient.ref)


def _unlost(infirmary: Infirmary, patient: Patient) -> bool:
    """Whether there is a place to fetch from; a file that staff added is nowhere but with them."""
    for sha256 in patient.attached:
        if infirmary.blobs.fault(sha256):
            _note_lost(infirmary, patient, f"a file that was added by hand is spoilt: {sha256}")
            return False
    if not patient.places:
        _note_lost(infirmary, patient, NOWHERE)
    return bool(patient.places)


def _note_lost(infirmary: Infirmary, patient: Patient, why: str) -> None:
    with infirmary.records.mending() as mending:
        mending.lost(patient.id, why, infirmary.clock())
    journal.lost(patient.ref, why)


def _fetched_again(infirmary: Infirmary, patients: Iterable[Patient]) -> int:
    """A mail that the server does not give costs its own delay; a connection that it breaks, the others' this round."""
    mended, waiting = 0, []
    with infirmary.open_mailbox() as box:
        for patient in patients:
            if infirmary.stopping():
                waiting += [f"{patient.ref} and later ones: there was no time"] if infirmary.at_once else []
                break
            try:
                mended += _fetch(infirmary, box, patient)
            except (Unusable, Disconnected) as error:
                _postpone(infirmary, patient, error)
                if isinstance(error, Disconnected):
                    raise
                waiting.append(f"{patient.ref}: {error}")
    if waiting:
        raise Deferred("; ".join(waiting))
    return mended


def _postpone(infirmary: Infirmary, patient: Patient, error: Deferred) -> None:
    with infirmary.records.mending() as mending:
        again = mending.postpone(patient.id, str(error), infirmary.clock())
    journal.not_mended(patient.ref, again, error)


def _fetch(infirmary: Infirmary, box: Mailbox, patient: Patient) -> bool:
    """Whether one of its places gave the mail. Where all are of now and none did, it is lost."""
    renumbered = False
    for place in patient.places:
        state = box.select(place.locator.folder)
        if state.uidvalidity != place.locator.uidvalidity:
            renumbered = True  # receive reads the folder anew, and will recognise the mail
        elif _stored(infirmary, box, patient, place):
            _note_whole(infirmary, patient)
            return True
    if not renumbered:
        _note_lost(infirmary, patient, NOWHERE)
    return False


def _stored(infirmary: Infirmary, box: Mailbox, patient: Patient, place: Arrival) -> bool:
    most = max(infirmary.max_mail, patient.size)
    infirmary.require(min(patient.size, infirmary.max_mail) if patient.cut else patient.size)
    with infirmary.blobs.writer() as writer:
        try:
            octets = box.beginning(place, writer) if patient.cut else box.download(place, writer, most)
        except Oversized:
            return False
        if octets is None or writer.sha256 != patient.sha256:
            return False
        writer.commit(octets)
    return True


NOWHERE = "its stored octets are spoilt, and it is not on the server any more"
