"""From a Digest to the daily mail in words, its page alone, and the workbook that goes with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intake.adapters.letters.clean import clean
from intake.adapters.letters.words import Remark, Words, remark
from intake.adapters.letters.workbook import XLSX, Sheet, workbook
from intake.domain.digest import REMARKS, Digest, LetterLine, MailLine, Section, UnitRow
from intake.domain.discretion import discreet
from intake.domain.finding import Finding, Severity
from intake.domain.letter import LetterKind, Rendered
from intake.domain.lookalike import looks_like
from intake.domain.masking import masked
from intake.domain.notice import Requirement, Unit
from intake.domain.sealing import SECRET_MARKING
from intake.domain.submission import Entry, UnitState

CUT = 20
"""Lines of a list that the mail shows: of tasks what has waited longest, of what came the newest.

The matrix is never cut, and the workbook has all mails."""


def render(words: Words, digest: Digest) -> Rendered:
    """The digest as a mail, its workbook attached."""
    digest = discreet(digest)
    values = {"digest": digest, "view": View.of(digest)}
    sheets = [_sheet(words.table(f"letters/digest-{name}.tsv", **values)) for name in ("matrix", "mails")]
    return Rendered(
        subject=words.line("letters/digest.subject", **values),
        text=words.text("letters/digest.txt", **values),
        html=words.page("letters/digest.html", **values),
        files=((words.line("letters/digest.filename", **values), XLSX, workbook(sheets, digest.now)),),
    )


def page(words: Words, digest: Digest) -> str:
    """The digest as an HTML page that stands alone."""
    digest = discreet(digest)
    return words.page("letters/digest.html", digest=digest, view=View.of(digest))


class TaskKind(StrEnum):
    """What a person is asked for: to say whose a mail is, or for which notice, to confirm a sender, to fetch a
    file, to look at what came, to say whether it submits at all, only to read it, to try again, to have one sent
    again whose stored octets are lost, to handle one that looks classified, to phone a unit that a letter did not
    reach, or one of which nobody knows whether it did, or to see why a letter to staff failed.
    """

    ASSIGN = "assign"
    NOTICE = "notice"
    CONFIRM = "confirm"
    FETCH = "fetch"
    LOOK = "look"
    DOUBT = "doubt"
    READ = "read"
    PARKED = "parked"
    LOST = "lost"
    SEALED = "sealed"
    PHONE = "phone"
    UNSURE = "unsure"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits for a person; the commands that settle it follow from its kind.

    `sender` is whoever the mail is from, or whom a letter did not reach; `received_at` is None for a letter.
    """

    kind: TaskKind
    ref: str
    unit: Unit | None
    sender: str
    subject: str
    materials: int = 0
    received_at: datetime | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail and what is said of it."""

    line: MailLine
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What the templates need beside the digest itself."""

    tasks: tuple[Task, ...]
    held: tuple[Shown, ...]
    news: tuple[Shown, ...]
    ignored: tuple[Shown, ...]
    healthy: bool
    cut: int = CUT

    @classmethod
    def of(cls, digest: Digest) -> View:
        requirements = {each.key: each for section in digest.sections for each in section.notice.requirements}
        held = _shown(digest.needs_person, requirements)
        return cls(
            tasks=(*map(_task, held), *map(_call, digest.failed_letters), *_confirmations(digest)),
            held=held,
            news=_shown(digest.news, requirements),
            ignored=_shown(digest.ignored, requirements),
            healthy=_healthy(digest),
        )

    def count(self, section: Section, state: str) -> int:
        """How many units of a section are in a state, named as templates name it."""
        return section.count(UnitState(state))


def _shown(lines: Iterable[MailLine], requirements: Mapping[str, Requirement]) -> tuple[Shown, ...]:
    return tuple(Shown(line, tuple(remark(finding, requirements) for finding in line.findings)) for line in lines)


ASKED_BY_CODE = {
    "notice-unclear": TaskKind.NOTICE,
    "unit-unknown": TaskKind.ASSIGN,
    "unit-conflict": TaskKind.ASSIGN,
    "unit-claimed": TaskKind.ASSIGN,
    "sender-refuted": TaskKind.ASSIGN,
    "sender-unverified": TaskKind.ASSIGN,
    "cloud-link": TaskKind.FETCH,
    "relevance-unclear": TaskKind.DOUBT,
    "no-material": TaskKind.READ,
}
"""What a finding asks for, the first that a mail has in this order; all others ask to look."""


def _task(held: Shown) -> Task:
    line = held.line
    sender, subject = clean(line.sender), clean(line.subject)
    return Task(_kind(held), line.ref, line.unit, sender, subject, line.materials, line.received_at, held.remarks)


def _kind(held: Shown) -> TaskKind:
    if held.line.lost:
        return TaskKind.LOST
    if held.line.parked:
        return TaskKind.PARKED
    said = {remark.code for remark in held.remarks}
    if SECRET_MARKING in said:
        return TaskKind.SEALED
    asked = next((kind for code, kind in ASKED_BY_CODE.items() if code in said), TaskKind.LOOK)
    return TaskKind.ASSIGN if held.line.unit is None and asked is not TaskKind.NOTICE else asked


def _call(letter: LetterLine) -> Task:
    kind = TaskKind.UNSURE if letter.doubts else TaskKind.PHONE
    if letter.kind in (LetterKind.DIGEST, LetterKind.ALARM):
        kind = TaskKind.OURS
    return Task(kind, letter.ref, letter.unit, clean(letter.to), clean(letter.subject))


def _confirmations(digest: Digest) -> Iterator[Task]:
    """One task per unit whose sender staff have yet to confirm, named by the first mail that only claims it.

    Beside the offer to learn an address stands whose domain it only looks like.
    """
    own = {each.rpartition("@")[2] for section in digest.sections for row in section.rows for each in row.unit.senders}
    for section in digest.sections:
        for row in section.unconfirmed:
            claimed = next(_claimed(row), None)
            if claimed:
                sender = masked(clean(claimed.sender))
                warned = _warned(claimed.sender, own)
                yield Task(TaskKind.CONFIRM, claimed.mail_ref, row.unit, sender, "", 0, claimed.received_at, warned)


def _warned(sender: str, own: Iterable[str]) -> tuple[Remark, ...]:
    like = looks_like(sender.rpartition("@")[2], own)
    return (remark(Finding("sender-lookalike", Severity.NOTE, {"like": like}), {}),) if like else ()


def _claimed(row: UnitRow) -> Iterator[Entry]:
    entries = (entry for item in row.checklist.items for entry in item.entries)
    return (entry for entry in entries if not entry.tier.trusted)


def _healthy(digest: Digest) -> bool:
    """Nothing that staff should look into: no alarm, the last poll went well, the books balance, only remarks."""
    health = digest.health
    sound = health.reconciliation.balanced and REMARKS.issuperset(health.warnings)
    return not digest.alarms and health.last_ok is True and sound


def _sheet(table: Sequence[Sequence[str]]) -> Sheet:
    """A table whose first line is the name of the sheet."""
    (title, *_), *rows = table
    return Sheet(title, tuple(tuple(row) for row in rows))
