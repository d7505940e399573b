"""Troubles that a real server can be made to have: processes killed, files closed, folders renumbered."""

from __future__ import annotations

import hashlib
import os
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intake.adapters.blobs import BlobStore
from intake.adapters.imap import ImapSettings, open_mailbox
from intake.adapters.imap.mailbox import CHUNK, ImapMailbox
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import FolderRow, MailRow, PostponedRow
from intake.domain.digest import Reconciliation
from intake.pipeline.folders import Intake
from intake.pipeline.receive import _Pass, receive
from intake.ports import Arrival, Deferred, Mailbox, Sink
from tests.adapters.conftest import file, migrated_file
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.unit.builders import ROSTER

__all__ = ["file", "migrated_file"]
pytestmark = pytest.mark.server

RECEIVED = datetime(2024, 6, 5, 2, 0, tzinfo=UTC)


def octets(name: str, size: int = 100) -> bytes:
    head = f"Subject: {name}\r\n\r\n".encode()
    return head + b"".join(b"%07d\r\n" % n for n in range(size // 9 + 1))


class Office:
    """Receive against Dovecot; `during` is called once, in the middle of the next download that has more to come."""

    def __init__(self, dovecot: Dovecot, user: str, database: Database, folder: Path) -> None:
        self.dovecot = dovecot
        self.user = user
        self.database = database
        self.records = SqlRecords(database, ROSTER)
        self.now = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
        settings = ImapSettings("127.0.0.1", dovecot.port, "none", user)
        self.intake = Intake(
            open_mailbox=lambda: open_mailbox(settings, PASSWORD, clock=lambda: self.now),
            records=self.records,
            blobs=BlobStore(folder / "blobs"),
            folders=("INBOX",),
            opens=datetime(2024, 5, 8, tzinfo=UTC),
            clock=lambda: self.now,
            max_mail=300 << 20,
            junk=True,
        )

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        for mail in mails:
            self.dovecot.deliver(self.user, mail, RECEIVED, folder)

    def poll(self) -> Deferred | None:
        self.now += timedelta(minutes=6)
        try:
            receive(self.intake)
        except Deferred as error:
            return error
        return None

    def taken(self) -> set[str]:
        with self.database.reading() as session:
            return set(session.scalars(select(MailRow.sha256)))

    def rows(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(table)))

    def sums(self) -> Reconciliation:
        with self.records.chronicle() as chronicle:
            return chronicle.reconciliation()

    def mail_file(self, mail: bytes) -> Path:
        files = (self.dovecot.root / "mail" / self.user).rglob("*")
        stored = mail.replace(b"\r\n", b"\n")
        return next(each for each in files if each.is_file() and each.read_bytes() == stored)


@pytest.fixture
def office(dovecot: Dovecot, user: str, file: Database, tmp_path: Path) -> Office:
    return Office(dovecot, user, file, tmp_path)


def hashes(*mails: bytes) -> set[str]:
    return {hashlib.sha256(mail).hexdigest() for mail in mails}


def during_download(monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
    """Do this once, when the first range of a mail has come and more are to come."""
    download = ImapMailbox.download
    done: list[int] = []

    class Interrupting:
        def __init__(self, sink: Sink) -> None:
            self._sink = sink

        def write(self, data: bytes, /) -> int:
            if len(data) == CHUNK and not done:
                done.append(1)
                what()
            return self._sink.write(data)

    def interrupted(box: ImapMailbox, arrival: Arrival, sink: Sink, cap: int) -> int | None:
        return download(box, arrival, Interrupting(sink), cap)

    monkeypatch.setattr(ImapMailbox, "download", interrupted)


def kill_imap_processes(dovecot: Dovecot) -> None:
    """SIGKILL to those processes of this server that serve mailboxes."""
    master = (dovecot.root / "run/master.pid").read_text().strip()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == master and (process / "cmdline").read_bytes().startswith(b"dovecot/imap\0"):
                os.kill(int(process.name), signal.SIGKILL)


def test_a_killed_server_process_costs_one_reconnect(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [octets("first"), octets("large", 3 * CHUNK), octets("last")]
    office.deliver(*mails)
    during_download(monkeypatch, lambda: kill_imap_processes(office.dovecot))
    assert office.poll() is None
    assert office.taken() == hashes(mails[0], mails[2]), "the one in hand is postponed, the next goes on"
    assert office.poll() is None
    assert office.taken() == hashes(*mails)
    assert office.sums() == Reconciliation(3, pending=3)


def test_a_mail_that_somebody_deletes_while_it_is_read_is_gone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [octets("first"), octets("large", 3 * CHUNK), octets("last")]
    office.deliver(*mails)
    during_download(monkeypatch, lambda: office.dovecot.expunge(office.user, 2))
    for _ in range(2):
        assert office.poll() is None
    assert office.taken() in (hashes(mails[0], mails[2]), hashes(*mails)), "whole or not at all"
    assert office.sums().balanced
    assert office.sums().on_server == 2


def test_a_mail_whose_file_cannot_be_read_delays_no_other(office: Office) -> None:
    mails = [octets("first"), octets("closed"), octets("last")]
    office.deliver(*mails)
    closed = office.mail_file(mails[1])
    closed.chmod(0)
    assert office.poll() is None
    assert office.taken() == hashes(mails[0], mails[2])
    (row,) = office.rows(PostponedRow)
    assert row.uid == 2
    assert office.sums() == Reconciliation(3, pending=2, postponed=1)
    closed.chmod(0o600)
    assert office.poll() is None
    assert office.taken() == hashes(*mails)
    assert office.rows(PostponedRow) == []


def test_a_mail_that_comes_while_another_is_tried_again_is_counted_when_it_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [octets("first"), octets("closed"), octets("late")]
    office.deliver(*mails[:2])
    closed = office.mail_file(mails[1])
    closed.chmod(0)
    office.poll()
    closed.chmod(0o600)
    come_back, late = _Pass._come_back, [mails[2]]

    def interrupted(work: _Pass, box: Mailbox, folder: str) -> None:
        while folder == "INBOX" and late:
            office.deliver(late.pop())
        come_back(work, box, folder)

    monkeypatch.setattr(_Pass, "_come_back", interrupted)
    assert office.poll() is None
    assert office.taken() == hashes(*mails[:2])
    assert office.sums() == Reconciliation(3, pending=2, unread=1), "it adds up at any moment, and hides nothing"
    assert office.poll() is None
    assert office.sums() == Reconciliation(3, pending=3)


def test_a_folder_that_is_renumbered_between_two_passes_brings_nothing_twice_and_loses_nothing(office: Office) -> None:
    mails = [octets("first"), octets("closed"), octets("last"), octets("new")]
    office.deliver(*mails[:3])
    office.deliver(mails[0], folder="Junk")
    closed = office.mail_file(mails[1])
    closed.chmod(0)
    office.poll()
    for folder, value in (("INBOX", 4_000_000_000), ("Junk", 4_000_000_001)):
        office.dovecot.renew_uidvalidity(office.user, value, folder)
    office.dovecot.expunge(office.user, 3)
    office.deliver(mails[3])
    closed = office.mail_file(mails[1])
    closed.chmod(0o600)
    for _ in range(2):
        assert office.poll() is None
    assert office.taken() == hashes(*mails)
    assert office.sums() == Reconciliation(4, pending=3, copies=1)
    assert {row.uidvalidity for row in office.rows(FolderRow)} == {4_000_000_000, 4_000_000_001}


def test_a_folder_that_is_renumbered_while_it_is_read_is_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [octets("first"), octets("large", 3 * CHUNK), octets("last")]
    office.deliver(*mails)
    during_download(monkeypatch, lambda: office.dovecot.renew_uidvalidity(office.user, 4_000_000_000))
    for _ in range(3):
        office.poll()
    assert office.taken() == hashes(*mails)
    assert office.sums() == Reconciliation(3, pending=3)


def test_folders_for_unwanted_mail_are_read_by_attribute_and_by_name(office: Office) -> None:
    mails = {folder: octets(folder) for folder in ("INBOX", "Unwanted", "垃圾邮件", "Drafts", "2023")}
    for folder, mail in mails.items():
        office.deliver(mail, folder=folder)
    assert office.poll() is None
    assert office.taken() == hashes(mails["INBOX"], mails["Unwanted"], mails["垃圾邮件"])
    assert {row.name: row.junk for row in office.rows(FolderRow)} == {
        "INBOX": False, "Unwanted": True, "垃圾邮件": True,
    }  # fmt: skip
    assert office.sums() == Reconciliation(3, pending=3)
    assert office.dovecot.flags(office.user, "垃圾邮件") == {1: ()}


def test_folders_for_unwanted_mail_are_left_alone_when_it_is_said_so(office: Office) -> None:
    office.deliver(octets("x"), folder="Unwanted")
    office.intake = replace(office.intake, junk=False)
    assert office.poll() is None
    assert office.taken() == set()
