"""A week with robots that answer every letter: none gets more than two, and two services leave each other alone.

The stages, the parser and the records are the real ones; the mailbox, the mail server and the inspection of files are
stood in for at our own ports. Every robot writes from an address that the roster vouches for: the worst case.
"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.adapters.blobs import BlobStore
from intake.adapters.letters.stationery import Letterhead, OfficeStationery
from intake.adapters.letters.words import Words
from intake.adapters.mail.reader import read_mail
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import LetterRow
from intake.domain.mail import Locator
from intake.domain.material import Condition, Examined, Facts, Material
from intake.domain.notice import Kind, Roster, Unit
from intake.domain.recognise import Office
from intake.domain.replying import Limits
from intake.pipeline.deliver import Post, deliver
from intake.pipeline.examine import Bench, examine
from intake.ports import Arrival, BeforeDot, Blobs, FolderState
from tests.adapters.conftest import file, migrated_file
from tests.unit.builders import MONDAY, NOTICE, OWN, ZONE
from tests.unit.letter_samples import TEMPLATES

__all__ = ["file", "migrated_file"]

MINUTES = 10_000
QUIET = 5
MOST_LETTERS = 2
COUNTY, STRANGER = "kjj@weishan.example.cn", "robot@elsewhere.example"
SERIAL = count(1)


def mail(sender: str, subject: str, text: str, **headers: str) -> EmailMessage:
    """A mail to the office; `_` in the name of a header stands for a hyphen."""
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"], made["Subject"] = sender, OWN, subject
    made["Message-ID"] = f"<{next(SERIAL)}@robot.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def submission(sender: str) -> EmailMessage:
    """What begins it all: a county hands in its report."""
    made = mail(sender, "微山县科技活动周总结材料", "请查收。")
    made.add_attachment(b"report", maintype="application", subtype="octet-stream", filename="总结报告.docx")
    return made


def re(letter: EmailMessage) -> dict[str, str]:
    """The headers of an answer to a letter."""
    return {"In_Reply_To": str(letter["Message-ID"]), "References": str(letter["Message-ID"])}


Robot = Callable[[EmailMessage, EmailMessage], EmailMessage | None]
"""Given the mail that it all began with and a letter of ours: what the robot sends back."""


def vacation(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(
        str(first["From"]), f"Re: {letter['Subject']}", "我在休假。", Auto_Submitted="auto-replied", **re(letter)
    )


def said_in_the_subject(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(str(first["From"]), f"自动回复：{letter['Subject']}", "您好，邮件已收到。", **re(letter))


def without_any_sign(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(str(first["From"]), f"回复：{letter['Subject']}", "您的来信收悉，我们会尽快办理。", **re(letter))


def ticket_system(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    number = f"[Ticket#2024060{next(SERIAL):07}] "
    return mail(str(first["From"]), f"{number}{letter['Subject']}", "已为您建立工单，请在回复时保留编号。")


def service_desk(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(
        str(first["From"]),
        f"INC{next(SERIAL):07} {letter['Subject']}",
        "科技活动周：受理。",
        Auto_Submitted="auto-generated",
    )


def out_of_office(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    marks = {"X_Auto_Response_Suppress": "All", "Auto_Submitted": "auto-generated"}
    return mail(str(first["From"]), f"Automatic reply: {letter['Subject']}", "I am out of the office.", **marks)


def netease(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(str(first["From"]), f"Re:{letter['Subject']}", "这是一封自动回复邮件。已经收到您的来信。", **re(letter))


def mailing_list(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    marks = {"List_Id": "<all.example.cn>", "Precedence": "list"}
    return mail(str(first["From"]), f"[all] {letter['Subject']}", content(letter), **marks)


def challenge(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    confirm = f"请打开 https://confirm.example/{next(SERIAL)} 确认您不是机器人。"
    return mail(str(first["From"]), f"科技活动周来信待确认 {next(SERIAL)}", confirm)


def looping_alias(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    again = message_from_bytes(first.as_bytes(), policy=policy.SMTP)
    assert isinstance(again, EmailMessage)
    again["Received"] = f"from alias by box; {next(SERIAL)}"
    return again


def echo(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(str(first["From"]), str(letter["Subject"]), content(letter), **re(letter))


def forwarder(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    made = mail(str(first["From"]), f"转发：{letter['Subject']}", "见附件。")
    made.add_attachment(letter)
    return made


def forwarder_of_files(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    made = submission(str(first["From"]))
    made.replace_header("Subject", f"转发：{letter['Subject']}")
    return made


def with_a_card(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    made = without_any_sign(first, letter)
    card = f"BEGIN:VCARD {next(SERIAL)}".encode()
    made.add_attachment(card, maintype="text", subtype="vcard", filename="名片.vcf")
    return made


def with_a_link(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    text = "您的来信收悉。资料下载：https://share.weiyun.com/AbCd123"
    return mail(str(first["From"]), f"回复：{letter['Subject']}", text, **re(letter))


def with_the_mark_of_a_link(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    text = "您的来信收悉。从QQ邮箱发来的超大附件 办事指南.pdf (2.5M)"
    return mail(str(first["From"]), f"回复：{letter['Subject']}", text, **re(letter))


def returned(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    made = mail(f"mailer-daemon@{str(first['From']).rpartition('@')[2]}", "Undelivered Mail", "no such user")
    made.add_attachment(letter)
    return made


def rewritten_bounce(first: EmailMessage, letter: EmailMessage) -> EmailMessage:
    return mail(str(first["From"]), f"退信：{letter['Subject']}", "对方邮箱已满。", **re(letter))


ROBOTS: tuple[Robot, ...] = (
    vacation, said_in_the_subject, without_any_sign, ticket_system, service_desk, out_of_office, netease, mailing_list,
    challenge, looping_alias, echo, forwarder, forwarder_of_files, with_a_card, with_a_link,
    with_the_mark_of_a_link, returned, rewritten_bounce,
)  # fmt: skip


MARKED = (vacation, said_in_the_subject, service_desk, out_of_office, mailing_list, returned, rewritten_bounce)
"""Who says that it is a robot."""
OUT_OF_THE_BLUE = (ticket_system, challenge, looping_alias)
"""Whose mail refers to no letter of ours."""


def content(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return str(body.get_content()) if body else ""


def looked_at(materials: Sequence[Material], _blobs: Blobs, _alive: Callable[[], None]) -> tuple[Examined, ...]:
    """Facts by the name of the file."""
    return tuple(Examined(each, _facts(each.filename)) for each in materials)


def _facts(name: str) -> Facts:
    if name.endswith(".docx"):
        return Facts(Condition.SOUND, "docx", kind=Kind.DOCUMENT, text_length=2000)
    return Facts(Condition.SOUND, name.rpartition(".")[2])


@dataclass
class Service:
    """One office with its mailbox; `out` holds the letters that left, with their recipients."""

    database: Database
    folder: Path
    own: str = OWN
    senders: tuple[str, ...] = (COUNTY,)
    minute: int = 0
    uids: Iterator[int] = field(default_factory=lambda: count(1))
    out: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        roster = Roster((Unit("370826", "微山县科学技术局", "微山县", senders=self.senders),))
        self.records = SqlRecords(self.database, roster)
        self.blobs = BlobStore(self.folder / "blobs")
        letterhead = Letterhead(("科技局", self.own), ("clerk@ji.example.cn",), (), shadow=False)
        stationery = OfficeStationery(Words([TEMPLATES], ZONE), letterhead, self.records.message_key())
        office = Office(roster, (NOTICE,), frozenset({self.own}))
        limits = Limits(quiet=timedelta(minutes=QUIET))
        self.bench = Bench(
            self.records, self.blobs, read_mail, looked_at, office, stationery, self.clock, limits=limits
        )
        self.post = Post(self.courier, self.records, self.clock)
        with self.records.ledger() as ledger:
            ledger.watermark(FolderState("INBOX", 7, 0, None), MONDAY)

    def clock(self) -> datetime:
        return MONDAY + timedelta(minutes=self.minute)

    @contextmanager
    def courier(self) -> Iterator[Service]:
        yield self

    def send(self, envelope_from: str, to: Iterable[str], octets: bytes, before_dot: BeforeDot) -> None:
        assert envelope_from == "", "an answer bears the null sender"
        before_dot()
        self.out.append((tuple(to), octets))

    def take(self, octets: bytes) -> None:
        with self.blobs.writer() as writer:
            writer.write(octets)
            blob = writer.commit()
        now = MONDAY + timedelta(minutes=self.minute)
        with self.records.ledger() as ledger:
            ledger.take(Arrival(Locator("INBOX", 7, next(self.uids)), len(octets), now), blob, now)

    def work(self) -> list[tuple[tuple[str, ...], bytes]]:
        """Examine and deliver; the letters that left just now."""
        examine(self.bench)
        before = len(self.out)
        deliver(self.post)
        return self.out[before:]

    def subjects(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(LetterRow.subject).order_by(LetterRow.id)))


@pytest.fixture
def service(file: Database, tmp_path: Path) -> Service:
    return Service(file, tmp_path)


def a_week(service: Service, robot: Robot, first: EmailMessage, delay: int = 1) -> int:
    """Let the robot answer each letter after `delay` minutes; how many it got."""
    events: list[tuple[int, int, bytes | None]] = [(0, next(SERIAL), first.as_bytes())]
    got = 0
    while events:
        service.minute, _, octets = heapq.heappop(events)
        if service.minute >= MINUTES:
            break
        if octets is not None:
            service.take(octets)
            heapq.heappush(events, (service.minute + QUIET, next(SERIAL), None))
        for _to, letter in service.work():
            got += 1
            parsed = message_from_bytes(letter, policy=policy.SMTP)
            assert isinstance(parsed, EmailMessage)
            answer = robot(first, parsed)
            if answer is not None:
                heapq.heappush(events, (service.minute + delay, next(SERIAL), answer.as_bytes()))
    return got


@pytest.mark.parametrize("delay", [1, 1450, 3000])
@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.__name__)
def test_no_robot_gets_more_than_two_letters_in_a_week(service: Service, robot: Robot, delay: int) -> None:
    """At once, or when the day of the last one is over."""
    got = a_week(service, robot, submission(COUNTY), delay)
    assert 1 <= got <= MOST_LETTERS, service.subjects()


@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.__name__)
def test_no_robot_of_who_only_claims_the_unit_gets_more_than_two_letters(service: Service, robot: Robot) -> None:
    got = a_week(service, robot, submission(STRANGER))
    assert 1 <= got <= MOST_LETTERS, service.subjects()


@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.__name__)
def test_a_robot_that_a_letter_of_ours_was_passed_on_to_gets_no_more_either(service: Service, robot: Robot) -> None:
    """It knows the letter's id and its words: one without marks is taken for somebody of the unit."""
    service.take(submission(COUNTY).as_bytes())
    service.minute = QUIET
    ((_to, octets),) = service.work()
    letter = message_from_bytes(octets, policy=policy.SMTP)
    assert isinstance(letter, EmailMessage)
    first = mail(STRANGER, "办公用品报价", "见附件。")
    got = a_week(service, robot, robot(first, letter) or first)
    most = 0 if robot in MARKED or robot in OUT_OF_THE_BLUE else MOST_LETTERS
    assert got <= most, service.subjects()
    assert got or not most


def test_a_mail_that_comes_back_after_an_answer_that_was_late_is_the_echo_of_it(service: Service) -> None:
    """The same mail as before counts as of its first arrival, and yet came after our letter."""
    first, got = submission(COUNTY), 0
    service.take(first.as_bytes())
    for service.minute in range(30, 1000, 30):
        for _to, letter in service.work():
            got += 1
            parsed = message_from_bytes(letter, policy=policy.SMTP)
            assert isinstance(parsed, EmailMessage)
            again = looping_alias(first, parsed)
            assert again is not None
            service.take(again.as_bytes())
    assert got == MOST_LETTERS, service.subjects()


@pytest.mark.parametrize("begun", [False, True], ids=["out of the blue", "after a submission"])
def test_who_writes_every_few_hours_without_being_answered_gets_two_letters_in_a_week(
    service: Service, begun: bool
) -> None:
    """What no silence ends: a system that reminds of its ticket for ever."""
    if begun:
        service.take(submission(COUNTY).as_bytes())
    got = len(service.work())
    for service.minute in range(240, MINUTES, 240):
        service.take(mail(COUNTY, f"科技活动周工单 {service.minute}", "您有一个工单等待处理。").as_bytes())
        got += len(service.work())
    assert got == MOST_LETTERS, service.subjects()


@pytest.mark.parametrize("stripped", [False, True], ids=["as they are", "headers stripped"])
def test_two_services_leave_each_other_alone(
    file: Database, migrated_file: Path, tmp_path: Path, stripped: bool
) -> None:
    """Each is a county of the other's roster; a gateway in between may take off what marks a letter as automatic."""
    copied = shutil.copy(migrated_file, tmp_path / "other.db")
    other = Database(f"sqlite:///{copied}")
    ours = Service(file, tmp_path / "a", senders=(COUNTY,))
    theirs = Service(other, tmp_path / "b", own=COUNTY, senders=(OWN,))
    ours.take(submission(COUNTY).as_bytes())
    for minute in range(0, MINUTES, QUIET):
        ours.minute = theirs.minute = minute
        moved = [(theirs, letter) for _to, letter in ours.work()] + [(ours, letter) for _to, letter in theirs.work()]
        for service, letter in moved:
            service.take(without_marks(letter) if stripped else letter)
        if minute > 60 and not moved:
            break
    other.close()
    assert len(ours.out) <= MOST_LETTERS
    assert len(theirs.out) <= (MOST_LETTERS if stripped else 0)


def without_marks(letter: bytes) -> bytes:
    kept = message_from_bytes(letter, policy=policy.SMTP)
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"):
        del kept[name]
    return kept.as_bytes()
