"""From a Reply to the letter in words: sorted here into what the templates tell, worded there."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from intake.adapters.letters.clean import clean
from intake.adapters.letters.words import Remark, Words, remark
from intake.domain.finding import Finding, Severity
from intake.domain.letter import LetterState, Rendered, Reply
from intake.domain.notice import Requirement
from intake.domain.submission import Item
from intake.domain.verdict import Assessment

CHECKSUM_DIGITS = 12
ROWS_IN_TABLE = 20
FILES_IN_TEXT = 3
"""More counted files than this for one requirement become one line of the plain text."""

QUESTIONS = frozenset({"unit-unknown", "notice-unclear", "no-material"})
"""Holds that the sender can resolve with one answer: the letter asks instead of telling."""
STAFF_WORDS = frozenset({"released", "accepted-by-staff"})
NOT_SCANNED = frozenset({"not-scanned"})
"""Of a file that does not count anyhow this is for staff."""
HINTS = frozenset({"unpacked", "photos-only-in-report", "no-material"})
"""Notes that explain what became of the contents of a file, and what of a mail without any."""


def render(words: Words, reply: Reply) -> Rendered:
    """The receipt or return that answers one mail."""
    values = {"reply": reply, "body": Body.of(reply), "rows": ROWS_IN_TABLE}
    return Rendered(
        subject=words.line("letters/reply.subject", **values),
        text=words.text("letters/reply.txt", **values),
        html=words.page("letters/reply.html", **values),
    )


@dataclass(frozen=True, slots=True)
class File:
    """One counted file as the letter lists it. `size` in octets, `checksum` the head of its SHA-256."""

    name: str
    size: int
    seconds: float | None
    width: int | None
    height: int | None
    pages: int | None
    checksum: str

    @classmethod
    def of(cls, assessment: Assessment) -> File:
        material, facts = assessment.examined.material, assessment.examined.facts
        checksum = material.sha256[:CHECKSUM_DIGITS]
        name = clean(material.origin)
        return cls(name, material.size, facts.seconds, facts.width, facts.height, facts.pages, checksum)


@dataclass(frozen=True, slots=True)
class Group:
    """The files of this mail that counted for one requirement."""

    requirement: Requirement
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def collapsed(self) -> bool:
        return len(self.files) > FILES_IN_TEXT

    @property
    def smallest(self) -> File | None:
        """The file with the fewest pixels, None when none has any."""
        measured = [file for file in self.files if file.width and file.height]
        return min(measured, key=lambda file: (file.width or 0) * (file.height or 0), default=None)


@dataclass(frozen=True, slots=True)
class Body:
    """What the letter tells, sorted: the contents of its numbered paragraphs.

    `earlier` are names of requirements met by earlier mails, `waiting` of those that wait for a person
    because of earlier mails, `decided` the files that staff decided about, `questions` codes to ask about.
    `inside` tells of photos that count inside a report, `hints` what became of the contents of a file, or that this
    mail had none.
    """

    repairs: tuple[Remark, ...]
    holds: tuple[Remark, ...]
    asides: tuple[Remark, ...]
    counted: tuple[Group, ...]
    inside: tuple[Remark, ...]
    earlier: tuple[str, ...]
    missing: tuple[Item, ...]
    waiting: tuple[str, ...]
    decided: tuple[str, ...]
    hints: tuple[Remark, ...]
    questions: frozenset[str]
    late: bool

    @classmethod
    def of(cls, reply: Reply) -> Body:
        counted, inside = tuple(_groups(reply)), tuple(_notes(reply, {"photos-in-report"}))
        now = {group.requirement.name for group in counted} | {said.requirement for said in inside}
        return cls(
            repairs=tuple(_remarks(reply, Severity.FAULT)),
            holds=tuple(said for said in _remarks(reply, Severity.HOLD) if said.code not in QUESTIONS),
            asides=tuple(_asides(reply)),
            counted=counted,
            inside=inside,
            earlier=tuple(name for name in reply.accepted_items if name not in now),
            missing=_missing(reply),
            waiting=_waiting(reply),
            decided=tuple(clean(each.examined.material.origin) for each in _decided(reply)),
            hints=tuple(_notes(reply, HINTS)),
            questions=_questions(reply),
            late=reply.verdict.late and reply.deadline is not None,
        )


def _questions(reply: Reply) -> frozenset[str]:
    """What to ask the sender, all in one letter: who does not know the unit may as well ask for the notice."""
    if reply.state is not LetterState.HELD:
        return frozenset()
    asked = QUESTIONS & {finding.code for finding in reply.verdict.findings}
    return asked | {"notice-unclear"} if asked and reply.notice is None else asked


def _requirements(reply: Reply) -> dict[str, Requirement]:
    return {each.key: each for each in reply.notice.requirements} if reply.notice else {}


def _groups(reply: Reply) -> Iterator[Group]:
    for requirement in _requirements(reply).values():
        files = tuple(
            File.of(each) for each in reply.verdict.assessments if each.counted and each.requirement == requirement.key
        )
        if files:
            yield Group(requirement, files)


def _findings(reply: Reply) -> Iterator[tuple[Finding, str]]:
    """Every finding with the origin of the material it is about, empty for those about the mail as a whole."""
    origins = {}
    for assessment in reply.verdict.assessments:
        material = assessment.examined.material
        origins[material.sha256] = material.origin
        for finding in assessment.findings:
            yield finding, material.origin
    for finding in reply.verdict.findings:
        yield finding, origins.get(finding.material or "", "")


def _remarks(reply: Reply, severity: Severity) -> Iterator[Remark]:
    for finding, origin in _findings(reply):
        if finding.severity is severity:
            yield remark(finding, _requirements(reply), origin)


def _notes(reply: Reply, codes: Set[str]) -> Iterator[Remark]:
    for finding, origin in _findings(reply):
        if finding.code in codes and finding.severity is Severity.NOTE:
            yield remark(finding, _requirements(reply), origin)


def _asides(reply: Reply) -> Iterator[Remark]:
    """Why files did not count that nothing is wrong with; what staff overlooked is not told to the sender."""
    for each in reply.verdict.assessments:
        if each.counted or each.state is not None:
            continue
        for finding in each.findings:
            if finding.severity is Severity.NOTE and finding.code not in STAFF_WORDS | HINTS | NOT_SCANNED:
                yield remark(finding, {}, each.examined.material.origin)


def _decided(reply: Reply) -> Iterator[Assessment]:
    for each in reply.verdict.assessments:
        if any(finding.code in STAFF_WORDS for finding in each.findings):
            yield each


def _missing(reply: Reply) -> tuple[Item, ...]:
    """What is still to come, but for what a fault of this very mail asks for already."""
    if reply.checklist is None:
        return ()
    faulty = {finding.requirement for finding in reply.verdict.all_findings if finding.severity is Severity.FAULT}
    return tuple(item for item in reply.checklist.open_items if item.requirement.key not in faulty)


def _waiting(reply: Reply) -> tuple[str, ...]:
    if reply.checklist is None:
        return ()
    told = {finding.requirement for finding in reply.verdict.all_findings if finding.severity is Severity.HOLD}
    return tuple(item.requirement.name for item in reply.checklist.held_items if item.requirement.key not in told)
