"""The judgement of one mail: a pure function of what it is, what it brought, what is there already, and when.

Everything is said at once. What cannot be understood is held for a person; what cannot be measured is
neither passed nor rejected; what is not a submission is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from intake.domain.case import Case, link_findings
from intake.domain.fates import CONTAINERS, assess, is_decoration, not_scanned
from intake.domain.finding import Finding, Severity, missing_code
from intake.domain.handing import all_entries, of_equals, sender_view
from intake.domain.identity import Tier
from intake.domain.inside import inside_findings
from intake.domain.notice import Kind
from intake.domain.recognise import Relevance
from intake.domain.submission import Checklist, Entry, EntryState, ItemState, checklist
from intake.domain.verdict import Assessment, Disposition, Verdict
from intake.domain.vouching import Vouched


def judge(case: Case) -> Verdict:
    """Decide about one mail. Never raises for anything a mail can contain."""
    verdict = _verdict(case)
    return replace(verdict, findings=(*verdict.findings, *_for_staff(case, verdict)))


def _for_staff(case: Case, verdict: Verdict) -> Iterator[Finding]:
    """What staff should know of where a mail comes from: it changes nothing, and its sender is not told."""
    if case.junk is not None and verdict.disposition is not Disposition.IGNORED:
        yield Finding("found-in-junk", Severity.NOTE, {"folder": case.junk})
    if like := case.recognised.identity.resembles:
        yield Finding("sender-lookalike", Severity.NOTE, {"like": like})


def _verdict(case: Case) -> Verdict:
    seen = case.recognised
    if seen.automatic and not (seen.automatic in NOT_BY_WHAT and _brings_something(case)):
        return _ignored(case, seen.automatic)
    unseen = _unseen(case)
    if unseen is not None:
        return unseen
    if seen.relevance is Relevance.NONE:
        return _ignored(case, "not-a-submission")
    doubt = _doubt(case)
    if doubt and case.waived.holds:
        return _looked_at(case, doubt)
    if doubt:
        # What may be none of our business is answered only to a unit that takes part already; whether one whom we trust
        # does, no stranger decides.
        part = of_equals(case) if case.recognised.identity.tier.trusted else case.prior
        ours = doubt != "relevance-unclear" or bool(part)
        return _held(case, doubt, answer=ours and seen.automatic is None)
    return _judged(case)


NOT_BY_WHAT = frozenset({"automatic-reply", "mailing-list"})
"""Marks that some systems put on what people send: a known unit's materials are filed all the same, unanswered."""


def _brings_something(case: Case) -> bool:
    """Whether a unit that we trust, or who pretends to be one, sends files worth a look: no logos, no parts of a
    report."""
    tier = case.recognised.identity.tier
    return (tier.trusted or tier is Tier.REFUTED) and any(
        (each.facts.kind is not Kind.OTHER and not is_decoration(each)) or each.facts.format in CONTAINERS
        for each in case.examined
    )


def _unseen(case: Case) -> Verdict | None:
    """The verdict on a mail that nobody's word is taken for, or of which a part was never looked at: a person looks."""
    relevance = case.recognised.relevance
    if case.recognised.identity.tier is Tier.REFUTED and relevance is not Relevance.NONE and not case.waived.holds:
        failed = Vouched.HOST_FAIL in case.recognised.identity.evidence
        return _held(case, "sender-refuted" if failed else "sender-unverified", answer=False)
    if case.too_large is not None:
        answer = relevance is Relevance.ASKS
        return _held(case, "too-large", answer=answer, size=case.too_large, limit=case.max_mail)
    if case.message.unread and not case.waived.holds:
        return _held(case, "not-all-read", answer=relevance is not Relevance.NONE)
    return None


def _ignored(case: Case, code: str) -> Verdict:
    kept = tuple(Assessment(each) for each in case.examined)
    return Verdict(
        Disposition.IGNORED, case.recognised.identity, None, kept, (Finding(code, Severity.NOTE),), answer=False
    )


def _held(case: Case, code: str, *, answer: bool, **detail: int | None) -> Verdict:
    """Held as a whole: nothing counts until a person has looked. Materials are kept with the mail."""
    if case.waived.holds and code in NOTHING_TO_COUNT:
        return _looked_at(case, code)
    seen = case.recognised
    held = tuple(Assessment(each, state=EntryState.HELD, findings=not_scanned(each)) for each in case.examined)
    findings = (Finding(code, Severity.HOLD, detail), *_lateness(case))
    return Verdict(
        Disposition.HELD,
        seen.identity,
        seen.notice.id if seen.notice else None,
        held,
        findings,
        late=_is_late(case),
        answer=answer,
    )


NOTHING_TO_COUNT = frozenset({"no-material", "too-large"})
"""Holds that are over when a person has looked: nothing is there that could count."""


def _looked_at(case: Case, code: str) -> Verdict:
    settled = _ignored(case, code)
    return replace(settled, findings=(*settled.findings, case.waived.finding()))


def _doubt(case: Case) -> str | None:
    """Why a submission cannot be filed without a person, if so."""
    seen = case.recognised
    if seen.relevance is Relevance.UNCLEAR and not case.waived.holds:
        return "relevance-unclear"
    if seen.identity.contradictory and seen.identity.unit is not None and not case.waived.holds:
        return "unit-conflict"
    if seen.identity.unit is None:
        return "unit-unknown"
    if seen.notice is None or seen.identity.unit not in seen.notice.unit_codes:
        return "notice-unclear"
    if seen.identity.tier in HELD_TIERS.get(case.policy, ()) and not case.waived.holds:
        return "unit-claimed"
    return "no-material" if seen.relevance is Relevance.ASKS else None


HELD_TIERS = {"roster": (Tier.CLAIMED,), "strict": (Tier.CLAIMED, Tier.THREAD)}
"""Whose mail waits for a person under each policy: strict counts only what the roster or staff vouch for."""


def _judged(case: Case) -> Verdict:
    seen = case.recognised
    notice = seen.notice
    assert notice is not None
    before = checklist(notice, of_equals(case), notice.deadline)
    assessments = _known_repeats(before, assess(case.examined, notice, _met_documents(before), case.waived))
    assessments = _unconfirmed(case, before, assessments)
    entries = all_entries(case, assessments)
    whole = checklist(notice, [*case.prior, *entries], notice.deadline)
    linked = *link_findings(case, assessments), *inside_findings(case, assessments, sender_view(case, entries, notice))
    verdict = Verdict(
        Disposition.HELD, seen.identity, notice.id, _counted(case, assessments, whole), linked,
        late=_is_late(case), answer=seen.automatic is None, filed=True,
    )  # fmt: skip
    # A robot of a known unit that brings materials is filed, and not answered.
    nothing = () if entries or _says_something(case, verdict) else (Finding("no-material", Severity.HOLD),)
    if nothing and case.waived.holds:
        return _looked_at(case, "no-material")
    missing = _missing(sender_view(case, entries, notice), verdict)
    verdict = replace(verdict, findings=(*nothing, *verdict.findings, *missing, *_claim(case), *_lateness(case)))
    return replace(verdict, disposition=_disposition(verdict, whole, case.order))


def _met_documents(before: Checklist) -> frozenset[str]:
    return frozenset(
        item.requirement.key
        for item in before.items
        if item.state is ItemState.OK and item.requirement.kind is Kind.DOCUMENT
    )


def _disposition(verdict: Verdict, whole: Checklist, order: int) -> Disposition:
    """A link that staff let count is in no assessment, but in the checklist."""
    if _stands(verdict) or any(entry.order == order for item in whole.items for entry in item.entries):
        return Disposition.ACCEPTED
    return Disposition.HELD if verdict.has(Severity.HOLD) else Disposition.RETURNED


def _says_something(case: Case, verdict: Verdict) -> bool:
    """Whether there is more to say than that nothing came: a file that a person has looked at is not nothing."""
    overlooked = {case.waived.finding().code} if case.waived.holds else set()
    codes = {finding.code for each in verdict.assessments for finding in each.findings}
    return bool(overlooked & codes) or _stands(verdict) or verdict.has(Severity.FAULT) or verdict.has(Severity.HOLD)


def _stands(verdict: Verdict) -> bool:
    """Whether something valid came: it counts, it counted before, or a newer one of the unit's counts instead."""
    return any(
        any(finding.code == "duplicate" for finding in each.findings)
        or (each.state is EntryState.OK and not any(finding.severity is Severity.HOLD for finding in each.findings))
        for each in verdict.assessments
    )


def _known_repeats(before: Checklist, assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """Mark what counts already, octet for octet. What was replaced since may be sent anew, and counts again."""
    had = {(item.requirement.key, entry.sha256) for item in before.items for entry in item.entries}
    return tuple(
        Assessment(each.examined, each.requirement, None, False, (_note(each, "duplicate"),))
        if each.state is EntryState.OK and (each.requirement, each.examined.material.sha256) in had
        else each
        for each in assessments
    )


def _unconfirmed(case: Case, before: Checklist, assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """What would replace something that counts waits for a person: where another claimant of the unit handed it in, and
    under the policy `strict` wherever staff have not confirmed the sender.

    What came later than this mail was not there yet: judged again, a mail waits for nothing that came after it.
    """
    if case.recognised.identity.tier is Tier.CONFIRMED or case.waived.holds:
        return tuple(assessments)
    rivals = _of_other_claimants(case)
    standing = [entry for item in before.items for entry in item.entries] if case.policy == "strict" else []
    kept = {item.requirement.key for item in before.items if item.requirement.accumulates}
    taken = {e.requirement for e in (*rivals, *standing) if e.place < (case.received_at, case.order)} - kept
    return tuple(
        replace(each, state=EntryState.HELD, findings=(*each.findings, _hold(each, "sender-unconfirmed")))
        if each.state is EntryState.OK and each.requirement in taken
        else each
        for each in assessments
    )


def _of_other_claimants(case: Case) -> list[Entry]:
    """The sound materials of others who, like this mail's sender, only claim the unit."""
    if case.recognised.identity.tier.trusted:
        return []
    return [e for e in case.prior if not e.tier.trusted and e.sender != case.sender and e.state is EntryState.OK]


def _counted(case: Case, assessments: Sequence[Assessment], whole: Checklist) -> tuple[Assessment, ...]:
    """Mark what counts now; what does not is said why: newer mail of the unit's, or a trusted sender's, counts instead.

    What is judged again, or late after a failure, may find newer mail there. A claimed material that may not
    stand over a trusted one waits for a person.
    """
    counting = {(entry.requirement, entry.sha256) for item in whole.items for entry in item.entries}
    taken = _taken_by_trusted(case)
    marked = []
    for each in assessments:
        if each.state is not EntryState.OK:
            marked.append(each)
        elif each.requirement in taken:
            marked.append(replace(each, findings=(*each.findings, _hold(each, "claimed-not-counted"))))
        elif (each.requirement, each.examined.material.sha256) in counting:
            marked.append(replace(each, counted=True))
        else:
            marked.append(replace(each, findings=(*each.findings, _note(each, "extra-document"))))
    return tuple(marked)


def _taken_by_trusted(case: Case) -> frozenset[str | None]:
    """The requirements that a mail which only claims its unit may not touch."""
    if case.recognised.identity.tier.trusted:
        return frozenset()
    return frozenset(e.requirement for e in case.prior if e.tier.trusted and e.state is not EntryState.FAULTY)


def _note(each: Assessment, code: str) -> Finding:
    return Finding(code, Severity.NOTE, {}, each.examined.material.sha256, each.requirement)


def _hold(each: Assessment, code: str) -> Finding:
    return replace(_note(each, code), severity=Severity.HOLD)


def _missing(view: Checklist, verdict: Verdict) -> tuple[Finding, ...]:
    """One finding per requirement still open, unless a fault of this very mail says it already."""
    said = {finding.requirement for finding in verdict.all_findings if finding.severity is Severity.FAULT}
    return tuple(
        Finding(
            missing_code(item.requirement.key),
            Severity.MISSING,
            {"name": item.requirement.name, "need": item.requirement.minimum, "have": item.count},
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
