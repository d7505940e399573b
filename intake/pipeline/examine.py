"""Stage 2, examine: from a ledger row to a verdict and the letter owed, one mail at a time, oldest first.

Reading and inspecting happen before the transaction; what is decided is written in one. A mail that makes
us fail is tried again and then parked for a person; the next mail goes on either way.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from intake import journal
from intake.domain.case import Case
from intake.domain.handing import entries_of, replaced, sender_view
from intake.domain.judge import judge
from intake.domain.letter import Reply
from intake.domain.mail import Message
from intake.domain.material import Examined
from intake.domain.outcome import next_examination
from intake.domain.recognise import Office, recognise
from intake.domain.robots import automatic
from intake.domain.verdict import Verdict
from intake.ports import Blobs, Clock, Deferred, Desk, Looker, Pending, Reader, Records, Stationery


@dataclass(frozen=True, slots=True)
class Bench:
    """What examine works with."""

    records: Records
    blobs: Blobs
    read: Reader
    look: Looker
    office: Office
    stationery: Stationery
    clock: Clock
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[str], None] = lambda _ref: None


def examine(bench: Bench) -> int:
    """Decide every mail that is due; how many were. Raises Deferred when the world (disk, database) fails."""
    decided = 0
    while not bench.stopping():
        pending = bench.records.next_pending(bench.clock())
        if pending is None:
            break
        examine_one(bench, pending)
        bench.progress(pending.ref)
        decided += 1
    return decided


def examine_one(bench: Bench, pending: Pending) -> None:
    """Decide one mail, or note that it could not be."""
    try:
        message, examined = _look(bench, pending)
        with bench.records.desk() as desk:
            if desk.claim(pending.id):
                _decide(bench, desk, pending, message, examined)
    except Deferred:
        raise
    except Exception as error:  # noqa: BLE001 - ours: kept with its traceback, and the next mail goes on
        _failed(bench, pending, error)


def _look(bench: Bench, pending: Pending) -> tuple[Message, tuple[Examined, ...]]:
    """Read the mail and measure its materials; those of a robot nobody knows are not worth a look."""
    message, materials = bench.read(bench.blobs.path(pending.sha256), bench.blobs)
    if pending.cut or message.unread:  # held as a whole: its parts are not worth a child each
        return message, bench.look(pending.attached, bench.blobs)
    if automatic(message, bench.office.own) and not pending.ruling.assigned and not _is_listed(bench, message):
        return message, ()
    return message, bench.look((*materials, *pending.attached), bench.blobs)


def _is_listed(bench: Bench, message: Message) -> bool:
    return message.sender is not None and bool(bench.office.roster.of_sender(message.sender.spec))


def _decide(bench: Bench, desk: Desk, pending: Pending, message: Message, examined: tuple[Examined, ...]) -> None:
    case = _case(bench, desk, pending, message, examined)
    verdict = judge(case)
    now = bench.clock()
    desk.record(case, verdict, pending, now)
    journal.decided(pending.ref, verdict)
    if message.returned:
        desk.undelivered(message.returned, pending, now)
    if verdict.answer:
        draft = bench.stationery.reply(_reply(bench, case, verdict), case, pending.ruling)
        if draft is not None:
            desk.post(draft, pending.id, now)


def _case(bench: Bench, desk: Desk, pending: Pending, message: Message, examined: tuple[Examined, ...]) -> Case:
    known = desk.acquaintance(pending, message)
    seen = recognise(message, examined, pending.received_at, bench.office, known)
    unit, notice = seen.identity.unit, seen.notice
    return Case(
        ref=pending.ref,
        order=pending.id,
        message=message,
        examined=examined,
        received_at=pending.received_at,
        recognised=seen,
        deadline=desk.deadline(unit, notice) if unit and notice else None,
        prior=desk.entries(unit, notice.id, pending.id) if unit and notice else (),
        waived=pending.ruling.waived,
        policy=bench.office.policy,
        too_large=pending.size if pending.cut else None,
    )


def _reply(bench: Bench, case: Case, verdict: Verdict) -> Reply:
    """What the answer tells: only what this sender may see, and only when unit and notice are clear."""
    unit, notice = verdict.identity.unit, case.recognised.notice
    clear = unit is not None and notice is not None and not verdict.identity.contradictory
    return Reply(
        ref=case.ref,
        verdict=verdict,
        received_at=case.received_at,
        now=bench.clock(),
        unit=bench.office.roster[unit] if unit else None,
        notice=notice,
        deadline=case.deadline or (notice.deadline if notice else None),
        checklist=sender_view(case, entries_of(case, verdict), notice) if clear and notice else None,
        replaced=replaced(case, verdict, notice) if clear and notice else (),
    )


def _failed(bench: Bench, pending: Pending, error: Exception) -> None:
    now = bench.clock()
    retry_at = next_examination(pending.attempts + 1, now)
    journal.crashed(pending.ref, error, retry_at)
    trace = "".join(traceback.format_exception(error))[-LONGEST_TRACE:]
    with bench.records.desk() as desk:
        desk.failed(pending, trace, retry_at, now)


LONGEST_TRACE = 8_000
"""Characters of a traceback that are kept: its end says what happened."""
