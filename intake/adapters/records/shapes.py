"""Between rows and domain values: nothing else in this package knows both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from intake.adapters.records.cleaning import storable_sender
from intake.adapters.records.tables import AttachmentRow, EntryRow, LinkRow, MailRow, MaterialRow
from intake.domain.fates import Waived
from intake.domain.finding import Finding, Severity
from intake.domain.identity import Tier
from intake.domain.mail import Link
from intake.domain.material import NOT_ASKED, Condition, Examined, Facts, Material, Scan
from intake.domain.sealing import Seal
from intake.domain.submission import Entry, EntryState
from intake.domain.verdict import Assessment
from intake.ports import Pending, Ruling


def mail_ref(mail_id: int) -> str:
    """The name of a mail in letters, logs and commands: "M000012"."""
    return f"M{mail_id:06d}"


def letter_ref(letter_id: int) -> str:
    """The name of a letter: "L000012"."""
    return f"L{letter_id:06d}"


def findings_to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [asdict(finding) for finding in findings]


def findings_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(row["code"], Severity(row["severity"]), row["detail"], row["material"], row["requirement"])
        for row in rows
    )


def pending_of(
    row: MailRow, attachments: Iterable[AttachmentRow], unended: int = 0, junk: str | None = None
) -> Pending:
    """`unended` examinations of the mail began and never came to a result; `junk` is the folder it was found in."""
    waived = Waived(row.waive_holds, row.waive_faults, row.waive_reason)
    ruling = Ruling(row.assigned, waived, row.rulings, row.assigned_notice)
    attached = tuple(
        Material(each.filename, each.filename, each.sha256, each.size, provenance="operator") for each in attachments
    )
    return Pending(
        row.id,
        mail_ref(row.id),
        row.sha256,
        row.size,
        row.received_at,
        row.attempts + unended,
        ruling,
        row.cut,
        attached,
        junk,
        row.seal == Seal.LIFTED,
        row.unscanned,
    )


def material_row(mail_id: int, position: int, assessment: Assessment) -> MaterialRow:
    material = assessment.examined.material
    return MaterialRow(
        mail_id=mail_id,
        position=position,
        origin=material.origin,
        filename=material.filename,
        sha256=material.sha256,
        size=material.size,
        provenance=material.provenance,
        preview=assessment.examined.preview,
        facts=facts_to_json(assessment.examined.facts) | _scan_to_json(assessment.examined.scan),
        requirement=assessment.requirement,
        state=assessment.state,
        counted=assessment.counted,
        findings=findings_to_json(assessment.findings),
    )


def assessment_of(row: MaterialRow) -> Assessment:
    """What was decided about a file, with the facts that a letter tells; the text is not kept."""
    material = Material(row.origin, row.filename, row.sha256, row.size, provenance=row.provenance)
    told: dict[str, Any] = {name: row.facts.get(name) for name in ("seconds", "width", "height", "pages")}
    examined = Examined(material, Facts(Condition(row.facts["condition"]), **told))
    state = EntryState(row.state) if row.state else None
    return Assessment(examined, row.requirement, state, row.counted, findings_from_json(row.findings))


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """All facts but the text: it serves to judge, and what a county wrote stays in its file."""
    return {name: value for name, value in asdict(facts).items() if name not in ("text", "preview")}


def _scan_to_json(scan: Scan) -> dict[str, Any]:
    return {} if scan == NOT_ASKED else {"scan": scan.outcome.value, "malware": scan.name}


def link_row(mail_id: int, link: Link) -> LinkRow:
    return LinkRow(
        mail_id=mail_id,
        url=link.url,
        provider=link.provider,
        filename=link.filename,
        size=link.size,
        expires=link.expires,
    )


def entry_row(submission_id: int, mail_id: int, entry: Entry) -> EntryRow:
    return EntryRow(
        submission_id=submission_id,
        mail_id=mail_id,
        requirement=entry.requirement,
        state=entry.state,
        tier=entry.tier,
        sender=storable_sender(entry.sender),
        received_at=entry.received_at,
        sha256=entry.sha256,
        origin=entry.origin,
        size=entry.size,
        format=entry.format,
        seconds=entry.seconds,
        width=entry.width,
        height=entry.height,
        pages=entry.pages,
        inside=entry.inside,
    )


def entry_of(row: EntryRow) -> Entry:
    return Entry(
        requirement=row.requirement,
        state=EntryState(row.state),
        tier=Tier(row.tier),
        sender=row.sender,
        received_at=row.received_at,
        order=row.mail_id,
        mail_ref=mail_ref(row.mail_id),
        sha256=row.sha256,
        origin=row.origin,
        size=row.size,
        format=row.format,
        seconds=row.seconds,
        width=row.width,
        height=row.height,
        pages=row.pages,
        inside=row.inside,
    )
