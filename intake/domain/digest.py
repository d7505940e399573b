"""What staff read once a day, as values: exceptions first, then news, the matrix, and how the service is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from intake.domain.alarm import Standing
from intake.domain.finding import Finding
from intake.domain.letter import LetterKind
from intake.domain.mail import Locator
from intake.domain.notice import Notice, Unit
from intake.domain.submission import Checklist, UnitState
from intake.domain.verdict import Disposition


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the records had gone: the places of the last event on their chain and of the last poll.

    News are told apart by these and not by times: a clock that was wrong for a while can neither hide nor repeat one.
    """

    event: int
    poll: int


@dataclass(frozen=True, slots=True)
class Told:
    """A digest that was made: for which day, when (as the clock stood then), and how far the records had gone."""

    day: date
    at: datetime
    upto: Mark


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One line of the matrix: a unit and its checklist now."""

    unit: Unit
    checklist: Checklist
    last_mail_at: datetime | None
    deadline: datetime

    @property
    def to_repair(self) -> bool:
        """Whether something came and none of it counts or waits: all of it must be sent again."""
        return self.checklist.state is UnitState.PARTIAL and not any(item.entries for item in self.checklist.items)


@dataclass(frozen=True, slots=True)
class MailLine:
    """One mail as a line: `unit` is None when nobody could be named, `findings` say why it is here.

    `sender` and `subject` are the sender's own words, cleaned to one line; they are shown to staff only.
    """

    ref: str
    received_at: datetime
    disposition: Disposition | None
    unit: Unit | None
    sender: str
    subject: str
    materials: int
    findings: tuple[Finding, ...]
    parked: bool = False
    lost: bool = False
    """Its stored octets are spoilt, and it is not on the server any more."""


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One letter that did not get through, or of which nobody knows: `doubts` copies left and were not answered."""

    ref: str
    unit: Unit | None
    to: str
    subject: str
    error: str
    attempts: int
    doubts: int = 0
    kind: LetterKind = LetterKind.RECEIPT


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A file that came as a link and is not here yet: `expires` is None when the mail does not tell."""

    ref: str
    unit: Unit | None
    provider: str
    filename: str | None
    size: int | None
    expires: datetime | None
    url: str


@dataclass(frozen=True, slots=True)
class UnfetchedLine:
    """A mail that the server lists and does not give: tried again for ever; `size` in octets is None when not told."""

    place: Locator
    received_at: datetime
    size: int | None
    since: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Section:
    """One notice: the matrix and who is missing. `newly_complete` counts since the last digest.

    `workdays_left` counts working days up to the deadline, both ends included; negative once it has passed.
    """

    notice: Notice
    rows: tuple[UnitRow, ...]
    newly_complete: int
    workdays_left: int

    def count(self, state: UnitState) -> int:
        return sum(row.checklist.state is state for row in self.rows)

    @property
    def to_repair(self) -> int:
        """How many of the partial units are so only because nothing of what came counts."""
        return sum(row.to_repair for row in self.rows)

    @property
    def unconfirmed(self) -> tuple[UnitRow, ...]:
        """Units whose materials count provisionally until staff confirm the sender."""
        return tuple(row for row in self.rows if row.checklist.tier is not None and not row.checklist.tier.trusted)

    @property
    def missing(self) -> tuple[UnitRow, ...]:
        return tuple(row for row in self.rows if row.checklist.state is UnitState.MISSING)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Mails on the server = all that we account for. `on_server` is None before the first poll.

    `parked` gave up after repeated failure, `pending` was taken and not yet decided, `copies` are further
    sightings of a mail already counted, `unread` lies on the server and has not been taken yet, `postponed` lies there
    and could not be fetched.
    """

    on_server: int | None
    accepted: int = 0
    returned: int = 0
    held: int = 0
    ignored: int = 0
    older: int = 0
    parked: int = 0
    pending: int = 0
    copies: int = 0
    unread: int = 0
    postponed: int = 0

    @property
    def accounted(self) -> int:
        return (
            self.accepted + self.returned + self.held + self.ignored + self.older
            + self.parked + self.pending + self.copies + self.unread + self.postponed
        )  # fmt: skip

    @property
    def balanced(self) -> bool:
        return self.on_server is None or self.on_server == self.accounted


REMARKS = frozenset({"holidays-unknown", "children-without-seccomp"})
"""Warnings that staff should know of although nothing is wrong."""

WARNINGS = REMARKS | {"scanner-away", "scanner-blind", "scans-given-up", "signatures-old"}
"""All that Health.warnings may hold."""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the chain of events: how many there are, and the hash (hex) of the last one."""

    count: int
    hash: str

    @property
    def short(self) -> str:
        """What a person can copy from paper; enough that no other chain has it by chance."""
        return self.hash[:16]


@dataclass(frozen=True, slots=True)
class Health:
    """The heartbeat: polls since the last digest, when one last succeeded, what waits, what went wrong.

    `warnings` are codes; the words for each live in templates/words/digest.j2.
    """

    polls: int
    failed_polls: int
    last_poll_at: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    backlog: int
    free_bytes: int
    reconciliation: Reconciliation
    warnings: tuple[str, ...] = ()
    last_ok: bool | None = None
    """How the last poll that ended went; None before the first."""
    audit: AuditHead | None = None


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """Automatic mails since the last digest; `due` is what waits now, `waiting_for` why the last one put off waits,
    `held` what is written and waits for staff.
    """

    receipts: int
    returns: int
    failed: int
    due: int
    waiting_for: str | None = None
    held: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """The whole daily digest. `since` is when the last one was made, None for the first.

    `alarms` are those that stand; `unreached` the letters that failed earlier, to whose address none got through since.
    """

    day: date
    now: datetime
    since: datetime | None
    sections: tuple[Section, ...]
    needs_person: tuple[MailLine, ...]
    news: tuple[MailLine, ...]
    ignored: tuple[MailLine, ...]
    failed_letters: tuple[LetterLine, ...]
    letters: LetterCounts
    health: Health
    shadow: bool = False
    links: tuple[LinkLine, ...] = ()
    unfetched: tuple[UnfetchedLine, ...] = ()
    alarms: tuple[Standing, ...] = ()
    unreached: tuple[str, ...] = ()
