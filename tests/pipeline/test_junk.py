"""A county's mail that the server took for unwanted: taken, judged and answered like any other, and staff are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.e2e.world import address, complete
from tests.pipeline.office import Office

pytestmark = pytest.mark.server

RECEIVED = datetime(2024, 6, 5, 2, 0, tzinfo=UTC)
SPAM = b"From: x@spam.example\r\nSubject: cheap watches\r\n\r\nbuy\r\n"


def deliver(office: Office, octets: bytes, folder: str) -> None:
    office.world.dovecot.deliver(office.world.user, octets, RECEIVED, folder)


def test_a_submission_among_unwanted_mail_is_answered_and_staff_are_told_where_it_lay(office: Office) -> None:
    deliver(office, complete("370826"), "垃圾邮件")
    deliver(office, SPAM, "垃圾邮件")
    assert office.poll() is None
    assert office.states()["accepted"] == 1
    assert sorted(map(sorted, office.codes())) == [["found-in-junk"], ["not-a-submission"]]
    (letter,) = office.world.letters()
    assert letter["To"] == address("370826")
    assert "垃圾" not in letter.as_string()
    assert "垃圾" not in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    told = office.world.run("digest")
    assert "文件夹里，被当作了垃圾邮件" in told
    assert "设为可信" in told
    assert "服务器现有2封＝收讫1＋无关1，相符" in told
    assert "found-in-junk" in office.world.run("show", "M000001")


def test_a_mail_that_lies_elsewhere_too_or_was_moved_out_is_not_told(office: Office) -> None:
    both, moved = complete("370826"), complete("370883")
    deliver(office, both, "INBOX")
    deliver(office, both, "Unwanted")
    deliver(office, moved, "Unwanted")
    office.poll()
    assert sorted(map(sorted, office.codes())) == [[], ["found-in-junk"]]
    with office.world.dovecot.client(office.world.user) as client:
        client.select_folder("Unwanted")
        client.move([2], "INBOX")
    office.poll()
    office.world.run("retry", "M000002")
    assert office.codes() == [set(), set()]
    with office.app.records.chronicle() as chronicle:
        assert chronicle.reconciliation().balanced


def test_what_a_person_must_look_at_says_where_it_lies(office: Office) -> None:
    deliver(office, complete("370826").replace(b"kjj@u370826.example.gov.cn", b"x@y.example"), "Unwanted")
    config = office.world.folder / "config/intake.toml"
    config.write_text(config.read_text(encoding="utf-8") + '[identity]\npolicy = "roster"\n', encoding="utf-8")
    office.world.run("poll")
    (line,) = json.loads(office.world.run("held", "--json"))
    assert line["findings"] == ["found-in-junk", "unit-claimed"]
    assert "found-in-junk" in office.world.run("held")


def test_check_names_the_folders_that_are_read(office: Office) -> None:
    deliver(office, SPAM, "垃圾邮件")
    told = office.world.run("check")
    assert "folder 垃圾邮件, for unwanted mail: 1 mail" in told
    config = office.world.folder / "config/intake.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("[imap]", "[imap]\njunk = false"), encoding="utf-8")
    assert "folder 垃圾邮件" not in office.world.run("check")
    office.world.run("poll")
    assert office.world.status()["mails"]["received"] == 0
