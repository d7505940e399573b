"""What a judged mail adds to its unit's submission, and the checklist as its sender may see it."""

from __future__ import annotations

from collections.abc import Sequence

from intake.domain.case import Case, link_entries, material_entries
from intake.domain.inside import inside_entries
from intake.domain.notice import Notice
from intake.domain.submission import Checklist, Entry, checklist
from intake.domain.verdict import Assessment, Verdict


def entries_of(case: Case, verdict: Verdict) -> tuple[Entry, ...]:
    """What a judged mail adds to its unit's submission; one that is held as a whole adds nothing."""
    return all_entries(case, verdict.assessments) if verdict.filed else ()


def sender_view(case: Case, entries: Sequence[Entry], notice: Notice) -> Checklist:
    """The checklist as this sender may see it: one who only claims a unit sees nothing of others' materials, and one
    whom we trust nothing of what was only claimed, so that strangers take no question back that he must answer.
    """
    return checklist(notice, [*of_equals(case), *entries], case.deadline or notice.deadline)


def replaced(case: Case, verdict: Verdict, notice: Notice) -> tuple[str, ...]:
    """Names of the requirements of which this mail's files now count in place of earlier ones of this sender's."""
    before = sender_view(case, (), notice)
    after = sender_view(case, entries_of(case, verdict), notice)
    return tuple(
        item.requirement.name
        for item, now in zip(before.items, after.items, strict=True)
        if item.entries and not set(item.entries) & set(now.entries)
    )


def all_entries(case: Case, assessments: Sequence[Assessment]) -> tuple[Entry, ...]:
    """Everything that a mail hands in: files, files that came as links, photos inside a report."""
    return (
        *material_entries(case, assessments),
        *link_entries(case, assessments),
        *inside_entries(case, assessments),
    )


def of_equals(case: Case) -> list[Entry]:
    """What may bear on how this mail is judged: trusted senders' materials, or this very sender's own.

    So nobody who merely claims a unit changes what becomes of a known sender's mail.
    """
    if case.recognised.identity.tier.trusted:
        return [entry for entry in case.prior if entry.tier.trusted]
    return [entry for entry in case.prior if case.sender and entry.sender == case.sender]
