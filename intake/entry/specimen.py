"""Small made-up values from which every letter and digest can be written once, of a configured notice and unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from intake.domain.case import Case
from intake.domain.digest import (
    WARNINGS,
    Digest,
    Health,
    LetterCounts,
    LetterLine,
    LinkLine,
    MailLine,
    Reconciliation,
    Section,
    UnfetchedLine,
)
from intake.domain.digest import UnitRow as Row
from intake.domain.finding import Detail, Finding, Severity, missing_code
from intake.domain.identity import Identity, Tier
from intake.domain.letter import LetterKind, Reply
from intake.domain.mail import Address, Locator, Message
from intake.domain.material import Condition, Examined, Facts, Material
from intake.domain.notice import Notice, Requirement, Unit
from intake.domain.recognise import Recognised, Relevance
from intake.domain.submission import Checklist, Entry, EntryState, checklist
from intake.domain.verdict import Assessment, Disposition, Verdict
from intake.entry.sirens import standing

REF = "M000001"
SENDER = "sender@example.invalid"
SECOND = timedelta(seconds=1)
PHONES = ("", "0537-0000000")
DETAIL: Detail = {
    "seconds": 222.4, "limit": 180.0, "excess": 42.4, "width": 640, "height": 480, "need": 480_000, "have": 1,
    "format": "mov", "allowed": "mp4, avi", "reason": "bomb", "count": 3, "provider": "qq", "filename": "sample.mp4",
    "size": 5_000_000, "expires": "2024-06-20T10:00:00+08:00", "received_at": "2024-06-12T10:00:00+08:00",
    "deadline": "2024-06-11T23:59:59+08:00", "returned": True, "folder": "Junk",
}  # fmt: skip
"""Everything that any finding measures."""
SPARSE: Detail = {**DETAIL, "size": None, "expires": None, "returned": False, "allowed": ""}
BARE: Detail = {**SPARSE, "filename": None}
"""The same where mails do not tell everything, or next to nothing."""


class Specimen:
    """Letters and digests about one notice. `codes` are the finding codes that it may tell."""

    def __init__(self, notice: Notice, unit: Unit, codes: Iterable[str]) -> None:
        self._notice = notice
        self._unit = unit
        missing = (missing_code(each.key) for each in notice.requirements)
        self._codes = sorted({*codes, *missing})
        self._whole = tuple(each for wanted in notice.requirements for each in _met(wanted))
        self._in_time, self._too_late = notice.deadline - SECOND, notice.deadline + SECOND

    def replies(self) -> Iterator[tuple[Reply, Case]]:
        """An answer of every sort, and the mail that it answers."""
        last = self._notice.requirements[-1].key
        rest = tuple(each for each in self._whole if each.requirement != last)
        only = tuple(each for each in self._whole if each.requirement == last)
        aside, decided = self._told(Severity.NOTE, DETAIL), (_fate(None, _finding("released", Severity.NOTE, DETAIL)),)
        faulty, held = self._told(Severity.FAULT, DETAIL), self._told(Severity.HOLD, SPARSE, BARE)
        for reply in (
            self._reply((*self._whole, *aside)),
            self._reply((*self._whole, *decided), tier=Tier.CLAIMED),
            self._reply(self._whole, at=self._too_late),
            self._reply(only, earlier=rest),
            self._reply(rest),
            self._reply(()),
            self._reply((*rest, *faulty)),
            self._reply(faulty, at=self._too_late),
            self._reply((*rest, *held)),
            *map(self._question, ("unit-unknown", "notice-unclear")),
        ):
            yield reply, self._case(reply)

    def digests(self) -> Iterator[Digest]:
        """A full day with every sort of trouble, and an empty one before the first poll."""
        now = self._in_time
        reconciliation = Reconciliation(9, accepted=1, returned=1, held=1, ignored=1, older=1, parked=1, pending=1)
        section = Section(self._notice, tuple(self._rows()), newly_complete=1, workdays_left=2)
        ended = Section(self._notice, (), newly_complete=0, workdays_left=-1)
        yield Digest(
            now.date(), now, now - timedelta(days=1), (section, ended), tuple(self._waiting()), tuple(self._news()),
            tuple(self._lines(Disposition.IGNORED, None)), tuple(self._failures()), LetterCounts(1, 1, 1, 1, "451", 1),
            Health(9, 1, now, now, "refused", 1, 5_000_000_000, reconciliation, tuple(sorted(WARNINGS))), shadow=True,
            links=tuple(self._links()), unfetched=tuple(self._unfetched()),
            alarms=tuple(standing(now)), unreached=("L000001",) * 30,
        )  # fmt: skip
        nothing = Health(0, 0, None, None, None, 0, 0, Reconciliation(None))
        yield Digest(now.date(), now, None, (), (), (), (), (), LetterCounts(0, 0, 0, 0), nothing)

    def counted(self) -> Iterator[tuple[Requirement, Entry]]:
        """What counts for each requirement, as an export lays it out."""
        for item in self._checklist(self._whole, Tier.KNOWN, self._in_time).items:
            yield from ((item.requirement, entry) for entry in item.entries)

    def _told(self, severity: Severity, *details: Detail) -> tuple[Assessment, ...]:
        """One file with every finding that there are words for, of the first requirement unless it is a note."""
        key = None if severity is Severity.NOTE else self._notice.requirements[0].key
        return (_fate(key, *(_finding(code, severity, each, key) for each in details for code in self._codes)),)

    def _reply(
        self,
        brought: tuple[Assessment, ...],
        tier: Tier = Tier.KNOWN,
        at: datetime | None = None,
        earlier: tuple[Assessment, ...] = (),
    ) -> Reply:
        at = at or self._in_time
        late = at > self._notice.deadline
        identity = Identity(tier, self._unit.code)
        verdict = Verdict(Disposition.ACCEPTED, identity, self._notice.id, brought, late=late, answer=True)
        return Reply(
            REF, verdict, at, at + SECOND, self._unit, self._notice, self._notice.deadline,
            self._checklist((*earlier, *brought), tier, at),
        )  # fmt: skip

    def _question(self, code: str) -> Reply:
        verdict = Verdict(Disposition.HELD, findings=(_finding(code, Severity.HOLD, DETAIL),), answer=True)
        return Reply(REF, verdict, self._in_time, self._in_time + SECOND)

    def _case(self, reply: Reply) -> Case:
        message = Message(sender=Address("", SENDER), message_id="<sample@example.invalid>")
        seen = Recognised(None, reply.verdict.identity, reply.notice, Relevance.SUBMITS)
        return Case(REF, 1, "", message, (), reply.received_at, seen)

    def _checklist(self, fates: Iterable[Assessment], tier: Tier, at: datetime) -> Checklist:
        entries = (_entry(each, tier, at) for each in fates if each.requirement and each.state)
        return checklist(self._notice, entries, self._notice.deadline)

    def _rows(self) -> Iterator[Row]:
        now, deadline = self._in_time, self._notice.deadline
        faulty, held = self._told(Severity.FAULT, DETAIL), self._told(Severity.HOLD, SPARSE, BARE)
        yield Row(self._unit, self._checklist(self._whole, Tier.CLAIMED, self._too_late), now, deadline)
        yield Row(self._unit, self._checklist(faulty, Tier.KNOWN, now), now, deadline + timedelta(days=1))
        yield Row(self._unit, self._checklist(held, Tier.KNOWN, now), now, deadline)
        for phone in PHONES:
            yield Row(replace(self._unit, phone=phone), self._checklist((), Tier.KNOWN, now), None, deadline)

    def _waiting(self) -> Iterator[MailLine]:
        for unit, code in ((None, "unit-unknown"), (self._unit, "unit-claimed"), (self._unit, "video-unmeasurable")):
            yield self._line(Disposition.HELD, unit, (_finding(code, Severity.HOLD, DETAIL),))
        yield self._line(None, None, (), parked=True)
        yield replace(self._line(None, None, ()), lost=True)

    def _news(self) -> Iterator[MailLine]:
        for disposition in Disposition:
            yield from self._lines(disposition, self._unit)

    def _lines(self, disposition: Disposition, unit: Unit | None) -> Iterator[MailLine]:
        for detail in (DETAIL, SPARSE, BARE):
            findings = (_finding(code, Severity.FAULT, detail) for code in self._codes)
            yield self._line(disposition, unit, tuple(findings))

    def _line(
        self, disposition: Disposition | None, unit: Unit | None, findings: tuple[Finding, ...], parked: bool = False
    ) -> MailLine:
        return MailLine(REF, self._in_time, disposition, unit, SENDER, "sample", 1, findings, parked)

    def _links(self) -> Iterator[LinkLine]:
        url, expires = "https://example.invalid/", self._in_time
        yield LinkLine(REF, self._unit, "qq", "sample.mp4", 5_000_000, expires, url)
        yield LinkLine(REF, None, "", None, None, None, url)

    def _unfetched(self) -> Iterator[UnfetchedLine]:
        for size in (5_000_000, None):
            yield UnfetchedLine(Locator("INBOX", 1, 1), self._in_time, size, self._in_time, 3, "no answer in time")

    def _failures(self) -> Iterator[LetterLine]:
        for phone in PHONES:
            yield LetterLine("L000001", replace(self._unit, phone=phone), SENDER, "sample", "550 no such user", 1)
        yield LetterLine("L000002", None, SENDER, "sample", "returned as undeliverable", 1)
        yield LetterLine("L000003", None, SENDER, "sample", "550 no such user", 1, kind=LetterKind.DIGEST)
        yield LetterLine("L000003", None, SENDER, "sample", "no answer to the final dot", 2, doubts=2)


def _met(wanted: Requirement) -> Iterator[Assessment]:
    """As many good files as a requirement asks for, and more than a letter lists one by one."""
    for number in range(max(wanted.minimum, 4)):
        yield Assessment(_examined(f"{wanted.key}-{number}", wanted), wanted.key, EntryState.OK, counted=True)


def _examined(name: str, wanted: Requirement | None) -> Examined:
    kind = {"kind": wanted.kind, "format": wanted.formats[0]} if wanted else {}
    facts = Facts(Condition.SOUND, seconds=60.0, width=4000, height=3000, pages=2, **kind)  # type: ignore[arg-type]
    return Examined(Material(name, name, sha256(name.encode()).hexdigest(), 5_000_000), facts)


def _fate(key: str | None, *findings: Finding) -> Assessment:
    """What becomes of one file for the gravest of its findings."""
    states = {Severity.FAULT: EntryState.FAULTY, Severity.HOLD: EntryState.HELD}
    state = states.get(findings[0].severity) if key else None
    return Assessment(_examined("sample", None), key, state, findings=findings)


def _finding(code: str, severity: Severity, detail: Detail, key: str | None = None) -> Finding:
    return Finding(code, severity, detail, requirement=key)


def _entry(fate: Assessment, tier: Tier, at: datetime) -> Entry:
    material, facts = fate.examined.material, fate.examined.facts
    assert fate.requirement is not None
    assert fate.state is not None
    return Entry(
        fate.requirement, fate.state, tier, SENDER, at, 1, REF, material.sha256, material.origin, material.size,
        facts.format, facts.seconds, facts.width, facts.height, facts.pages,
    )  # fmt: skip
