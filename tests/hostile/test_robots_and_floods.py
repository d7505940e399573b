"""Rows 17 to 23 and 56: what is sent by machines, what is too much, too large, too long."""

from __future__ import annotations

import msgspec
import pytest

from intake.entry.office import office_of
from tests.e2e.world import complete, mail
from tests.hostile.ordeal import EVIL, KNOWN, VICTIM, Ordeal, own_mail, with_head
from tests.pipeline.test_replies import limited
from tests.samples import mails, media

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("head", "subject", "code"),
    [
        (b"Return-Path: <>", "x", "bounce"),
        (b"Auto-Submitted: auto-replied", "x", "automatic-reply"),
        (b"List-Id: <all.example.cn>", "x", "mailing-list"),
        (b"X: y", "自动回复：我已收到您的邮件", "automatic-reply"),
        (b"Auto-Submitted: auto-generated", "Please confirm your message", "automatic-reply"),
        (b"X: y", "已读：科技活动周", "read-receipt"),
    ],
)
def test_row_17_robots_are_filed_and_never_answered(ordeal: Ordeal, head: bytes, subject: str, code: str) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail({}, subject=subject), head))
    assert code in seen.codes
    assert seen["disposition"] == "IGNORED"
    assert ordeal.answers() == []


def test_row_18_a_forged_bounce_of_a_letter_that_was_never_sent_changes_nothing(ordeal: Ordeal) -> None:
    """A bounce marks the letter whose Message-ID it returns, and only who got the letter can know that. Nothing is
    sent again for it; a person is asked to phone.
    """
    made_up = b"<receipt.0123456789abcdef0123456789abcdef@ji.shandong.cn>"
    bounce = (
        b"From: postmaster@x.example\r\nSubject: undeliverable\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n\r\nno such user\r\n"
        b"--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: " + made_up + b"\r\nSubject: x\r\n\r\n--B--\r\n"
    )
    own, seen = ordeal.suffer(complete(VICTIM), bounce)
    assert own["disposition"] == "ACCEPTED"
    assert "bounce" in seen.codes
    letters = ordeal.office.world.status()["letters"]
    assert (letters["failed"], letters["sent"]) == (0, 2)


def test_row_19_a_flood_of_mails_uses_up_its_own_answers_and_nobody_elses(ordeal: Ordeal) -> None:
    """Sixty mails stand for ten thousand, and a limit of five answers for one of twenty: each is decided in turn, and
    the answers beyond the limit wait for staff. Mails are examined in the order in which they came: who comes first
    goes first, and what a mail may cost is bounded.
    """
    limited(ordeal.office, per_address_day=5, quiet_minutes=0)
    flood = [mail(VICTIM, {}, subject=f"科技活动周材料第{number}次") for number in range(60)]
    seen = ordeal.suffer(*flood)
    assert len(seen) == 60
    with ordeal.office.app.records.chronicle() as chronicle:
        letters = chronicle.letter_totals()
    assert len(ordeal.answers(KNOWN)) == 5
    assert letters["held"] > 0


def test_row_20_of_a_mail_that_is_too_large_only_the_beginning_is_fetched(ordeal: Ordeal) -> None:
    """`imap.max_mail_mb` is 1 here. It is held, and its sender told how to send it otherwise."""
    app = ordeal.office.app
    site = app.config.site
    imap = msgspec.structs.replace(site.imap, max_mail_mb=1)
    app.config = msgspec.structs.replace(app.config, site=msgspec.structs.replace(site, imap=imap))
    app.office = office_of(app.config)
    (seen,) = ordeal.suffer(own_mail({"总结报告.docx": b"x" * (3 << 20)}))
    assert seen.is_held
    assert "too-large" in seen.codes
    stored = sum(path.stat().st_size for path in app.blobs.root.rglob("*") if path.is_file())
    assert stored < 3 << 20
    assert len(ordeal.answers(KNOWN)) == 1


def test_row_21_nothing_is_ever_deleted_to_make_room(ordeal: Ordeal) -> None:
    """The inbox is left alone: what is in it is for people to tidy. How many mails lie there is in every digest, and
    a disk of ours that fills up stops the polling before it fetches (tests/e2e/test_full_disk.py).
    """
    ordeal.suffer(*(own_mail({}, sender=EVIL, subject=f"advertisement {number}") for number in range(5)))
    assert "服务器现有6封" in ordeal.office.world.run("digest")


@pytest.mark.parametrize(
    "field",
    [
        b"".join(b"X-%d: y\r\n" % number for number in range(100_000)),
        b"X-Long: " + (b"x" * 900 + b"\r\n ") * 4_000 + b"y\r\n",
        b"To: " + b", ".join(b"a%d@x.example" % number for number in range(40_000)) + b"\r\n",
    ],
    ids=["fields", "field", "to"],
)
def test_row_22_a_huge_header_names_nobody_and_is_held(ordeal: Ordeal, field: bytes) -> None:
    (seen,) = ordeal.suffer(field + own_mail())
    assert seen.tier in ("claimed", "unknown")
    assert seen.is_held
    assert ordeal.answers(KNOWN) == []


@pytest.mark.parametrize(
    "line",
    [
        b"Subject: " + b"\r\n ".join([b"=?utf-8?B?56eR5oqA?="] * 20_000),
        b"X: y\r\nContent-Disposition: attachment; filename*0*=utf-8''a; filename*99999999999*=b",
        b"Content-Type: text/plain; " + b"; ".join(b"name*%d=x" % number for number in range(20_000)),
    ],
    ids=["words", "section", "sections"],
)
def test_row_23_endless_words_and_parameters_end(ordeal: Ordeal, line: bytes) -> None:
    """Read as far as the bounds go, or held as not read in full; either way the next mail has its answer."""
    octets = b"From: <%s>\r\n%s\r\n\r\ntext\r\n" % (KNOWN.encode(), line)
    (seen,) = ordeal.suffer(octets)
    assert seen.is_held or seen["disposition"] == "IGNORED"
    assert len(seen["subject"]) < 100_000


def test_row_56_ten_thousand_attachments_are_not_examined_one_by_one(ordeal: Ordeal) -> None:
    parts = [mails.attachment(media.photo(seed=1)[:200], b"%d.jpg" % number) for number in range(10_000)]
    octets = b"From: <%s>\r\n" % KNOWN.encode() + mails.mail(mails.multipart(parts), sender=b"").partition(b"\r\n")[2]
    (seen,) = ordeal.suffer(octets)
    assert seen.is_held
    assert "not-all-read" in seen.codes
    assert seen["materials"] == []
