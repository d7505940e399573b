"""What is decided about one mail: Disposition, the fate of every material, all findings at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intake.domain.finding import Finding, Severity
from intake.domain.identity import NOBODY, Identity
from intake.domain.material import Examined
from intake.domain.submission import EntryState


class Disposition(StrEnum):
    """ACCEPTED: something counted. RETURNED: materials came, none could count. HELD: a person decides.
    IGNORED: not ours to answer. COMMAND: from staff.
    """

    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"
    HELD = "HELD"
    IGNORED = "IGNORED"
    COMMAND = "COMMAND"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The fate of one material: counted for a requirement, held, faulty, or (state None) kept beside with a note."""

    examined: Examined
    requirement: str | None = None
    state: EntryState | None = None
    counted: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole decision about one mail. `answer` says whether a letter is owed; `notice_id` what it belongs to.

    `filed` says whether what it brought was held against the notice and belongs to the unit's submission.
    """

    disposition: Disposition
    identity: Identity = NOBODY
    notice_id: str | None = None
    assessments: tuple[Assessment, ...] = ()
    findings: tuple[Finding, ...] = ()
    late: bool = False
    answer: bool = False
    filed: bool = False

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those of the materials first, in the mail's order, then those of the mail as a whole."""
        return (*(finding for each in self.assessments for finding in each.findings), *self.findings)

    def has(self, severity: Severity) -> bool:
        return any(finding.severity is severity for finding in self.all_findings)
