"""One mail on the desk: everything that judging it needs, and what it adds to its unit's submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.domain.fates import NOTHING_WAIVED, Waived
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
    `policy` is the configured `[identity] policy`.
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
    """What files that came as links add: held while they last, faulty once they have expired."""
    entries = []
    for link in case.message.links:
        requirement = _link_requirement(case, link)
        if requirement is None:
            continue
        expired = link.expires is not None and link.expires <= case.received_at
        entries.append(
            Entry(
                requirement=requirement,
                state=EntryState.FAULTY if expired else EntryState.HELD,
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


def _link_requirement(case: Case, link: Link) -> str | None:
    """What a linked file is meant for: its name tells; without one it is what mails cannot carry, the video."""
    notice = case.recognised.notice
    if notice is None:
        return None
    ending = (link.filename or "").rpartition(".")[2].lower()
    for requirement in notice.requirements:
        if ending in requirement.formats:
            return requirement.key
    for requirement in notice.requirements:
        if requirement.kind is Kind.VIDEO:
            return requirement.key
    return None


def link_findings(case: Case) -> tuple[Finding, ...]:
    """A file that came as a link is not fetched: it is held, or asked for again when the link has expired."""
    findings = []
    for link in case.message.links:
        expired = link.expires is not None and link.expires <= case.received_at
        detail = {
            "provider": link.provider,
            "filename": link.filename,
            "size": link.size,
            "expires": link.expires.isoformat() if link.expires else None,
        }
        code, severity = ("cloud-link-expired", Severity.FAULT) if expired else ("cloud-link", Severity.HOLD)
        findings.append(Finding(code, severity, detail, requirement=_link_requirement(case, link)))
    return tuple(findings)
