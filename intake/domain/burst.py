"""Several mails of one sender within minutes get one answer: what it says, and when it is due.

An answer that does not complete the unit waits a little for more mail. The answer to a later mail of the burst takes
its place and speaks for all of them: whatever was amiss with the earlier files and still is stands in it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from intake.domain.finding import Finding, Severity
from intake.domain.letter import LetterState, Reply
from intake.domain.submission import Checklist, ItemState
from intake.domain.verdict import Assessment

LONGEST_BURST = 6
"""Quiet periods after its first mail in which a burst is answered at the latest."""
SETTLED_BY_MORE = frozenset({"no-material"})
"""What another mail of the burst, which brings something, makes untrue."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A mail whose answer has not gone out: its ref, when it came, and what was decided about its files and itself."""

    ref: str
    received_at: datetime
    assessments: tuple[Assessment, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that has not gone out, by the number of its letter, and the mails it speaks for.

    `held`: it waits for staff. `idle`: it answers nothing that its sender brought.
    """

    letter: int
    mails: tuple[Earlier, ...]
    held: bool = False
    idle: bool = False


def may_combine(reply: Reply) -> bool:
    """Whether the answer tells how the unit stands, and so can speak for earlier mails."""
    return reply.checklist is not None and (reply.verdict.filed or _brought_nothing(reply.verdict.findings))


def _brought_nothing(findings: Iterable[Finding]) -> bool:
    return any(finding.code in SETTLED_BY_MORE for finding in findings)


def combined(reply: Reply, waiting: Iterable[Waiting]) -> Reply:
    """`reply`, speaking for the mails of the answers that wait as well."""
    earlier = sorted(
        (mail for each in waiting for mail in each.mails if mail.ref != reply.ref), key=lambda mail: mail.received_at
    )
    if reply.checklist is None or not earlier:
        return reply
    told = [_told(each, reply.checklist) for mail in earlier for each in mail.assessments]
    said = [finding for mail in earlier for finding in mail.findings if _still(finding, reply.checklist)]
    own = reply.verdict.findings
    if not all(_brought_nothing(mail.findings) for mail in earlier):
        own = tuple(_noted(finding) if finding.code in SETTLED_BY_MORE else finding for finding in own)
    verdict = replace(reply.verdict, assessments=(*told, *reply.verdict.assessments), findings=(*said, *own))
    return replace(reply, verdict=verdict, earlier=tuple((mail.ref, mail.received_at) for mail in earlier))


def _noted(finding: Finding) -> Finding:
    """Nobody who brought something is asked for it because the next mail had nothing: that is said, no more."""
    return replace(finding, severity=Severity.NOTE)


def _told(assessment: Assessment, now: Checklist) -> Assessment:
    """What is left to say of a file: nothing that was amiss with it where its requirement is met by now."""
    counting = {entry.sha256 for item in now.items for entry in item.entries}
    found = tuple(
        each
        for each in assessment.findings
        if each.severity not in (Severity.FAULT, Severity.HOLD)
        or not _met(each.requirement or assessment.requirement, now)
    )
    counted = assessment.counted and assessment.examined.material.sha256 in counting
    return replace(assessment, counted=counted, findings=found)


def _still(finding: Finding, now: Checklist) -> bool:
    """Whether a finding about an earlier mail as a whole is to be told again."""
    amiss = finding.severity in (Severity.FAULT, Severity.HOLD)
    return amiss and finding.code not in SETTLED_BY_MORE and not _met(finding.requirement, now)


def _met(requirement: str | None, now: Checklist) -> bool:
    return any(item.requirement.key == requirement and item.state is ItemState.OK for item in now.items)


def due(reply: Reply, quiet: timedelta) -> datetime:
    """When the answer goes out: at once when everything is there, else when no mail has come for `quiet`.

    The time runs from the arrival at the mail server: what was picked up late has waited already.
    """
    if reply.state in (LetterState.COMPLETE, LetterState.LATE):
        return reply.now
    arrivals: Sequence[datetime] = [
        min(at, reply.now) for at in (*(at for _ref, at in reply.earlier), reply.received_at)
    ]
    return max(reply.now, min(max(arrivals) + quiet, min(arrivals) + LONGEST_BURST * quiet))
