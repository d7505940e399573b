"""One mail on the desk: everything that judging it needs, and what it adds to its unit's submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.domain.fates import NOTHING_WAIVED, Waived, kind_of_name
from intake.domain.finding import Finding, Severity
from intake.domain.mail import Link, Message
from intake.domain.material import Examined
from intake.domain.notice import Kind
from intake.domain.recognise import Recognised
from intake.domain.submission import Entry, EntryState
from intake.domain.verdict import Assessment


@dataclass(frozen=True, slots=True)
class Case:
    """One mail to judge. `prior` are all entries of its unit for its notice from other mails.

    `deadline` is the unit's own (extensions included). `order` is the mail's place in the order of arrival.
    `policy` is the configured `[identity] policy`. `too_large` is the size in octets of a mail of which only the
    beginning was fetched.
    """

    ref: str
    order: int
    message: Message
    examined: tuple[Examined, ...]
    received_at: datetime
    recognised: Recognised
    deadline: datetime | None = None
    prior: tuple[Entry, ...] = ()
    waived: Waived = NOTHING_WAIVED
    policy: str = "open"
    too_large: int | None = None

    @property
    def sender(self) -> str:
        """The addr-spec that identity goes by; empty when the mail has no single one."""
        return self.message.sender.spec if self.message.sender else ""


def material_entries(case: Case, assessments: Sequence[Assessment]) -> tuple[Entry, ...]:
    """What the materials of a mail add to its unit's submission."""
    return tuple(
        Entry(
            requirement=each.requirement,
            state=each.state,
            tier=case.recognised.identity.tier,
            sender=case.sender,
            received_at=case.received_at,
            order=case.order,
            mail_ref=case.ref,
            sha256=each.examined.material.sha256,
            origin=each.examined.material.origin,
            size=each.examined.material.size,
            format=each.examined.facts.format,
            seconds=each.examined.facts.seconds,
            width=each.examined.facts.width,
            height=each.examined.facts.height,
            pages=each.examined.facts.pages,
        )
        for each in assessments
        if each.requirement is not None and each.state is not None
    )


def link_entries(case: Case) -> tuple[Entry, ...]:
    """What files that came as links add: held while they last, faulty once they have expired, else what staff say."""
    entries = []
    for link in case.message.links:
        requirement = _link_requirement(case, link)
        if requirement is None:
            continue
        entries.append(
            Entry(
                requirement=requirement,
                state=_link_state(case, link),
                tier=case.recognised.identity.tier,
                sender=case.sender,
                received_at=case.received_at,
                order=case.order,
                mail_ref=case.ref,
                origin=link.filename or link.provider,
                size=link.size or 0,
            )
        )
    return tuple(entries)


def _link_state(case: Case, link: Link) -> EntryState:
    if _expired(case, link):
        return EntryState.OK if case.waived.faults else EntryState.FAULTY
    return EntryState.OK if case.waived.holds else EntryState.HELD


def _expired(case: Case, link: Link) -> bool:
    return link.expires is not None and link.expires <= case.received_at


def _link_requirement(case: Case, link: Link) -> str | None:
    """What a linked file is meant for: its name tells; without one it is what mails cannot carry, the video."""
    asked = case.recognised.notice.requirements if case.recognised.notice else ()
    name = link.filename or ""
    named = [each for each in asked if each.name in name]
    kind = kind_of_name(name)
    videos = [each for each in asked if each.kind is Kind.VIDEO]
    fitting = [each for each in asked if each.kind is kind] or named or videos
    best = [each for each in fitting if each in named] or fitting
    return best[0].key if best else None


def link_findings(case: Case) -> tuple[Finding, ...]:
    """A file that came as a link is not fetched: it is held, or asked for again when the link has expired."""
    findings = []
    for link in case.message.links:
        requirement = _link_requirement(case, link)
        detail = {
            "provider": link.provider,
            "filename": link.filename,
            "size": link.size,
            "expires": link.expires.isoformat() if link.expires else None,
        }
        code, severity = ("cloud-link", Severity.HOLD)
        if _expired(case, link):
            code, severity = ("cloud-link-expired", Severity.FAULT)
        if _link_state(case, link) is EntryState.OK:
            findings.append(case.waived.finding(requirement=requirement))
            severity = Severity.NOTE
        findings.append(Finding(code, severity, detail, requirement=requirement))
    return tuple(findings)
