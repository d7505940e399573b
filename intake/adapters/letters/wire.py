"""From a Posting to the octets that go over the wire: the same posting always gives the same octets.

The standard library builds the mail, with two exceptions. Ids and the sender are written by hand: Python 3.11
folds an In-Reply-To or References longer than a line into encoded words, which no mail program threads by, and
leaves the first line of a long From empty. And what was built is read again: Python before 3.11.10 can write a
newline hidden in an encoded word as a new header (CVE-2024-6923), so any head but the intended one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from hashlib import sha256

from intake.domain.letter import LetterKind, Posting, Rendered

_ADDR_SPEC = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
_MSG_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_REPLIES = (LetterKind.RECEIPT, LetterKind.RETURN)
_MOST_REFERENCES = 20
_CONTENT = ("MIME-Version", "Content-Type")


def compose(posting: Posting, sender: tuple[str, str]) -> bytes:
    """The mail as RFC 5322 octets with CRLF. `sender` is the office's display name and addr-spec.

    Raises ValueError for a line break in anything that becomes a header, for an address that is not a plain
    ASCII addr-spec, for a Message-ID that is none, and for a mail that does not read back as intended.
    """
    _one_line(posting.rendered.subject)
    return _composed(posting, sender)


HIDDEN = (
    "=?UTF-8?Q?=0A?=Bcc: x@example.invalid",
    "é =?UTF-8?Q?=0D=0A?=Bcc: x@example.invalid",
    "é =?UTF-8?B?Cg==?=Bcc: x@example.invalid",
    "é =?UTF-8?Q?=0D?= Bcc: x@example.invalid",
    "é\nBcc: x@example.invalid",
    "é\rBcc: x@example.invalid",
    "é\r\n\r\nBcc: x@example.invalid",
    "é\u2028Bcc: x@example.invalid",
    "é" * 40 + " =?UTF-8?Q?=0A?=Bcc: x@example.invalid",
)
"""Subjects in which some interpreter or other found one more header."""


def header_problems() -> list[str]:
    """What this interpreter would let through if the first guard, one plain line, were not there.

    Each of HIDDEN is built without it: either that is refused, by the library or by reading it again, or the head has
    the headers that were meant. Which ones it has is read here without the library.
    """
    return [f"header injection: {hidden!r} becomes another header" for hidden in HIDDEN if _injects(hidden)]


def _injects(subject: str) -> bool:
    rendered = Rendered(subject, ".\n", "<p>.</p>\n")
    posting = Posting(LetterKind.RECEIPT, ("a@example.invalid",), rendered, "<a@example.invalid>", datetime.now(UTC))
    try:
        head = _composed(posting, ("é", "b@example.invalid")).partition(b"\r\n\r\n")[0]
    except ValueError:
        return False
    names = [line.partition(b":")[0].lower() for line in re.split(rb"[\r\n]+", head) if line[:1] not in (b" ", b"\t")]
    return names.count(b"subject") != 1 or b"bcc" in names


def _composed(posting: Posting, sender: tuple[str, str]) -> bytes:
    by_hand = [*_identification(posting), ("From", _mailbox(*sender))]
    built = [*_headers(posting), *_classification(posting.kind)]
    octets = b"".join(f"{name}: {value}\r\n".encode("ascii") for name, value in by_hand) + _build(built, posting)
    _read_back(octets, [name for name, _ in (*by_hand, *built)], posting.rendered.subject)
    return octets


def _identification(posting: Posting) -> Iterable[tuple[str, str]]:
    """RFC 5322 section 3.6.4. The ids of a stranger's mail are repeated only if they are plainly ids."""
    if not _MSG_ID.fullmatch(posting.message_id):
        raise ValueError("the letter's own Message-ID is not a message id")
    yield "Message-ID", posting.message_id
    if posting.in_reply_to and _MSG_ID.fullmatch(posting.in_reply_to):
        yield "In-Reply-To", posting.in_reply_to
    references = [each for each in posting.references if _MSG_ID.fullmatch(each)]
    if references:
        yield "References", "\r\n ".join(references[-_MOST_REFERENCES:])


def _mailbox(name: str, spec: str) -> str:
    """An encoded display name with the address on a line of its own: no line is empty, none too long."""
    encoded = Header(_one_line(name), "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{encoded}\r\n <{_addr_spec(spec)}>"


def _headers(posting: Posting) -> Iterable[tuple[str, str | Sequence[Address]]]:
    yield "To", tuple(Address(addr_spec=_addr_spec(each)) for each in posting.to)
    yield "Subject", posting.rendered.subject
    yield "Date", format_datetime(posting.date)


def _classification(kind: LetterKind) -> Iterable[tuple[str, str]]:
    """What tells other robots not to answer: RFC 3834 section 5, and Exchange's own word for it."""
    yield "Auto-Submitted", "auto-replied" if kind in _REPLIES else "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    if kind is LetterKind.DIGEST:
        yield "Precedence", "bulk"


def _build(headers: Iterable[tuple[str, object]], posting: Posting) -> bytes:
    """Text and HTML as alternatives, files beside them, with boundaries that follow from the Message-ID."""
    try:
        return _built(headers, posting)
    except MessageError as error:  # Python 3.11.10 and later look at headers themselves
        raise ValueError("a header that the library will not write") from error


def _built(headers: Iterable[tuple[str, object]], posting: Posting) -> bytes:
    mail = EmailMessage(policy=policy.SMTP)
    for name, value in headers:
        mail[name] = value
    mail.set_content(posting.rendered.text)
    mail.add_alternative(posting.rendered.html, subtype="html")
    for name, media_type, octets in posting.rendered.files:
        maintype, _, subtype = media_type.partition("/")
        mail.add_attachment(octets, maintype, subtype, filename=_one_line(name))
    multiparts = (part for part in mail.walk() if part.is_multipart())
    for number, part in enumerate(multiparts):
        part.set_boundary(f"=_{sha256(posting.message_id.encode()).hexdigest()[:32]}_{number}")
    return mail.as_bytes()


def _one_line(text: str) -> str:
    if len(text.splitlines()) > 1 or text.endswith(("\r", "\n")) or "=?" in text:
        raise ValueError("a line break or an encoded word where one line of plain words belongs")
    return text


def _addr_spec(address: str) -> str:
    """A plain address; one that could be taken for an encoded word (RFC 2047 section 5) is none."""
    if not _ADDR_SPEC.fullmatch(address) or "=?" in address:
        raise ValueError("an address that is not a plain ASCII addr-spec")
    return address


def _read_back(octets: bytes, names: Sequence[str], subject: str) -> None:
    head = BytesHeaderParser(policy=policy.default).parsebytes(octets)
    if sorted(head.keys()) != sorted([*names, *_CONTENT]) or head["Subject"] != subject:
        raise ValueError("the mail does not read back as it was meant")
