"""The reasons to find fault with one material, one small class each, and the table in which they are asked.

A reason looks at the facts and, where it applies, answers with the measured detail. All reasons are asked;
all findings are said at once. Words for the codes live in templates/words/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

from intake.domain.finding import Detail, Finding, Severity
from intake.domain.material import Condition, Examined
from intake.domain.notice import Kind, Requirement


class Reason(Protocol):
    """One reason to find fault: `find` gives the detail to tell, or None when there is nothing to say."""

    code: ClassVar[str]
    severity: ClassVar[Severity]

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None: ...


class FileEmpty:
    code: ClassVar[str] = "file-empty"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:  # noqa: ARG002
        return {} if examined.facts.condition is Condition.EMPTY else None


class FileLocked:
    code: ClassVar[str] = "file-locked"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:  # noqa: ARG002
        return {} if examined.facts.condition is Condition.LOCKED else None


class FileDamaged:
    code: ClassVar[str] = "file-damaged"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        damaged = examined.facts.condition is Condition.DAMAGED and requirement.kind is not Kind.VIDEO
        return {} if damaged else None


class VideoDamaged:
    code: ClassVar[str] = "video-damaged"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        damaged = examined.facts.condition is Condition.DAMAGED and requirement.kind is Kind.VIDEO
        return {} if damaged else None


class NotInspected:
    """What could not be measured is neither passed nor rejected."""

    code: ClassVar[str] = "not-inspected"
    severity: ClassVar[Severity] = Severity.HOLD

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        unknown = examined.facts.condition is Condition.UNMEASURED and requirement.kind is not Kind.VIDEO
        return {"format": examined.facts.format} if unknown else None


class VideoUnmeasurable:
    code: ClassVar[str] = "video-unmeasurable"
    severity: ClassVar[Severity] = Severity.HOLD

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        if requirement.kind is not Kind.VIDEO:
            return None
        facts = examined.facts
        unmeasured = facts.condition is Condition.UNMEASURED
        lengthless = facts.condition is Condition.SOUND and facts.kind is Kind.VIDEO and facts.seconds is None
        return {} if unmeasured or lengthless else None


class FormatNotAccepted:
    code: ClassVar[str] = "format-not-accepted"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        facts = examined.facts
        untold = facts.condition is Condition.UNMEASURED and facts.format == "unknown"
        if untold or facts.condition in (Condition.EMPTY, Condition.DAMAGED) or facts.format in requirement.formats:
            return None
        return {"format": facts.format, "allowed": ", ".join(requirement.formats)}


class VideoTooLong:
    """The packets decide, and what an edit list hides counts too; the container's header has no say."""

    code: ClassVar[str] = "video-too-long"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        facts, limit = examined.facts, requirement.max_seconds
        if limit is None or facts.seconds is None or facts.condition is not Condition.SOUND:
            return None
        seconds = max(facts.seconds, facts.hidden_seconds or 0.0)
        if seconds <= limit + requirement.tolerance_seconds:
            return None
        return {"seconds": round(seconds, 2), "limit": limit, "excess": round(seconds - limit, 2)}


class PhotoTooSmall:
    code: ClassVar[str] = "photo-too-small"
    severity: ClassVar[Severity] = Severity.FAULT

    def find(self, examined: Examined, requirement: Requirement) -> Detail | None:
        width, height = examined.facts.width, examined.facts.height
        if not requirement.min_pixels or not width or not height or width * height >= requirement.min_pixels:
            return None
        return {"width": width, "height": height, "need": requirement.min_pixels}


REASONS: tuple[Reason, ...] = (
    FileEmpty(),
    FileLocked(),
    FileDamaged(),
    VideoDamaged(),
    NotInspected(),
    VideoUnmeasurable(),
    FormatNotAccepted(),
    VideoTooLong(),
    PhotoTooSmall(),
)

CODES = frozenset(reason.code for reason in REASONS) | {
    # about a material, beside the table: see fates.py
    "not-counted-decoration", "duplicate", "extra-document", "kept-aside", "claimed-not-counted", "unpacked",
    "archive-refused", "photos-in-report", "photos-only-in-report", "malware", "not-scanned", "sender-unconfirmed",
    # about the mail: see judge.py
    "cloud-link", "cloud-link-expired", "too-large", "no-material", "not-all-read",
    "secret-marking", "sender-refuted", "sender-unverified", "unit-unknown", "unit-conflict", "unit-claimed",
    "notice-unclear", "relevance-unclear", "late", "found-in-junk", "sender-lookalike", "released", "accepted-by-staff",
    # why a mail is not ours to answer: see robots.py and recognise.py
    "own-letter", "read-receipt", "bounce", "automatic-reply", "mailing-list", "staff-mail", "not-a-submission",
}  # fmt: skip
"""Every code there is, but for "<requirement key>-missing"."""


def find_faults(examined: Examined, requirement: Requirement) -> Iterator[Finding]:
    """All findings of all reasons about one material that is to serve one requirement."""
    for reason in REASONS:
        detail = reason.find(examined, requirement)
        if detail is not None:
            yield Finding(reason.code, reason.severity, detail, examined.material.sha256, requirement.key)
