"""One mail on the desk: everything that judging it needs, and what it adds to its unit's submission."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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

    `deadline` is the unit's own (extensions included). `order` is the mail's number, `sha256` names it whatever else
    is known of it.
    `policy` is the configured `[identity] policy`. `too_large` is the size in octets of a mail of which only the
    beginning was fetched, `max_mail` what is fetched at most, `junk` the folder for unwanted mail it was found in.
    """

    ref: str
    order: int
    sha256: str
    message: Message
    examined: tuple[Examined, ...]
    received_at: datetime
    recognised: Recognised
    deadline: datetime | None = None
    prior: tuple[Entry, ...] = ()
    waived: Waived = NOTHING_WAIVED
    policy: str = "open"
    too_large: int | None = None
    max_mail: int | None = None
    junk: str | None = None

    @property
    def sender(self) -> str:
        """The addr-spec that identity goes by; empty when the mail has no single one."""
        return self.message.sender.spec if self.message.sender else ""


def entry_for(case: Case, requirement: str, state: EntryState, **about: Any) -> Entry:
    """An entry of this mail's for a requirement; `about` are the fields that tell what it is."""
    return Entry(
        requirement=requirement,
        state=state,
        tier=case.recognised.identity.tier,
        sender=case.sender,
        received_at=case.received_at,
        order=case.order,
        mail_ref=case.ref,
        **about,
    )


def material_entries(case: Case, assessments: Sequence[Assessment]) -> tuple[Entry, ...]:
    """What the materials of a mail add to its unit's submission."""
    return tuple(
        entry_for(
            case,
            each.requirement,
            each.state,
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


def link_entries(case: Case, assessments: Sequence[Assessment]) -> tuple[Entry, ...]:
    """What files that came as links add: held while staff may fetch them, faulty when they must be sent again."""
    return tuple(
        entry_for(
            case,
            requirement,
            _link_state(case, link),
            origin=link.filename or link.provider,
            size=link.size or 0,
        )
        for link, requirement in _open_links(case, assessments)
        if requirement is not None
    )


def link_findings(case: Case, assessments: Sequence[Assessment]) -> tuple[Finding, ...]:
    """A file that came as a link is never fetched by us: staff do, or it is asked for again."""
    findings = []
    for link, requirement in _open_links(case, assessments):
        state = _link_state(case, link)
        if state is EntryState.OK:
            findings.append(case.waived.finding(requirement=requirement))
        code = "cloud-link-expired" if _expired(case, link) else "cloud-link"
        detail = {
            "provider": link.provider,
            "filename": link.filename,
            "size": link.size,
            "expires": link.expires.isoformat() if link.expires else None,
            "returned": _must_be_sent(case, link),
            "limit": _longest(case, requirement),
        }
        findings.append(Finding(code, _SEVERITY[state], detail, requirement=requirement))
    return tuple(findings)


_SEVERITY = {EntryState.OK: Severity.NOTE, EntryState.HELD: Severity.HOLD, EntryState.FAULTY: Severity.FAULT}


def _link_state(case: Case, link: Link) -> EntryState:
    if _must_be_sent(case, link):
        return EntryState.OK if case.waived.faults else EntryState.FAULTY
    return EntryState.OK if case.waived.holds else EntryState.HELD


def _open_links(case: Case, assessments: Sequence[Assessment]) -> Iterator[tuple[Link, str | None]]:
    """The links whose file is not there yet, with the requirement each is meant for."""
    fetched = {each.requirement for each in assessments if each.examined.material.provenance == "operator"}
    for link in case.message.links:
        requirement = _link_requirement(case, link)
        if requirement is None or requirement not in fetched:
            yield link, requirement


def _expired(case: Case, link: Link) -> bool:
    return link.expires is not None and link.expires <= case.received_at


def _must_be_sent(case: Case, link: Link) -> bool:
    notice = case.recognised.notice
    return _expired(case, link) or (notice is not None and notice.links == "return")


def _longest(case: Case, requirement: str | None) -> float | None:
    """The longest video in seconds that the requirement takes: advice on its size is reckoned from it."""
    notice = case.recognised.notice
    return notice.requirement(requirement).max_seconds if notice and requirement else None


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
