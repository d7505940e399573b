"""The records as the stages need them: each context is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias, TypeVar

from intake.domain.alarm import Bulletin, Standing
from intake.domain.burst import Waiting
from intake.domain.case import Case
from intake.domain.digest import Digest, Mark
from intake.domain.fates import NOTHING_WAIVED, Waived
from intake.domain.identity import Acquaintance
from intake.domain.letter import Reply
from intake.domain.mail import Message
from intake.domain.material import Material
from intake.domain.notice import Notice
from intake.domain.patience import Wait
from intake.domain.replying import Letters
from intake.domain.submission import Entry
from intake.domain.verdict import Verdict
from intake.ports.chronicle import Chronicle
from intake.ports.letters import Draft, Outbox
from intake.ports.mending import Mending
from intake.ports.retention import Retention
from intake.ports.sealing import Sealing
from intake.ports.world import Arrival, Blob, FolderState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What staff decided about a mail: whose it is, for which notice, what to overlook and why; how often."""

    assigned: str | None = None
    waived: Waived = NOTHING_WAIVED
    number: int = 0
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A mail that was taken and is to be decided. `attempts` counts earlier examinations that came to nothing."""

    id: int
    ref: str
    sha256: str
    size: int
    received_at: datetime
    attempts: int
    ruling: Ruling
    cut: bool = False
    """Only its beginning was fetched: it is larger than what is taken."""
    attached: tuple[Material, ...] = ()
    """Files that staff added to it."""
    junk: str | None = None
    """The folder for unwanted mail in which alone it lies."""
    lifted: bool = False
    """Two people said that it is no classified mail."""
    unscanned: bool = False
    """It was decided before, when the scanner had not seen all of it."""


Particulars: TypeAlias = tuple[int, int, datetime | None]
"""UID, RFC822.SIZE and INTERNALDATE: what tells a mail where UIDs prove nothing."""


class Ledger(Protocol):
    """What receive writes: which mails there are and how far each folder has been read."""

    def went_back(self, state: FolderState) -> bool:
        """Whether UIDNEXT is not above what was read already, as after a restore from a backup."""

    def watermark(self, state: FolderState, now: datetime) -> int:
        """The highest UID read so far; 0 for a folder that is new, was renumbered, or has no UIDVALIDITY."""

    def only(self, folders: Sequence[str]) -> None:
        """Leave all other folders out of the sums: they are not read any more."""

    def known(self, state: FolderState) -> int:
        """How many mails of the folder are accounted for: seen, postponed, or older than every notice."""

    def particulars(self, state: FolderState) -> frozenset[Particulars]:
        """Those of the mails that are accounted for and not older, in a folder without UIDVALIDITY."""

    def older(self, arrivals: Sequence[Arrival]) -> None:
        """Count mails from before every notice, and move the watermark over them."""

    def take(self, arrival: Arrival, blob: Blob, now: datetime, *, cut: bool = False) -> Taken:
        """Record a mail whose octets (cut: only the first of them) are durable, and move the watermark."""

    def step_over(self, arrival: Arrival, why: str, now: datetime) -> None:
        """Move the watermark over a mail that is not on the server any more."""

    def postpone(self, arrival: Arrival, why: str, now: datetime) -> datetime:
        """Move the watermark over a mail that cannot be fetched now, and note when to come back to it."""

    def postponed(self, folder: str, now: datetime) -> list[Arrival]:
        """The mails of a folder that it is time to come back to, as they were seen."""

    def reconcile(self, folder: str, uids: Iterable[int], now: datetime) -> list[int]:
        """Note which mails have left the folder, or are back, given the UIDs that are there up to the watermark.

        Answers those of which nothing is known when they are more than the older ones: an earlier list left some out.
        None of them is counted as older then.
        """

    def counted(self, state: FolderState, now: datetime) -> None:
        """Note how many mails the server has."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a mail came to: its ref, whether its content was new, whether that must not stay in the store."""

    ref: str
    new: bool
    sealed: bool = False


class Desk(Protocol):
    """What examine reads and writes about one mail."""

    def acquaintance(self, pending: Pending, message: Message) -> Acquaintance: ...

    def entries(self, unit: str, notice_id: str, other_than: int) -> tuple[Entry, ...]:
        """What mails other than this one handed in for a unit and a notice; locks the submission."""

    def deadline(self, unit: str, notice: Notice) -> datetime:
        """The deadline of this unit, extensions included."""

    def letters(self, case: Case, now: datetime, waiting: Sequence[Waiting]) -> Letters:
        """What went to the mail's sender, and to all, but for what its answer may take the place of; and whether the
        mail brings what its sender has not sent yet.
        """

    def waiting(self, case: Case, unit: str, notice_id: str) -> tuple[Waiting, ...]:
        """Answers to the mail's sender about a unit and a notice of which nothing has left; locks them."""

    def renew(self, pending: Pending, verdict: Verdict) -> Pending:
        """The mail as one that is answered anew, when the scanner saw what it had not, and files fare otherwise."""

    def came_first(self, pending: Pending, message: Message, files: Collection[str]) -> datetime:
        """When an accepted mail came that this one repeats (sender, Message-ID and `files`): a copy that comes
        later, by another way, is no newer version. Else, when it came itself.
        """

    def record(  # noqa: PLR0913, PLR0917
        self,
        case: Case,
        verdict: Verdict,
        pending: Pending,
        now: datetime,
        reply: str = "",
        stored: Sequence[str] = (),
    ) -> None:
        """Write the decision: mail, materials, links, entries, submission and event with the rule for answers.

        Of what was `stored` on the way it names as to be discarded what is no file of the mail after all.
        """

    def seal(self, pending: Pending, pieces: Sequence[str], now: datetime) -> None:
        """Write that the mail looks classified, and nothing of what it says; `pieces` are hashes of what was in it."""

    def post(self, draft: Draft, mail_id: int | None, now: datetime) -> bool:
        """Put a letter into the outbox; False when its key is there already."""

    def undelivered(self, message_ids: Sequence[str], pending: Pending, now: datetime) -> None:
        """Note that letters of ours came back, as the bounce `pending` says."""

    def digested(self, day: date, upto: Mark, now: datetime) -> None:
        """Note that the digest of a day was made, and how far the records had gone that it tells of."""

    def failed(self, pending: Pending, error: str, retry_at: datetime | None, now: datetime) -> None:
        """Note a failed attempt; without a time to retry the mail is parked."""

    def spoilt(self, pending: Pending, sha256: str, why: str, now: datetime) -> None:
        """Note that stored octets are not what they were. The mail waits until they are had again; no attempt counts.

        What is no file of the mail itself and was not added by staff is taken out of the mail again soon.
        """


class Claim(Protocol):
    """One mail that this process examines. A claim that is left without `settle` never was: nothing is counted."""

    @property
    def pending(self) -> Pending: ...

    def keep(self) -> None:
        """Say between two pieces of work that we are still at it. Deferred when the claim is lost."""

    def settle(self, result: Callable[[Desk], T]) -> T | None:
        """Write the result, all of it in one transaction or nothing, and end the claim; what `result` answered.

        None, and nothing is written, when the mail is not ours to decide any more: staff ruled meanwhile. Deferred
        when the database does not take it. An exception of `result` leaves the claim as it was. `result` may be run
        more than once: it does nothing but read and write at the desk.
        """


class Patience(Protocol):
    """Which servers refused our login: by "imap" or "smtp"."""

    def wait(self, server: str) -> Wait | None: ...

    def keep(self, wait: Wait) -> None:
        """Put a wait on record in place of the server's earlier one."""

    def forget(self, server: str) -> None: ...


class Alarms(Protocol):
    """What watch writes: the alarms on record, and the letters about them."""

    def keep(self, standing: Standing, now: datetime) -> None:
        """Put an alarm on record as it stands now."""

    def post(self, draft: Draft, now: datetime) -> bool:
        """Put a letter into the outbox; False when its key is there already."""


class Records(Protocol):
    """The desks; each `with` is one transaction."""

    def claim(
        self, now: datetime, *, only: int | None = None, passing: Collection[int] = ()
    ) -> AbstractContextManager[Claim | None]:
        """The mail that came first of those that are due, or `only` this one, due or not; None when there is none.

        That its examination begins is on record before the block is entered, so that a mail which kills us is
        counted, too. Mails that others are at, and those of `passing`, are left out.
        """

    def unscanned(self, now: datetime) -> int:
        """How many decided mails have files that no scanner has seen, and are due to be shown to it again."""

    def scan_again(self, now: datetime) -> int:
        """Have those mails examined again; how many they are."""

    def ledger(self) -> AbstractContextManager[Ledger]: ...

    def desk(self) -> AbstractContextManager[Desk]: ...

    def outbox(self) -> AbstractContextManager[Outbox]: ...

    def patience(self) -> AbstractContextManager[Patience]: ...

    def alarms(self) -> AbstractContextManager[Alarms]: ...

    def mending(self) -> AbstractContextManager[Mending]: ...

    def sealing(self) -> AbstractContextManager[Sealing]: ...

    def retention(self) -> AbstractContextManager[Retention]: ...

    def compact(self) -> bool:
        """Write what was deleted out of the database's log, too; False when that must wait for who reads it."""

    def chronicle(self) -> AbstractContextManager[Chronicle]: ...

    def message_key(self) -> bytes:
        """The secret that makes our Message-IDs unforgeable."""


class Stationery(Protocol):
    """Turns what is to be told into a letter on the wire."""

    def reply(self, reply: Reply, case: Case, ruling: Ruling) -> Draft | None:
        """The answer to a mail, or None when there is no address to answer to."""

    def digest(self, digest: Digest) -> tuple[Draft, ...]:
        """The daily digest as letters to staff: one each, so that one full mailbox delays nobody else's."""

    def alarm(self, bulletin: Bulletin) -> tuple[Draft, ...]:
        """The letters to operators about alarms: one each."""
