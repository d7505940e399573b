"""`judge`: what would be decided about mails in files; no database, no network, nothing sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from intake.adapters.blobs import BlobStore
from intake.adapters.looking import Looker
from intake.adapters.reading.reader import ChildReader
from intake.domain.case import Case
from intake.domain.finding import Finding
from intake.domain.identity import Acquaintance, Tier
from intake.domain.judge import judge
from intake.domain.mail import Message
from intake.domain.printable import printable
from intake.domain.recognise import Office, recognise
from intake.domain.sealing import SEALED, looks_classified
from intake.domain.verdict import Assessment, Verdict
from intake.entry import printing
from intake.entry.clock import clock_from
from intake.entry.config import load
from intake.entry.office import office_of


def judge_files(folder: Path, now: datetime | None, verbose: bool, as_json: bool, files: tuple[Path, ...]) -> int:  # noqa: ARG001
    """Judge each file for itself and print one object or paragraph for each."""
    config = load(folder)
    office = office_of(config)
    if now is not None and now.tzinfo is None:
        now = now.replace(tzinfo=config.zone)
    tell: Callable[[Path, Case, Verdict], str] = _json if as_json else _words
    for path in files:
        case, verdict = rehearse(office, path, clock_from(now)())
        click.echo(tell(path, case, verdict))
    return 0


def rehearse(office: Office, path: Path, now: datetime) -> tuple[Case, Verdict]:
    """Judge one mail as the first of its unit, received when its topmost Received line says, else at `now`."""
    with tempfile.TemporaryDirectory(prefix="intake-judge-") as scratch:
        blobs = BlobStore(Path(scratch))
        look = Looker()
        look.warm()
        message, materials = ChildReader()(path, blobs)
        examined = look(materials, blobs)
    received_at = message.relayed_at or now
    seen = recognise(message, examined, received_at, office, Acquaintance())
    deadline = seen.notice.deadline if seen.notice else None
    case = Case(path.name, 1, "", message, examined, received_at, seen, deadline, policy=office.policy)
    if looks_classified(message, materials, examined):
        return replace(case, message=Message(), examined=()), SEALED
    return case, judge(case)


def _json(path: Path, case: Case, verdict: Verdict) -> str:
    message = case.message
    told = {
        "file": str(path),
        "message_id": message.message_id,
        "from": message.sender.spec if message.sender else None,
        "subject": message.subject,
        "disposition": verdict.disposition,
        "unit": verdict.identity.unit,
        "identity": "known" if verdict.identity.tier is Tier.CONFIRMED else verdict.identity.tier,
        "findings": [_finding(each) for each in verdict.all_findings],
        "materials": [_material(each) for each in verdict.assessments],
        "links": [
            {
                "url": link.url,
                "provider": link.provider,
                "filename": link.filename,
                "size": link.size,
                "expires": link.expires.isoformat() if link.expires else None,
            }
            for link in message.links
        ],
    }
    return printing.as_json(told)


def _finding(finding: Finding) -> dict[str, Any]:
    return {**finding.detail, "code": finding.code, "severity": finding.severity, "material": finding.material}


def _material(each: Assessment) -> dict[str, Any]:
    material, facts = each.examined.material, each.examined.facts
    return {
        "origin": material.origin,
        "filename": material.filename,
        "sha256": material.sha256,
        "size": material.size,
        "media_type": facts.media_type,
        "requirement": each.requirement,
        "counted": each.counted,
        "seconds": facts.seconds,
        "width": facts.width,
        "height": facts.height,
        "findings": [finding.code for finding in each.findings],
    }


def _words(path: Path, case: Case, verdict: Verdict) -> str:
    unit = verdict.identity.unit or "?"
    subject = printable(case.message.subject)
    lines = [f"{path}: {verdict.disposition}  unit {unit} ({verdict.identity.tier})  {subject}"]
    for each in verdict.assessments:
        fate = f"counts as {each.requirement}" if each.counted else each.state or "kept beside"
        codes = ", ".join(finding.code for finding in each.findings)
        lines.append(f"    {printable(each.examined.material.origin)}: {fate}  {codes}".rstrip())
    lines += [f"    {finding.code} ({finding.severity})" for finding in verdict.findings]
    return "\n".join(lines)
