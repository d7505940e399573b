"""Every mail of tests/mail is judged as its .toml says: the real reader, children that measure, the pure judgement."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from intake.domain.case import Case
from intake.domain.recognise import Office
from intake.domain.verdict import Assessment, Verdict
from intake.entry.config import load
from intake.entry.demo.samples import SENDERS
from intake.entry.demo.site import write_site
from intake.entry.office import office_of
from intake.entry.rehearsal import rehearse

PROJECT = Path(__file__).resolve().parents[2]
MAILS = sorted((PROJECT / "tests/mail").glob("*.eml"))
LARGEST = 150_000
ALL_TOGETHER = 3_000_000


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The repository's notice and units, with the demo's example senders."""
    target = tmp_path_factory.mktemp("site") / "config"
    write_site(PROJECT / "config", target, SENDERS)
    return office_of(load(target))


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.stem)
def test_a_mail_is_judged_as_expected(mail: Path, office: Office) -> None:
    expected = tomllib.loads(mail.with_suffix(".toml").read_text(encoding="utf-8"))
    office = dataclasses.replace(office, **expected.pop("office", {}))
    case, verdict = rehearse(office, mail, expected["received"])
    assert told(case, verdict) == expected


def told(case: Case, verdict: Verdict) -> dict[str, Any]:
    """A judgement in the form of the .toml files; what does not apply is left out."""
    facts = {
        "received": case.received_at,
        "subject": case.message.subject,
        "disposition": str(verdict.disposition),
        "unit": verdict.identity.unit,
        "identity": str(verdict.identity.tier),
        "answer": verdict.answer,
        "late": verdict.late or None,
        "findings": sorted({f"{finding.code} {finding.severity}" for finding in verdict.all_findings}),
        "links": [link.filename for link in case.message.links] or None,
        "material": [_material(each) for each in verdict.assessments] or None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _material(each: Assessment) -> dict[str, Any]:
    facts = {
        "origin": each.examined.material.origin,
        "format": each.examined.facts.format,
        "condition": str(each.examined.facts.condition),
        "requirement": each.requirement,
        "counted": each.counted,
        "seconds": each.examined.facts.seconds,
        "hidden_seconds": each.examined.facts.hidden_seconds,
    }
    return {key: value for key, value in facts.items() if value is not None}


def test_every_mail_says_why_it_is_here_and_is_small() -> None:
    assert MAILS
    names = {mail.stem for mail in MAILS}
    for ending in (".toml", ".why"):
        assert {path.stem for path in (PROJECT / "tests/mail").glob(f"*{ending}")} == names
    assert all(mail.with_suffix(".why").read_text(encoding="utf-8").strip() for mail in MAILS)
    sizes = [mail.stat().st_size for mail in MAILS]
    assert max(sizes) < LARGEST
    assert sum(sizes) < ALL_TOGETHER
