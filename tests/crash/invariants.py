"""What must be true of an office that has come to rest, whatever was killed before.

The records are read with SQL of its own, not with the code under test; only the reconciliation and the chain of the
events are asked of it, because they are what people are shown.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

from intake.adapters.records.audit import verify
from intake.adapters.records.database import Database
from intake.adapters.records.reconciling import reconciliation
from tests.crash.office import Office

ONCE = ("taken", "decided", "letter owed", "letter sent")
"""Events that happen once: per mail the first two, per letter the last two."""

ONCE_MORE = "SELECT letter_id FROM event WHERE what = 'letter sent once more'"
"""Letters whose fate was unknown after the final dot: said before the second copy leaves."""

FAILED = "SELECT letter_id, detail FROM event WHERE what = 'letter failed'"
"""With two doubts in its detail: letters whose fate was unknown twice, of which people are told."""


def violations(office: Office, *, killed_twice: bool = False) -> list[str]:
    """Everything that is wrong, in words; none is good news."""
    told = [*_unsound(office), *_unended(office), *_unanswered(office), *_events(office)]
    told += [*_letters(office, killed_twice), *_spoilt(office), *_left(office)]
    return [*told, *_as_it_says_itself(office), *_touched(office)]


def doubts(office: Office) -> tuple[int, int]:
    """Letters that were sent once more, and letters that arrived twice."""
    arrived = Counter(mail.octets for mail in office.world.sink.received)
    return len(office.rows(ONCE_MORE)), sum(times > 1 for times in arrived.values())


def _unsound(office: Office) -> Iterator[str]:
    """What SQLite finds wrong with the file; a server looks after its own."""
    if office.world.database:
        return
    told = [*office.rows("PRAGMA integrity_check"), *office.rows("PRAGMA foreign_key_check")]
    if told != [("ok",)]:
        yield f"database: {told}"


def _unended(office: Office) -> Iterator[str]:
    for table in ("examination", "postponed"):
        if left := office.rows(f"SELECT count(*) FROM {table}")[0][0]:
            yield f"{table}: {left} rows of work that is over"


def _unanswered(office: Office) -> Iterator[str]:
    """Every mail is decided and has its letter; only who brings nothing new is left without, and what is not ours."""
    decided = office.rows("SELECT mail_id, detail FROM event WHERE what = 'decided'")
    idle = {number for number, detail in decided if json.loads(detail).get("reply") == "nothing-new"}
    query = "SELECT id, state, disposition, octets, (SELECT count(*) FROM letter WHERE mail_id = mail.id) FROM mail"
    for number, state, disposition, octets, letters in office.rows(query):
        ours = disposition != "IGNORED"
        if state != "decided" or (letters != ours and number not in idle) or octets != ("whole" if ours else "purged"):
            yield f"mail {number}: {state}, {disposition}, {octets}, {letters} letters"


def _events(office: Office) -> Iterator[str]:
    query = "SELECT what, coalesce(letter_id, mail_id), count(*) FROM event GROUP BY 1, 2 HAVING count(*) > 1"
    for what, whose, times in office.rows(query):
        if what in ONCE:
            yield f"event: {what} {times} times of {whose}"


def _letters(office: Office, killed_twice: bool) -> Iterator[str]:
    """Once each; twice only with the same octets, and only if it is on record why. Given up only after two kills."""
    again = Counter(letter for (letter,) in office.rows(ONCE_MORE))
    failed = {letter for letter, detail in office.rows(FAILED) if json.loads(detail).get("doubts") == 2}
    given_up = failed if killed_twice else set()
    arrived = Counter(mail.octets for mail in office.world.sink.received)
    for number, state, octets in office.rows("SELECT id, state, octets FROM letter"):
        times = arrived.pop(octets, 0)
        good = state == "failed" and times <= 2 if number in given_up else state == "sent" and times
        if not good or times > 1 + again[number]:
            yield f"letter {number}: {state}, arrived {times} times, {again[number]} times sent once more"
    if arrived:
        yield f"letters: {arrived.total()} arrived that are not on record"


def _spoilt(office: Office) -> Iterator[str]:
    for path in office.blobs():
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            yield f"blob {path.name}: other octets"


def _left(office: Office) -> Iterator[str]:
    """Files that nobody will ever finish, and those of mail that was emptied."""
    for folder in (office.data / "blobs/tmp", office.temporary):
        for path in folder.iterdir() if folder.is_dir() else ():
            yield f"left in {folder.name}: {path.name}"
    kept = "SELECT sha256 FROM mail WHERE octets = 'whole' UNION SELECT sha256 FROM material"
    kept += " UNION SELECT preview FROM material"
    named = {sha256 for (sha256,) in office.rows(kept)}
    yield from (f"blob {path.name}: nothing refers to it" for path in office.blobs() if path.name not in named)
    yield from (f"blob {sha256}: still to be discarded" for (sha256,) in office.rows("SELECT sha256 FROM discard"))


def _as_it_says_itself(office: Office) -> Iterator[str]:
    """The sum that staff are shown, and the chain of the events."""
    database = Database(office.url)
    try:
        with database.reading() as session:
            told, walked = reconciliation(session), verify(session)
    finally:
        database.close()
    there = len(office.world.dovecot.flags(office.world.user))
    if told.on_server != there or told.accounted != there or told.unread or told.pending or told.parked:
        yield f"reconciliation: {told}, on the server {there}"
    if walked.broken:
        yield f"events: {walked.broken}"


def _touched(office: Office) -> Iterator[str]:
    for uid, flags in office.world.dovecot.flags(office.world.user).items():
        if flags:
            yield f"mailbox: UID {uid} has {flags!r}"
