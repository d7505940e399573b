"""What the answer to a mail tells, and which answers that have not gone out it may speak for."""

from __future__ import annotations

from datetime import datetime

from intake.domain.burst import Waiting, may_combine
from intake.domain.case import Case
from intake.domain.handing import entries_of, replaced, sender_view
from intake.domain.letter import Reply
from intake.domain.recognise import Office
from intake.domain.replying import Limits
from intake.domain.verdict import Verdict
from intake.ports import Desk


def reply_to(case: Case, verdict: Verdict, office: Office, now: datetime) -> Reply:
    """What the answer tells: only what this sender may see, and only when unit and notice are clear."""
    unit, notice = verdict.identity.unit, case.recognised.notice
    clear = unit is not None and notice is not None and not verdict.identity.contradictory
    return Reply(
        ref=case.ref,
        verdict=verdict,
        received_at=case.received_at,
        now=now,
        unit=office.roster[unit] if unit else None,
        notice=notice,
        deadline=case.deadline or (notice.deadline if notice else None),
        checklist=sender_view(case, entries_of(case, verdict), notice) if clear and notice else None,
        replaced=replaced(case, verdict, notice) if clear and notice else (),
    )


def waiting_for(reply: Reply, case: Case, limits: Limits, desk: Desk) -> tuple[Waiting, ...]:
    """The answers that wait for more mail, or for staff, and that this one may speak for."""
    if not (limits.quiet and reply.verdict.answer and may_combine(reply) and reply.unit and reply.notice):
        return ()
    return desk.waiting(case, reply.unit.code, reply.notice.id)
