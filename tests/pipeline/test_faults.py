"""One pass over a mailbox whose server misbehaves once, at any command and in any way: nothing lost, nothing twice.

Against our own scripted server, through the real adapter, records and files.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.adapters.blobs import BlobStore
from intake.adapters.imap import ImapSettings, mailbox, open_mailbox
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import EventRow, MailRow, PostponedRow
from intake.domain.digest import Reconciliation
from intake.pipeline.folders import Intake
from intake.pipeline.receive import receive
from intake.ports import Deferred, Unreachable
from tests.adapters.conftest import file, migrated_file
from tests.servers import scripted
from tests.servers.scripted import Exchange, Fault, Folder, Mail, Scripted
from tests.unit.builders import ROSTER

__all__ = ["file", "migrated_file"]

START = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
OPENS = datetime(2024, 5, 8, tzinfo=UTC)
CHUNK = 400


def octets(name: str, size: int) -> bytes:
    text = f"Subject: {name}\r\n\r\n".encode() + b"".join(b"%07d\r\n" % n for n in range(size // 9 + 1))
    return text[: size - 2] + b"\r\n"


def little_mailbox() -> Scripted:
    """An older mail; one that fits into a chunk, one of three, one of exactly one; one in a folder for junk."""
    inbox = [
        Mail(1, octets("older", 90), "01-Apr-2024 10:00:00 +0800"),
        Mail(3, octets("small", 90)),
        Mail(4, octets("large", 1000)),
        Mail(9, octets("exact", CHUNK)),
    ]
    return Scripted({b"INBOX": Folder(inbox), b"Junk": Folder([Mail(2, octets("spam", 90))], 8, b"\\Junk")})


class Desk:
    """What receive works with, over a clock that the test turns."""

    def __init__(self, server: Scripted, database: Database, folder: Path) -> None:
        self.server = server
        self.database = database
        self.records = SqlRecords(database, ROSTER)
        self.blobs = BlobStore(folder / "blobs")
        self.now = START
        self.settings = ImapSettings(
            "127.0.0.1", server.port, "none", "office", connect_timeout=0.2, read_timeout=0.2, grace=0.2
        )
        self.intake = Intake(
            open_mailbox=lambda: open_mailbox(self.settings, "secret", clock=lambda: self.now),
            records=self.records,
            blobs=self.blobs,
            folders=("INBOX",),
            opens=OPENS,
            clock=lambda: self.now,
            max_mail=300 << 20,
            junk=True,
        )

    def poll(self) -> Deferred | None:
        """One pass; what failed in the world."""
        self.now += timedelta(minutes=6)
        try:
            receive(self.intake)
        except Deferred as error:
            return error
        return None

    def taken(self) -> list[str]:
        with self.database.reading() as session:
            return sorted(session.scalars(select(MailRow.sha256)))

    def postponed(self) -> list[int]:
        with self.database.reading() as session:
            return sorted(session.scalars(select(PostponedRow.uid)))

    def sums(self) -> Reconciliation:
        with self.records.chronicle() as chronicle:
            return chronicle.reconciliation()


@pytest.fixture
def desk(file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(mailbox, "CHUNK", CHUNK)
    monkeypatch.setattr("intake.adapters.imap.session._FAREWELL_SECONDS", 0.2)
    with scripted.running(little_mailbox()) as server:
        yield Desk(server, file, tmp_path)


def worth_reading(server: Scripted) -> list[str]:
    mails = [mail for folder in server.folders.values() for mail in folder.mails if mail.uid != 1]
    return sorted(hashlib.sha256(mail.octets).hexdigest() for mail in mails)


def assert_all_is_well(desk: Desk) -> None:
    assert desk.taken() == worth_reading(desk.server)
    assert desk.postponed() == []
    assert desk.sums() == Reconciliation(5, pending=4, older=1)
    for sha256 in desk.taken():
        assert hashlib.sha256(desk.blobs.path(sha256).read_bytes()).hexdigest() == sha256


SESSION = [
    b"GREETING", b"CAPABILITY", b"LOGIN", b"CAPABILITY", b"ID", b"LIST",
    b"EXAMINE", b"SEARCH", b"FETCH facts", b"FETCH", b"FETCH", b"FETCH", b"FETCH", b"FETCH", b"FETCH",
    b"EXAMINE", b"SEARCH", b"FETCH facts", b"FETCH", b"LOGOUT",
]  # fmt: skip
"""What a first pass asks: each is a place for a fault. The large mail comes in three ranges, the exact one in two."""


def test_a_server_that_behaves(desk: Desk) -> None:
    assert desk.poll() is None
    assert desk.server.seen == SESSION
    assert_all_is_well(desk)
    assert desk.poll() is None
    assert_all_is_well(desk)


def replaced(pattern: bytes, by: bytes) -> Fault:
    return scripted.changed(lambda answer: re.sub(pattern, by, answer))


def longer(octets: int) -> Fault:
    """The literal says that it is so much longer than it is."""
    return scripted.changed(lambda a: re.sub(rb"\{(\d+)\}", lambda m: b"{%d}" % max(0, int(m[1]) + octets), a))


UNASKED = b"".join(
    line + b"\r\n"
    for line in (
        b"* 2 EXPUNGE", b"* 7 EXISTS", b"* 0 RECENT", b"* 3 FETCH (FLAGS (\\Seen))", b"* 4 FETCH (UID 9 FLAGS ())",
        b"* FLAGS (\\Answered)", b"* OK [ALERT] working hours end at five", b"* NO disk nearly full", b"* SEARCH",
    )
)  # fmt: skip

ANYWHERE: dict[str, Fault] = {
    "hang up": scripted.hang_up,
    "half of it": scripted.hang_up_halfway,
    "reset": scripted.reset,
    "goodbye": scripted.say_goodbye,
    "goodbye before": scripted.before(b"* BYE shutting down\r\n"),
    "silence": scripted.fall_silent,
    "trickle": scripted.trickle,
    "never end": scripted.never_end,
    "no": scripted.say(b"TAG NO not now\r\n"),
    "bad": scripted.say(b"TAG BAD what\r\n"),
    "no and nothing": scripted.say(b"TAG NO\r\n"),
    "ok and nothing": scripted.say(b"TAG OK done\r\n"),
    "garbage": scripted.before(b"\x00\xff\xfe nonsense {5}\r\n"),
    "another tag": scripted.say(b"ZZZZ1 OK done\r\n"),
    "no tag": scripted.say(b"* OK done\r\n"),
    "unasked": scripted.before(UNASKED),
    "twice": scripted.changed(lambda answer: answer + answer),
    "endless line": scripted.say(b"* OK " + b"x" * 1_100_000 + b"\r\nTAG OK done\r\n"),
    "literal of 4 GiB": scripted.say(b"* 1 FETCH (UID 3 BODY[]<0> {4294967296}\r\n"),
    "literal beyond counting": scripted.say(b"* 1 FETCH (UID 3 BODY[]<0> {" + b"9" * 5000 + b"}\r\n"),
    "literal below nothing": scripted.say(b"* 1 FETCH (UID 3 BODY[]<0> {-5}\r\nTAG OK done\r\n"),
}
AT_FETCH: dict[str, Fault] = {
    "no uid": replaced(rb"UID \d+ ", b""),
    "no uid and a number that is one": replaced(rb"^\* \d+ FETCH \(UID \d+ ", b"* 9 FETCH ("),
    "another uid": replaced(rb"UID \d+", b"UID 77"),
    "uid nil": replaced(rb"UID \d+", b"UID NIL"),
    "brackets": scripted.say(b"* 1 FETCH " + b"(" * 3000 + b"\r\nTAG OK done\r\n"),
    "structure": replaced(rb"UID (\d+) ", rb"UID \1 BODYSTRUCTURE () "),
}
AT_BODY: dict[str, Fault] = AT_FETCH | {
    "literal too long": longer(7),
    "literal too short": longer(-7),
    "nil": replaced(rb"\{\d+\}\r\n.*\)\r\n", b"NIL)\r\n"),
    "empty": replaced(rb"(?s)\{\d+\}\r\n.*\)\r\n", b'"")\r\n'),
    "no body": replaced(rb"(?s) BODY.*", b")\r\n"),
    "no place": replaced(rb"BODY\[\]<\d+>", b"BODY[]"),
}
AT_FACTS: dict[str, Fault] = AT_FETCH | {
    "no size": replaced(rb"RFC822.SIZE \d+ ", b""),
    "size below nothing": replaced(rb"RFC822.SIZE \d+", b"RFC822.SIZE -1"),
    "size beyond counting": replaced(rb"RFC822.SIZE \d+", b"RFC822.SIZE 999999999999999999999"),
    "size too large": replaced(rb"RFC822.SIZE \d+", b"RFC822.SIZE 99999999999"),
    "size too small": replaced(rb"RFC822.SIZE \d+", b"RFC822.SIZE 7"),
    "size a chunk": replaced(rb"RFC822.SIZE \d+", b"RFC822.SIZE 400"),
    "no date": replaced(rb' INTERNALDATE "[^"]*"', b""),
    "date nil": replaced(rb'INTERNALDATE "[^"]*"', b"INTERNALDATE NIL"),
    "date before the calendar": replaced(rb"\d+-\w+-2024", b"01-Jan-1601"),
    "date after the calendar": replaced(rb"\d+-\w+-2024", b"31-Dec-9999"),
    "no such date": replaced(rb"\d+-\w+-2024", b"31-Feb-2024"),
}
AT_SEARCH: dict[str, Fault] = {
    "nothing there": scripted.say(b"* SEARCH\r\nTAG OK done\r\n"),
    "in pieces": replaced(rb" (\d+)(?= \d)", rb" \1\r\n* SEARCH"),
    "uids beyond counting": scripted.changed(lambda a: a[:-2] + b" 0 99999999999999999999 18446744073709551616\r\n"),
    "words": scripted.say(b"* SEARCH three four\r\nTAG OK done\r\n"),
}
AT_EXAMINE: dict[str, Fault] = {
    "no uidvalidity": replaced(rb"\* OK \[UIDVALIDITY \d+\] ok\r\n", b""),
    "uidvalidity nil": replaced(rb"UIDVALIDITY \d+", b"UIDVALIDITY NIL"),
    "uidvalidity 0": replaced(rb"UIDVALIDITY \d+", b"UIDVALIDITY 0"),
    "uidvalidity beyond counting": replaced(rb"UIDVALIDITY \d+", b"UIDVALIDITY 99999999999999999999"),
    "another uidvalidity": replaced(rb"UIDVALIDITY \d+", b"UIDVALIDITY 42"),
    "no uidnext": replaced(rb"\* OK \[UIDNEXT \d+\] ok\r\n", b""),
    "uidnext nil": replaced(rb"UIDNEXT \d+", b"UIDNEXT NIL"),
    "uidnext went back": replaced(rb"UIDNEXT \d+", b"UIDNEXT 5"),
    "uidnext beyond counting": replaced(rb"UIDNEXT \d+", b"UIDNEXT 99999999999999999999"),
    "no mails": replaced(rb"\* \d+ EXISTS", b"* 0 EXISTS"),
    "mails beyond counting": replaced(rb"\* \d+ EXISTS", b"* 99999999999999999999 EXISTS"),
    "not how many": replaced(rb"\* \d+ EXISTS\r\n", b""),
}
SPECIAL = {b"FETCH": AT_BODY, b"FETCH facts": AT_FACTS, b"SEARCH": AT_SEARCH, b"EXAMINE": AT_EXAMINE}

CASES = [
    pytest.param(at, fault, id=f"{at}-{name.decode()}-{kind}")
    for at, name in enumerate(SESSION)
    for kind, fault in (ANYWHERE | SPECIAL.get(name, {})).items()
]
"""Every way at every place."""
SAMPLE = CASES if os.environ.get("INTAKE_SWEEP") == "all" else CASES[:: int(os.environ.get("INTAKE_SWEEP", "6"))]


@pytest.mark.parametrize(("at", "fault"), SAMPLE)
def test_one_fault_anywhere_costs_nothing_but_time(desk: Desk, at: int, fault: Fault) -> None:
    desk.server.misbehave(fault, at)
    started = time.monotonic()
    desk.poll()
    assert time.monotonic() - started < 6
    desk.server.misbehave(None)
    polls = 0
    while polls < 3 and (desk.poll() is not None or desk.taken() != worth_reading(desk.server) or desk.postponed()):
        polls += 1
    assert_all_is_well(desk)
    assert not [thread for thread in threading.enumerate() if thread.name == "deadline"]


# Faults that last


def about(uid: int, what: bytes = b"BODY") -> Callable[[Exchange], bool]:
    """A FETCH that names this mail, for its octets or for its size and date."""

    def only(exchange: Exchange) -> bool:
        uids = exchange.rest.split(b" ")[0].split(b",")
        return exchange.name == b"FETCH" and b"%d" % uid in uids and what in exchange.rest

    return only


def poison(desk: Desk, fault: Fault, only: Callable[[Exchange], bool]) -> None:
    """From now on the server does this whenever it is asked that."""
    desk.server.only = only
    desk.server.misbehave(fault, 0, lasting=True)


def heal(desk: Desk) -> None:
    desk.server.misbehave(None)


def names(desk: Desk) -> set[int]:
    """UIDs of the mails of INBOX that were taken."""
    return {
        mail.uid
        for mail in desk.server.folders[b"INBOX"].mails
        if hashlib.sha256(mail.octets).hexdigest() in desk.taken()
    }


BROKEN = {
    "refused": scripted.say(b"TAG NO [SERVERBUG] internal error\r\n"),
    "nothing": scripted.say(b"TAG OK done\r\n"),
    "goodbye": scripted.say_goodbye,
    "hang up": scripted.hang_up,
    "silence": scripted.fall_silent,
    "trickle": scripted.trickle,
    "4 GiB": scripted.say(b"* 1 FETCH (UID 3 BODY[]<0> {4294967296}\r\n"),
}


@pytest.mark.parametrize("what", [b"BODY", b"RFC822.SIZE"])
@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_mail_that_is_never_given_delays_no_other_and_is_taken_when_it_is(
    desk: Desk, fault: Fault, what: bytes
) -> None:
    poison(desk, fault, about(3, what))
    for _ in range(2):
        desk.poll()
    if what == b"BODY" or fault not in (BROKEN["refused"], BROKEN["nothing"]):  # then its octets come all the same
        assert desk.postponed() == [3]
        assert desk.sums() == Reconciliation(5, pending=3, older=1, postponed=1)
    assert names(desk) >= {4, 9}
    heal(desk)
    desk.now += timedelta(hours=4)
    assert desk.poll() is None
    assert_all_is_well(desk)


def test_a_mail_that_broke_the_list_keeps_the_date_that_the_server_tells_later(desk: Desk) -> None:
    poison(desk, scripted.hang_up, about(3, b"INTERNALDATE"))
    desk.poll()
    heal(desk)
    desk.poll()
    with desk.database.reading() as session:
        dates = set(session.scalars(select(MailRow.received_at)))
    assert dates == {datetime(2024, 6, 5, 2, 0, tzinfo=UTC)}


def test_a_mail_that_is_never_given_is_tried_less_and_less_often_and_named(desk: Desk) -> None:
    poison(desk, scripted.say(b"TAG NO internal error\r\n"), about(4))
    tried = []
    for _ in range(100):
        before = len(desk.server.seen)
        assert desk.poll() is None, "one mail is no trouble with the server"
        tried.append(desk.server.seen[before:].count(b"FETCH") > 0)
    minutes = [6 * number for number, each in enumerate(tried) if each]
    assert minutes[:6] == [0, 6, 12, 30, 90, 330], "6 minutes from poll to poll"
    assert {later - earlier for earlier, later in pairwise(minutes[5:])} == {240}
    with desk.records.chronicle() as chronicle:
        (line,) = chronicle.unfetched()
    assert (line.place.uid, line.size, line.attempts) == (4, 1000, len(minutes))
    assert "internal error" in line.error


def test_new_mail_of_all_folders_comes_before_what_failed(desk: Desk) -> None:
    poison(desk, scripted.say(b"TAG NO internal error\r\n"), about(4))
    desk.poll()
    heal(desk)
    for folder, uid in ((b"INBOX", 10), (b"Junk", 11)):
        desk.server.folders[folder].mails.append(Mail(uid, octets(f"new {uid}", 90)))
    asked: list[bytes] = []
    desk.server.only = lambda exchange: bool(asked.append(exchange.rest)) or False  # type: ignore[func-returns-value]
    desk.server.misbehave(scripted.hang_up, 0, lasting=True)
    desk.poll()
    fetched = [rest.split(b" ")[0] for rest in asked if b"BODY" in rest]
    assert fetched == [b"10", b"11", b"4", b"4", b"4"]


def test_when_nothing_is_given_the_folder_is_left_after_three_mails(desk: Desk) -> None:
    desk.server.folders[b"INBOX"].mails += [Mail(uid, octets(f"more {uid}", 90)) for uid in range(20, 30)]
    poison(desk, scripted.say(b"TAG NO busy\r\n"), lambda exchange: b"BODY" in exchange.rest)
    error = desk.poll()
    assert "3 mails in a row" in str(error)
    assert desk.postponed() == [2, 3, 4, 9]
    desk.poll()
    assert len(desk.postponed()) == 7, "each pass goes on where the last one stopped"
    heal(desk)
    desk.now += timedelta(hours=4)
    desk.poll()
    assert desk.taken() == worth_reading(desk.server)
    assert desk.sums() == Reconciliation(15, pending=14, older=1)


def test_a_server_that_always_hangs_up_is_called_three_times_in_a_pass(desk: Desk) -> None:
    poison(desk, scripted.hang_up, lambda exchange: exchange.name == b"EXAMINE")
    paused: list[int] = []
    desk.intake = replace(desk.intake, pause=lambda: paused.append(1))
    assert isinstance(desk.poll(), Unreachable)
    assert (desk.server.connections, len(paused)) == (3, 2)


def test_a_server_that_cannot_be_reached_is_called_once(desk: Desk) -> None:
    poison(desk, scripted.hang_up, lambda exchange: exchange.name == b"GREETING")
    assert isinstance(desk.poll(), Unreachable)
    assert desk.server.connections == 1


def test_a_list_of_folders_that_breaks_the_connection_keeps_no_mail_from_the_others(desk: Desk) -> None:
    poison(desk, scripted.hang_up, lambda exchange: exchange.name == b"LIST")
    assert desk.poll() is not None
    assert names(desk) == {3, 4, 9}


def test_lines_without_end_and_literals_without_measure_are_not_kept(desk: Desk) -> None:
    desk.settings = replace(desk.settings, grace=2.0, read_timeout=2.0)
    for fault in (scripted.never_end, BROKEN["4 GiB"]):
        poison(desk, fault, about(3))
        tracemalloc.start()
        try:
            desk.poll()
            assert tracemalloc.get_traced_memory()[1] < 64 << 20
        finally:
            tracemalloc.stop()
    assert desk.postponed() == [3]


def test_a_pass_that_is_told_to_stop_leaves_the_rest_to_the_next(desk: Desk) -> None:
    begun = time.monotonic()
    desk.intake = replace(desk.intake, stopping=lambda: time.monotonic() > begun + 0.2)
    poison(desk, scripted.trickle, lambda exchange: b"BODY" in exchange.rest)
    desk.poll()
    assert time.monotonic() - begun < 2
    heal(desk)
    desk.intake = replace(desk.intake, stopping=lambda: False)
    desk.poll()
    desk.poll()
    assert_all_is_well(desk)


# UIDVALIDITY


def bodies(desk: Desk) -> int:
    """How many ranges were fetched since the last time this was asked."""
    count = desk.server.seen.count(b"FETCH")
    desk.server.seen.clear()
    return count


NOTHING_TOLD = [b"", b"* OK [UIDVALIDITY 0] ok\r\n", b"* OK [UIDVALIDITY NIL] ok\r\n"]


@pytest.mark.parametrize("told", NOTHING_TOLD, ids=["absent", "zero", "nil"])
def test_without_uidvalidity_only_what_is_not_on_record_is_fetched(desk: Desk, told: bytes) -> None:
    inbox = desk.server.folders[b"INBOX"]
    inbox.told = told
    assert desk.poll() is None
    assert_all_is_well(desk)
    bodies(desk)
    assert desk.poll() is None
    assert bodies(desk) == 0
    inbox.mails.append(Mail(12, octets("new", 90)))
    assert desk.poll() is None
    assert bodies(desk) == 1
    assert desk.sums() == Reconciliation(6, pending=5, older=1)


@pytest.mark.parametrize("told", NOTHING_TOLD, ids=["absent", "zero", "nil"])
def test_without_uidvalidity_uids_may_be_dealt_anew(desk: Desk, told: bytes) -> None:
    inbox = desk.server.folders[b"INBOX"]
    inbox.told = told
    desk.poll()
    _older, small, large, exact = inbox.mails
    another = Mail(3, octets("other", 90))
    inbox.mails = [another, Mail(4, small.octets, small.date), Mail(5, large.octets, large.date), exact]
    another.date = "05-Jun-2024 10:00:01 +0800"
    for _ in range(2):
        assert desk.poll() is None
    assert hashlib.sha256(another.octets).hexdigest() in desk.taken()
    assert len(desk.taken()) == 5
    assert desk.sums() == Reconciliation(5, pending=5)
    bodies(desk)
    desk.poll()
    assert bodies(desk) == 0


def test_without_uidvalidity_a_mail_that_is_not_given_is_postponed_too(desk: Desk) -> None:
    inbox = desk.server.folders[b"INBOX"]
    inbox.told = b""
    poison(desk, scripted.say(b"TAG NO busy\r\n"), about(3))
    for _ in range(3):
        assert desk.poll() is None
    assert desk.postponed() == [3]
    assert desk.sums() == Reconciliation(5, pending=3, older=1, postponed=1)
    bodies(desk)
    desk.poll()
    assert bodies(desk) == 0, "not before its time"
    heal(desk)
    desk.now += timedelta(hours=4)
    desk.poll()
    assert_all_is_well(desk)


def test_a_new_uidvalidity_finds_again_what_was_postponed(desk: Desk) -> None:
    poison(desk, scripted.say(b"TAG NO busy\r\n"), about(3))
    desk.poll()
    heal(desk)
    inbox = desk.server.folders[b"INBOX"]
    inbox.uidvalidity = 4_000_000_000
    for mail in inbox.mails:
        mail.uid += 100
    inbox.mails[0].uid = 1
    desk.poll()
    assert_all_is_well(desk)


def test_mails_that_go_while_the_folder_is_renumbered_leave_the_sums(desk: Desk) -> None:
    desk.poll()
    inbox = desk.server.folders[b"INBOX"]
    inbox.uidvalidity = 8
    del inbox.mails[1]
    assert desk.poll() is None
    assert desk.sums() == Reconciliation(4, pending=3, older=1)
    assert len(desk.taken()) == 4, "what was taken stays"


def test_a_folder_restored_from_a_backup_hides_nothing(desk: Desk) -> None:
    """UIDVALIDITY stays and UIDNEXT goes back: new mail gets UIDs that others had."""
    desk.poll()
    inbox = desk.server.folders[b"INBOX"]
    inbox.mails = [*inbox.mails[:2], Mail(4, octets("after the restore", 300))]
    assert desk.poll() is None
    assert hashlib.sha256(inbox.mails[2].octets).hexdigest() in desk.taken()
    assert desk.sums() == Reconciliation(4, pending=3, older=1)


def test_a_uidnext_that_is_not_raised_hides_nothing(desk: Desk) -> None:
    inbox = desk.server.folders[b"INBOX"]
    inbox.told = b"* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 10] ok\r\n"
    desk.poll()
    inbox.mails.append(Mail(15, octets("new", 90)))
    assert desk.poll() is None
    assert hashlib.sha256(inbox.mails[-1].octets).hexdigest() in desk.taken()
    bodies(desk)
    assert desk.poll() is None
    assert bodies(desk) == 0, "and is no reason to read everything again"


# What comes and goes meanwhile


def test_a_mail_that_comes_while_we_read_is_taken_and_counted(desk: Desk) -> None:
    inbox = desk.server.folders[b"INBOX"]

    def deliver(exchange: Exchange) -> None:
        inbox.mails.append(Mail(12, octets("meanwhile", 90)))

    desk.server.misbehave(deliver, SESSION.index(b"EXAMINE") + 1)
    desk.poll()
    assert desk.sums().balanced
    desk.poll()
    assert desk.taken() == worth_reading(desk.server)
    assert desk.sums() == Reconciliation(6, pending=5, older=1)


def test_the_sums_are_right_although_as_many_mails_came_as_went_and_the_pass_was_cut_off(desk: Desk) -> None:
    desk.poll()
    inbox = desk.server.folders[b"INBOX"]
    del inbox.mails[2]
    inbox.mails.append(Mail(12, octets("new", 90)))
    poison(desk, scripted.hang_up, lambda exchange: b"RFC822" in exchange.rest)
    desk.poll()
    assert desk.sums() == Reconciliation(5, pending=3, older=1, postponed=1)
    heal(desk)
    poison(desk, scripted.hang_up, lambda exchange: exchange.name == b"FETCH")
    inbox.mails.append(Mail(13, octets("newer", 90)))
    desk.intake = replace(desk.intake, stopping=lambda: True)
    desk.poll()
    assert desk.sums().balanced
    assert desk.postponed() == [12]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_mail_deleted_between_two_ranges_is_gone_and_not_half_a_mail(desk: Desk, part: int) -> None:
    inbox = desk.server.folders[b"INBOX"]
    large = inbox.mails[2]

    def delete(exchange: Exchange) -> None:
        exchange.answer = b"* 3 FETCH (UID 4 BODY[]<%d> NIL)\r\n" % (CHUNK * part)
        inbox.mails.remove(large)

    desk.server.misbehave(delete, SESSION.index(b"FETCH") + 1 + part)
    desk.poll()
    assert names(desk) == {3, 9}
    with desk.database.reading() as session:
        assert "stepped over" in set(session.scalars(select(EventRow.what)))
    desk.poll()
    assert desk.sums() == Reconciliation(4, pending=3, older=1)


def test_a_folder_that_is_no_more_leaves_the_sums_and_comes_back_with_them(desk: Desk) -> None:
    desk.poll()
    junk = desk.server.folders.pop(b"Junk")
    assert desk.poll() is None
    assert desk.sums() == Reconciliation(4, pending=3, older=1)
    desk.server.folders[b"Junk"] = junk
    assert desk.poll() is None
    assert_all_is_well(desk)
