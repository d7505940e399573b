"""Stage 2, examine: from a ledger row to a verdict and the letter owed, one mail at a time, oldest first.

A mail is claimed, read and looked at, and what is decided is written in one transaction. A mail that makes us
fail is tried again and then parked for a person; the next mail goes on either way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from intake import journal
from intake.domain.burst import combined, due
from intake.domain.case import Case
from intake.domain.judge import judge
from intake.domain.letter import Reply
from intake.domain.mail import Message
from intake.domain.material import Examined, Material
from intake.domain.outcome import next_examination
from intake.domain.recognise import Office, recognise
from intake.domain.replying import Correspondence, Handling, Letters, Limits, rule_for
from intake.domain.robots import automatic
from intake.domain.sealing import SEALED, looks_classified
from intake.domain.verdict import Verdict
from intake.pipeline.answering import reply_to, waiting_for
from intake.pipeline.noted import NotedBlobs
from intake.pipeline.place import place
from intake.ports import (
    Blobs,
    Claim,
    Clock,
    Deferred,
    Desk,
    Killed,
    Looker,
    Pending,
    Reader,
    Records,
    Signatures,
    Spoilt,
    Stationery,
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What examine works with.

    `keeper`: whether this process may put on record that octets are spoilt, or are in their place. One that only helps
    may not: what it does not find may be there for all others, because the folder is not mounted here, or is another.
    """

    records: Records
    blobs: Blobs
    read: Reader
    look: Looker
    office: Office
    stationery: Stationery
    clock: Clock
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[str], None] = lambda _ref: None
    signatures: Signatures | None = None
    keeper: bool = True
    limits: Limits = field(default_factory=Limits)


def examine(bench: Bench) -> int:
    """Decide every mail that is due; how many were. Deferred, at the end, when the world kept us from some.

    A mail that the world defers (its file cannot be read) waits for the next round, and the next mail goes on;
    when that happens to one mail after the other, it is the world itself, and the round ends.
    """
    misplaced = _misplaced(bench) if bench.keeper else []
    decided, in_a_row = 0, 0
    trouble: dict[int, str] = {}
    while in_a_row < ENOUGH_TROUBLE and not bench.stopping():
        with bench.records.claim(bench.clock(), passing=trouble.keys()) as claim:
            if claim is None:
                break
            why = _attempted(bench, claim)
        if why is None:
            bench.progress(claim.pending.ref)
            decided, in_a_row = decided + 1, 0
        else:
            trouble[claim.pending.id] = f"{claim.pending.ref}: {why}"
            in_a_row += 1
    told = [*misplaced, *trouble.values()]
    if told:
        more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
        raise Deferred("; ".join(told[:TOLD]) + more)
    return decided


def _misplaced(bench: Bench) -> list[str]:
    """What of the world keeps sealed mail from its place: that is told, and keeps no other mail from being examined."""
    try:
        place(bench.records, bench.blobs, bench.clock)
    except Deferred as error:
        return [str(error)]
    return []


def _attempted(bench: Bench, claim: Claim) -> str | None:
    """What of the world kept us from deciding the mail, or None."""
    try:
        examine_one(bench, claim)
    except Deferred as error:
        return str(error)
    return None


def examine_one(bench: Bench, claim: Claim) -> None:
    """Decide one mail, or note that it could not be. Raises Deferred when the world (disk, database) fails."""
    pending = claim.pending
    try:
        seen = _look(bench, claim)
        with bench.blobs.held(seen.pieces):
            decision = claim.settle(lambda desk: _decide(bench, desk, pending, seen))
    except Spoilt as spoilt:
        if bench.keeper:
            _spoilt(bench, claim, spoilt)
        raise
    except Killed as error:
        _failed(bench, claim, error)
    except Deferred:
        raise
    except Exception as error:  # noqa: BLE001 - ours: kept with its traceback, and the next mail goes on
        _failed(bench, claim, error)
    else:
        _tell(pending, decision)
        if seen.classified and bench.keeper:
            place(bench.records, bench.blobs, bench.clock)


def _tell(pending: Pending, decision: tuple[Verdict, str] | None) -> None:
    if decision is None:
        journal.overruled(pending.ref)
    else:
        journal.decided(pending.ref, *decision)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A mail read and looked at. `pieces` are the hashes of all that was stored on the way, `signed` the domains that
    signed it."""

    message: Message
    examined: tuple[Examined, ...]
    classified: bool
    pieces: tuple[str, ...]
    signed: frozenset[str]


def _look(bench: Bench, claim: Claim) -> _Seen:
    """Read the mail and measure its materials, and see whether it looks classified."""
    pending, store = claim.pending, NotedBlobs(bench.blobs)
    message, materials = bench.read(store.verified(pending.sha256), store)
    examined = bench.look(_worth_a_look(bench, pending, message, materials), store, claim.keep)
    classified = not pending.lifted and looks_classified(message, materials, examined)
    return _Seen(message, examined, classified, tuple(store.stored), _signed(bench, pending, message))


def _signed(bench: Bench, pending: Pending, message: Message) -> frozenset[str]:
    """Whose signature the mail bears: asked for those only whom it could speak for."""
    if bench.signatures is None or pending.cut or not _is_known(bench, pending, message):
        return frozenset()
    return bench.signatures(bench.blobs.path(pending.sha256), message)


def _worth_a_look(
    bench: Bench, pending: Pending, message: Message, materials: tuple[Material, ...]
) -> tuple[Material, ...]:
    """Of a mail held as a whole its parts are not worth a child each; of a robot nobody knows nothing is."""
    if pending.cut or message.unread:
        return pending.attached
    if automatic(message, bench.office.own) and not pending.ruling.assigned and not _is_known(bench, pending, message):
        return ()
    return (*materials, *pending.attached)


def _is_known(bench: Bench, pending: Pending, message: Message) -> bool:
    """Whether the roster lists the sender, or staff had us learn his address."""
    if message.sender is None:
        return False
    if bench.office.roster.of_sender(message.sender.spec):
        return True
    with bench.records.desk() as desk:
        return bool(desk.acquaintance(pending, message).learned)


def _decide(bench: Bench, desk: Desk, pending: Pending, seen: _Seen) -> tuple[Verdict, str]:
    """What is decided about a mail, and the name of the rule by which it is answered or not."""
    now = bench.clock()
    if seen.classified:
        desk.seal(pending, seen.pieces, now)
        return SEALED, "sealed"
    case = _case(bench, desk, pending, seen)
    verdict = judge(case)
    pending = desk.renew(pending, verdict)
    reply = reply_to(case, verdict, bench.office, now)
    waiting = waiting_for(reply, case, bench.limits, desk)
    letters = desk.letters(case, now, waiting) if verdict.answer else Letters()
    mail = Correspondence(case, verdict, letters, bench.limits, waiting, ruled=pending.ruling.number > 0)
    rule = rule_for(mail)
    desk.record(case, verdict, pending, now, rule.name, seen.pieces)
    if seen.message.returned:
        desk.undelivered(seen.message.returned, pending, now)
    if rule.handling is not Handling.NONE:
        _answer(bench, desk, pending, mail, reply)
    return verdict, rule.name


def _answer(bench: Bench, desk: Desk, pending: Pending, mail: Correspondence, reply: Reply) -> None:
    """Post the answer, which speaks for those that have not gone out: one that is held, for such as are held, too."""
    rule = rule_for(mail)
    held = rule.handling is Handling.HELD
    replaced = [each for each in mail.waiting if each.held or not held]
    reply = combined(reply, replaced)
    draft = bench.stationery.reply(reply, mail.case, pending.ruling)
    if draft is None:
        return
    draft = replace(
        draft,
        held=rule.name if held else None,
        idle=mail.slight and all(each.idle for each in replaced),
        due_at=reply.now if mail.ruled else due(reply, bench.limits.quiet),
        replaces=tuple(each.letter for each in replaced),
    )
    desk.post(draft, pending.id, reply.now)


def _case(bench: Bench, desk: Desk, pending: Pending, looked: _Seen) -> Case:
    message, examined = looked.message, looked.examined
    known = replace(desk.acquaintance(pending, message), signed=looked.signed)
    seen = recognise(message, examined, pending.received_at, bench.office, known)
    unit, notice = seen.identity.unit, seen.notice
    came = desk.came_first(pending, message, [each.material.sha256 for each in examined])
    return Case(
        ref=pending.ref,
        order=pending.id,
        sha256=pending.sha256,
        message=message,
        examined=examined,
        received_at=came,
        recognised=seen,
        deadline=desk.deadline(unit, notice) if unit and notice else None,
        prior=desk.entries(unit, notice.id, pending.id) if unit and notice else (),
        waived=pending.ruling.waived,
        policy=bench.office.policy,
        too_large=pending.size if pending.cut else None,
        max_mail=bench.office.max_mail,
        junk=pending.junk,
    )


def _spoilt(bench: Bench, claim: Claim, spoilt: Spoilt) -> None:
    """The store's fault, not the mail's: no attempt is counted, and the mail waits until it is whole again."""
    journal.spoilt(claim.pending.ref, spoilt.sha256, spoilt.what)
    claim.settle(lambda desk: desk.spoilt(claim.pending, spoilt.sha256, spoilt.what, bench.clock()))


def _failed(bench: Bench, claim: Claim, error: Exception) -> None:
    now = bench.clock()
    retry_at = next_examination(claim.pending.attempts + 1, now)
    journal.crashed(claim.pending.ref, error, retry_at)
    trace = journal.where(error)[-LONGEST_TRACE:]
    claim.settle(lambda desk: desk.failed(claim.pending, trace, retry_at, now))


LONGEST_TRACE = 8_000
"""Characters of a traceback that are kept: its end says what happened."""

ENOUGH_TROUBLE = 50
"""Mails in a row that the world deferred: the rest would fare no better. Fewer may be files that are out of reach, and
must not keep all later mails from ever being examined."""

TOLD = 3
"""Of so many it is said what kept us from deciding them."""
