"""The judgement of one mail: a pure function of what it is, what it brought, what is there already, and when.

Everything is said at once. What cannot be understood is held for a person; what cannot be measured is
neither passed nor rejected; what is not a submission is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from intake.domain.case import Case, link_entries, link_findings, material_entries
from intake.domain.fates import assess
from intake.domain.finding import Finding, Severity, missing_code
from intake.domain.identity import Tier
from intake.domain.notice import Kind, Notice
from intake.domain.recognise import Relevance
from intake.domain.submission import Checklist, Entry, EntryState, ItemState, checklist
from intake.domain.verdict import Assessment, Disposition, Verdict


def judge(case: Case) -> Verdict:
    """Decide about one mail. Never raises for anything a mail can contain."""
    seen = case.recognised
    if seen.automatic and not (seen.identity.tier.trusted and case.examined):
        return _ignored(case, seen.automatic)
    if seen.relevance is Relevance.NONE:
        return _ignored(case, "not-a-submission")
    if seen.relevance is Relevance.UNCLEAR and not case.waived.holds:
        return _held(case, "relevance-unclear", answer=False)
    doubt = _doubt(case)
    if doubt:
        return _held(case, doubt, answer=seen.automatic is None)
    if seen.relevance is Relevance.ASKS:
        return _held(case, "no-material", answer=True)
    return _judged(case)


def entries_of(case: Case, verdict: Verdict) -> tuple[Entry, ...]:
    """What a judged mail adds to its unit's submission."""
    if verdict.identity.unit is None or verdict.notice_id is None:
        return ()
    return (*material_entries(case, verdict.assessments), *link_entries(case))


def sender_view(case: Case, entries: Sequence[Entry], notice: Notice) -> Checklist:
    """The checklist as this sender may see it: one who only claims a unit sees nothing of others' materials."""
    deadline = case.deadline or notice.deadline
    if case.recognised.identity.tier.trusted:
        return checklist(notice, [*case.prior, *entries], deadline)
    own = [entry for entry in case.prior if entry.sender == case.sender]
    return checklist(notice, [*own, *entries], deadline)


def _ignored(case: Case, code: str) -> Verdict:
    kept = tuple(Assessment(each) for each in case.examined)
    return Verdict(
        Disposition.IGNORED, case.recognised.identity, None, kept, (Finding(code, Severity.NOTE),), answer=False
    )


def _held(case: Case, code: str, *, answer: bool) -> Verdict:
    """Held as a whole: nothing counts until a person has looked. Materials are kept with the mail."""
    seen = case.recognised
    held = tuple(Assessment(each) for each in case.examined)
    findings = (Finding(code, Severity.HOLD), *_lateness(case))
    return Verdict(
        Disposition.HELD,
        seen.identity,
        seen.notice.id if seen.notice else None,
        held,
        findings,
        late=_is_late(case),
        answer=answer,
    )


def _doubt(case: Case) -> str | None:
    """Why a submission cannot be filed without a person, if so."""
    seen = case.recognised
    if seen.identity.contradictory and seen.identity.unit is not None and not case.waived.holds:
        return "unit-conflict"
    if seen.identity.unit is None:
        return "unit-unknown"
    if seen.notice is None or seen.identity.unit not in seen.notice.unit_codes:
        return "notice-unclear"
    if case.policy == "roster" and seen.identity.tier is Tier.CLAIMED:
        return "unit-claimed"
    return None


def _judged(case: Case) -> Verdict:
    seen = case.recognised
    notice = seen.notice
    assert notice is not None
    before = sender_view(case, (), notice)
    have = frozenset(
        item.requirement.key
        for item in before.items
        if item.state is ItemState.OK and item.requirement.kind is Kind.DOCUMENT
    )
    assessments = _known_repeats(case, assess(case.examined, notice, have, case.waived))
    entries = (*material_entries(case, assessments), *link_entries(case))
    assessments = _counted(case, assessments, checklist(notice, [*case.prior, *entries], notice.deadline))
    view = sender_view(case, entries, notice)
    findings = (*link_findings(case), *_missing(view, assessments), *_claim(case), *_lateness(case))
    verdict = Verdict(
        Disposition.HELD, seen.identity, notice.id, assessments, findings, late=_is_late(case), answer=True
    )
    if not entries and not _repeats(assessments) and not verdict.has(Severity.FAULT):
        findings = (Finding("no-material", Severity.HOLD), *findings)
    return replace(
        verdict, disposition=_disposition(verdict), findings=findings, answer=seen.automatic is None
    )  # a robot of a known unit that brings materials is filed, and not answered


def _disposition(verdict: Verdict) -> Disposition:
    if any(each.counted for each in verdict.assessments) or _repeats(verdict.assessments):
        return Disposition.ACCEPTED
    if verdict.has(Severity.HOLD) or not verdict.has(Severity.FAULT):
        return Disposition.HELD
    return Disposition.RETURNED


def _repeats(assessments: Sequence[Assessment]) -> bool:
    """Whether something was sent again that counts already: the unit has it, so nothing is to be repaired."""
    return any(finding.code == "duplicate" for each in assessments for finding in each.findings)


def _known_repeats(case: Case, assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """Mark what the same or a better known sender handed in before, octet for octet."""
    trusted, sender = case.recognised.identity.tier.trusted, case.sender
    had = {
        (entry.requirement, entry.sha256)
        for entry in case.prior
        if entry.state is EntryState.OK and (entry.tier.trusted if trusted else entry.sender == sender)
    }
    return tuple(
        Assessment(each.examined, each.requirement, None, False, (_note(each, "duplicate"),))
        if each.state is EntryState.OK and (each.requirement, each.examined.material.sha256) in had
        else each
        for each in assessments
    )


def _counted(case: Case, assessments: Sequence[Assessment], whole: Checklist) -> tuple[Assessment, ...]:
    """Mark what counts now. A claimed material that may not stand over a trusted one waits for a person."""
    counting = {
        (entry.requirement, entry.sha256) for item in whole.items for entry in item.entries if entry.order == case.order
    }
    marked = []
    for each in assessments:
        if each.state is not EntryState.OK:
            marked.append(each)
        elif (each.requirement, each.examined.material.sha256) in counting:
            marked.append(replace(each, counted=True))
        else:
            waits = replace(_note(each, "claimed-not-counted"), severity=Severity.HOLD)
            marked.append(replace(each, findings=(*each.findings, waits)))
    return tuple(marked)


def _note(each: Assessment, code: str) -> Finding:
    return Finding(code, Severity.NOTE, {}, each.examined.material.sha256, each.requirement)


def _missing(view: Checklist, assessments: Sequence[Assessment]) -> tuple[Finding, ...]:
    """One finding per requirement still open, unless a fault of this very mail says it already."""
    said = {each.requirement for each in assessments if each.state is EntryState.FAULTY}
    return tuple(
        Finding(
            missing_code(item.requirement.key),
            Severity.MISSING,
            {"name": item.requirement.name, "need": item.requirement.minimum, "have": len(item.entries)},
            requirement=item.requirement.key,
        )
        for item in view.open_items
        if item.requirement.key not in said
    )


def _claim(case: Case) -> tuple[Finding, ...]:
    if case.recognised.identity.tier.trusted:
        return ()
    return (Finding("unit-claimed", Severity.NOTE),)


def _lateness(case: Case) -> tuple[Finding, ...]:
    if not _is_late(case) or case.deadline is None:
        return ()
    detail = {"received_at": case.received_at.isoformat(), "deadline": case.deadline.isoformat()}
    return (Finding("late", Severity.NOTE, detail),)


def _is_late(case: Case) -> bool:
    return case.deadline is not None and case.received_at > case.deadline
