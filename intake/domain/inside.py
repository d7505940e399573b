"""Photos that were pasted into the report instead of being sent as files: the notice says whether they count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from intake.domain.case import Case, entry_for
from intake.domain.finding import Finding, Severity
from intake.domain.notice import Kind, Requirement
from intake.domain.submission import Checklist, Entry, EntryState
from intake.domain.verdict import Assessment


def inside_entries(case: Case, assessments: Sequence[Assessment]) -> tuple[Entry, ...]:
    """What reports add to the photo requirements, when the notice accepts photos in the report."""
    notice = case.recognised.notice
    if notice is None or notice.photos_in_report != "accept":
        return ()
    return tuple(
        entry_for(
            case,
            wanted.key,
            EntryState.OK,
            sha256=each.examined.material.sha256,
            origin=each.examined.material.origin,
            size=each.examined.material.size,
            format=each.examined.facts.format,
            inside=each.examined.facts.photos_inside,
        )
        for wanted in _wanted(case)
        for each in _carriers(assessments)
    )


def inside_findings(case: Case, assessments: Sequence[Assessment], whole: Checklist) -> tuple[Finding, ...]:
    """Said of a report whose photos count now, or which would be enough if they did."""
    findings = []
    for wanted in _wanted(case):
        counting = {entry.sha256 for entry in whole.item(wanted.key).entries if entry.inside}
        lacking = not whole.item(wanted.key).entries
        for each in _carriers(assessments):
            sha256, count = each.examined.material.sha256, each.examined.facts.photos_inside
            if sha256 in counting or lacking:
                code = "photos-in-report" if sha256 in counting else "photos-only-in-report"
                findings.append(Finding(code, Severity.NOTE, {"count": count}, sha256, wanted.key))
    return tuple(findings)


def _wanted(case: Case) -> Iterator[Requirement]:
    notice = case.recognised.notice
    yield from (each for each in (notice.requirements if notice else ()) if each.kind is Kind.IMAGE)


def _carriers(assessments: Sequence[Assessment]) -> Iterator[Assessment]:
    """Reports that stand and carry photos. The pages of a scan are pictures too, but no photos."""
    for each in assessments:
        facts = each.examined.facts
        if each.requirement and each.state is EntryState.OK and facts.photos_inside and not facts.scanned:
            yield each
