"""The outside world as the stages need it: mailbox, files, reading, inspecting, sending, and how each can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from intake.domain.mail import Locator, Message
from intake.domain.material import Examined, Facts, Material, Scan
from intake.domain.patience import Refusal

Clock: TypeAlias = Callable[[], datetime]
"""Answers the present instant, aware."""


class Deferred(Exception):
    """The world is not available: nothing has changed, try again later. The text is for operators."""


class Killed(Deferred):
    """Who looked at a mail was killed from outside, by a person or for want of memory. Nobody knows whether the mail
    was to blame: it is tried again, and the attempt counts.
    """


class Unreachable(Deferred):
    """There is no talking to the server at all: what was not even tried does not count as an attempt."""


class Disconnected(Deferred):
    """The connection to the server was lost, or is of no use any more: it may be opened again."""


class Unusable(Deferred):
    """The server refused one command, or its answer cannot be read; the connection still stands."""


class LoginRefused(Unreachable):
    """The server did not let us in: ask again seldom, or it locks the account. `refusal` says what it disliked."""

    def __init__(self, text: str, refusal: Refusal = Refusal.CREDENTIALS) -> None:
        super().__init__(text)
        self.refusal = refusal


class Throttled(LoginRefused):
    """We are let in, and nothing of ours is taken for a while: a rate limit, or a sender that may not send."""

    def __init__(self, text: str) -> None:
        super().__init__(text, Refusal.RATE)


class InDoubt(Deferred):
    """All of a letter left, its final dot too, and no answer came: whether it was taken, nobody knows."""

    refusal = Refusal.MUTE


class Owed(Deferred):
    """Some recipients have the letter; `recipients` have not, and may take it later."""

    def __init__(self, text: str, recipients: tuple[str, ...]) -> None:
        super().__init__(text)
        self.recipients = recipients


class DiskLow(Deferred):
    """The disk has less room than the largest mail needs: nothing is fetched until there is more."""


class Spoilt(Deferred):
    """Stored octets are missing, or not what their name says (they lie in corrupt/ then): nothing is read from them.

    `what` is one of a few words of ours for operators.
    """

    def __init__(self, sha256: str, what: str) -> None:
        super().__init__(f"blob {sha256}: {what}")
        self.sha256 = sha256
        self.what = what


class Refused(Exception):
    """The world said no for good (SMTP 5xx): trying again is pointless. The text is for operators."""


class Oversized(Exception):
    """The mail has more octets than are taken: a person looks at it. The text is for operators."""


@dataclass(frozen=True, slots=True)
class FolderState:
    """What selecting a folder told: UIDVALIDITY (0 when the server gave none), mails in it, UIDNEXT if given.

    Without a UIDVALIDITY the UIDs of one session prove nothing in the next.
    """

    folder: str
    uidvalidity: int
    exists: int
    uidnext: int | None
    junk: bool = False
    """Whether the server keeps unwanted mail here."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail seen on the server and not yet read: its place, RFC822.SIZE in octets (a hint), INTERNALDATE."""

    locator: Locator
    size: int
    internal_date: datetime


class Sink(Protocol):
    """Where octets go, piece by piece: a file, or a blob on its way."""

    def write(self, data: bytes, /) -> int: ...


class Mailbox(Protocol):
    """A logged-in, read-only view of the office mailbox.

    Raises Unusable for trouble with one command, Disconnected when the connection is lost or late.
    """

    def junk(self) -> tuple[str, ...]:
        """The folders in which the server keeps unwanted mail."""

    def select(self, folder: str) -> FolderState: ...

    def uids(self, state: FolderState, first: int, last: int | None = None) -> list[int]:
        """The UIDs from `first` to `last` (None: to the end) that are on the server now, in rising order."""

    def arrivals(self, state: FolderState, uids: Sequence[int], *, singly: bool = False) -> Iterator[Arrival]:
        """Those of the mails that are still there, with what the server says of them.

        `singly` after a connection was lost over such a list: every mail is asked about for itself, and the one that
        breaks the connection is named before.
        """

    def look(self, arrival: Arrival) -> Arrival | None:
        """What the server says of a mail now; None when it is gone."""

    def exceeds(self, arrival: Arrival, octets: int) -> bool:
        """Whether the mail really has more octets than that: RFC822.SIZE is a hint."""

    def download(self, arrival: Arrival, sink: Sink, cap: int) -> int | None:
        """Write the mail's octets to `sink`; their number, or None when the mail is gone. Never sets \\Seen.

        Raises Oversized when there are more than `cap`; whatever was written by then is no mail.
        """

    def beginning(self, arrival: Arrival, sink: Sink) -> int | None:
        """Write the first MiB at most: the headers of a mail that is too large to be fetched."""


OpenMailbox: TypeAlias = Callable[[], AbstractContextManager[Mailbox]]


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored run of octets: named by its hash, `size` in octets."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Room:
    """What may still be written at a place: `octets`, and how many `files`, None where nobody counts them."""

    place: str
    octets: int
    files: int | None = None


class BlobWriter(Sink, Protocol):
    """Octets on their way into the store; nothing exists under its final name before `commit`."""

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""

    def commit(self, announced: int | None = None) -> Blob:
        """Make the octets durable (fsync of file and folder) and give them their name.

        Deferred when the disk fails, or when not as many octets came as were `announced`: nothing is stored then.
        """


class Blobs(Protocol):
    """Octets by hash. Raises Deferred when the disk does not take or give them."""

    def writer(self) -> AbstractContextManager[BlobWriter]: ...

    def path(self, sha256: str) -> Path:
        """Where a blob is, stored or not."""

    def fault(self, sha256: str) -> str | None:
        """What is wrong with a blob, in words for operators; None when its octets are those of its name."""

    def verified(self, sha256: str) -> Path:
        """Where a blob is, its octets hashed once more; Spoilt when they are not there or not those of its name."""

    def held(self, sha256s: Iterable[str]) -> AbstractContextManager[None]:
        """Nothing is removed while the block lasts; Deferred when one of these was removed a moment ago.

        For the transaction that records what was stored: until then nobody knows that it is in use.
        """

    def remove_unless(self, sha256: str, used: Callable[[], bool]) -> bool:
        """Durably remove what is stored under this name, if anything is, unless it is `used`; whether it was not."""

    def set_apart(self, sha256: str) -> None:
        """Move what is stored under this name to the sealed ones, where nothing reads it."""

    def put_back(self, sha256: str) -> None:
        """Move what is sealed to the stored ones."""

    def destroy(self, sha256: str) -> None:
        """Durably remove it, stored or sealed."""

    def room(self) -> Room: ...


class Reader(Protocol):
    """From stored octets to a Message and its Materials, whatever the octets; Deferred when the disk fails."""

    def __call__(self, raw: Path, blobs: Blobs, /) -> tuple[Message, tuple[Material, ...]]: ...


class Signatures(Protocol):
    """The domains whose DKIM signature of a stored mail is valid; none whatever fails."""

    def __call__(self, raw: Path, message: Message, /) -> frozenset[str]: ...


class Inspector(Protocol):
    """Facts of one file, measured in a child process: Facts whatever the file does, Deferred when no child can run."""

    def __call__(self, path: Path, filename: str, /) -> Facts: ...


class Scanner(Protocol):
    """Looks for malware in an open file of `size` octets. Deferred when the scanner does not answer."""

    def __call__(self, file: BinaryIO, size: int, /) -> Scan: ...

    def prove(self) -> None:
        """Try whether it tells of what it did not look at. Deferred when not: it may then pass anything as clean."""


class Looker(Protocol):
    """All materials of one mail measured, those inside containers too. Deferred when no child can run.

    `alive` is called between two materials. What there is no time for is UNMEASURED.
    """

    def __call__(
        self, materials: Sequence[Material], blobs: Blobs, alive: Callable[[], None], /
    ) -> tuple[Examined, ...]: ...


BeforeDot: TypeAlias = Callable[[], None]
"""Called when all of a letter but its final dot has left: only the dot makes it a letter (RFC 5321 section 4.1.1.4)."""


class Courier(Protocol):
    """One SMTP connection, opened when it is needed and used for all letters."""

    def send(self, envelope_from: str, to: Iterable[str], octets: bytes, before_dot: BeforeDot) -> None:
        """Send one letter; returns when all recipients have it. An empty `envelope_from` is the null sender.

        `before_dot` is called at most once; what it raises is raised, and nothing was sent. Until it is called no
        failure leaves a doubt: the server has no letter. After it, InDoubt when the answer does not come.
        Otherwise Deferred (4xx, network), Owed (4xx for some recipients), Refused (5xx), or Unreachable and its
        kinds, when it is not about the letter.
        """


OpenCourier: TypeAlias = Callable[[], AbstractContextManager[Courier]]
