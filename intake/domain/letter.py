"""A mail we owe: what it tells whom, before any word of it is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intake.domain.finding import Severity
from intake.domain.notice import Notice, Unit
from intake.domain.submission import Checklist, ItemState
from intake.domain.verdict import Verdict


class LetterKind(StrEnum):
    """回执, 补正通知, 催报, 日报 and the alarm to operators."""

    RECEIPT = "receipt"
    RETURN = "return"
    REMINDER = "reminder"
    DIGEST = "digest"
    ALARM = "alarm"


class LetterState(StrEnum):
    """What the subject says first. A letter has exactly one; the first that applies, in this order."""

    REPAIR = "repair"
    HELD = "held"
    PARTIAL = "partial"
    LATE = "late"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Reply:
    """All that the answer to one mail tells. Built from our own data only: no word of the sender's text.

    `checklist` is the unit's as this sender may see it; None while the unit or notice is not clear.
    `replaced` are names of requirements of which this mail's files count now instead of earlier ones.
    `earlier` are the ref and arrival of mails shortly before that it answers, too; their files are in `verdict`.
    Times are aware; the renderer shows them in the office's zone.
    """

    ref: str
    verdict: Verdict
    received_at: datetime
    now: datetime
    unit: Unit | None = None
    notice: Notice | None = None
    deadline: datetime | None = None
    checklist: Checklist | None = None
    replaced: tuple[str, ...] = ()
    earlier: tuple[tuple[str, datetime], ...] = ()

    @property
    def state(self) -> LetterState:
        if self.verdict.has(Severity.FAULT):
            return LetterState.REPAIR
        if self.checklist is None or self.verdict.has(Severity.HOLD) or self.checklist.held_items:
            return LetterState.HELD
        if self.checklist.open_items:
            return LetterState.PARTIAL
        return LetterState.LATE if self.verdict.late else LetterState.COMPLETE

    @property
    def kind(self) -> LetterKind:
        return LetterKind.RETURN if self.state is LetterState.REPAIR else LetterKind.RECEIPT

    @property
    def provisional(self) -> bool:
        """Whether staff have yet to confirm that the sender speaks for the unit."""
        return self.unit is not None and not self.verdict.identity.tier.trusted

    @property
    def missing_count(self) -> int:
        """How many requirements nothing valid or pending has come for."""
        return len(self.checklist.open_items) if self.checklist else 0

    @property
    def accepted_items(self) -> tuple[str, ...]:
        """Names of the requirements that are met and need not be sent again."""
        if self.checklist is None:
            return ()
        return tuple(item.requirement.name for item in self.checklist.items if item.state is ItemState.OK)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter in words: one subject line, plain text that stands alone, HTML, and files (name, type, octets)."""

    subject: str
    text: str
    html: str
    files: tuple[tuple[str, str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Posting:
    """Everything the wire needs. An empty `envelope_from` is the null sender (RFC 3834 section 3.3)."""

    kind: LetterKind
    to: tuple[str, ...]
    rendered: Rendered
    message_id: str
    date: datetime
    envelope_from: str = ""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
