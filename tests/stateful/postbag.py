"""What offices and strangers send in the stateful proof: small mails of every sort, none like another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from enum import StrEnum

from tests.e2e.world import UNITS, address, report
from tests.samples import media


class Sort(StrEnum):
    """What a mail brings."""

    REPORT = "a report"
    PHOTOS = "two photos"
    VIDEO = "a video"
    LONG_VIDEO = "a video that is too long"
    ALL = "report, photo and video"
    NOTHING = "no file"
    DAMAGED = "a file that does not open"
    POISON = "a file that makes us fail"


POISON = "poison.docx"
"""The name of a file that the test's looker fails at."""


@dataclass(frozen=True)
class Mail:
    """A mail as it was sent: its octets, and INTERNALDATE where it arrived."""

    octets: bytes
    when: datetime
    sender: str


def compose(number: int, code: str, sort: Sort, sender: str | None = None, *, of: str | None = None) -> bytes:
    """The `number`-th mail of the run. A sender who is not in the roster names the unit in the subject."""
    message = EmailMessage()
    message["From"] = f"{UNITS[code]}科技局 <{sender or address(code)}>"
    message["To"] = "jnkjjrck@ji.shandong.cn"
    message["Subject"] = f"{UNITS[code]}科技局2024年科技活动周总结材料"
    message["Message-ID"] = f"<{number}@example.gov.cn>"
    if of:
        message["In-Reply-To"] = of
    message.set_content(f"请查收第{number}件。")
    for name, octets in _files(code, sort, number).items():
        message.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes(policy=policy.SMTP)


def relayed(octets: bytes, times: int) -> bytes:
    """The same mail as it comes once more over another relay: only the trace differs."""
    trace = f"Received: from relay{times}.example by mx.example; Wed, 5 Jun 2024 12:00:{times:02} +0800\r\n"
    return trace.encode() + octets


def advertisement(number: int) -> bytes:
    return (
        f"From: sales{number}@shop.example\r\nSubject: Cheap toner {number}\r\n"
        f"Message-ID: <ad{number}@shop.example>\r\n\r\nBuy now.\r\n"
    ).encode()


def _files(code: str, sort: Sort, number: int) -> dict[str, bytes]:
    """Few different files, so that each is measured once in a whole run."""
    short = UNITS[code]
    kinds = {
        Sort.REPORT: {f"{short}总结报告.docx": report(short)},
        Sort.PHOTOS: {f"{n}.jpg": photo(n) for n in (1 + number % 2, 3)},
        Sort.VIDEO: {f"{short}.mp4": media.video(60 + number % 2)},
        Sort.LONG_VIDEO: {f"{short}.mp4": media.video(222)},
        Sort.NOTHING: {},
        Sort.DAMAGED: {"1.jpg": photo(1)[:4000]},
        Sort.POISON: {POISON: report(short)},
    }
    if sort is Sort.ALL:
        return {**kinds[Sort.REPORT], "1.jpg": photo(1), **kinds[Sort.VIDEO]}
    return kinds[sort]


def photo(seed: int) -> bytes:
    """Large enough to be a photo and no decoration."""
    return media.photo(width=480, height=360, seed=seed)
