"""Rows 1 to 16, 54 and 55: who says that he is somebody else, and what is written to look as if he were."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from tests.e2e.world import complete, mail, report
from tests.hostile.ordeal import EVIL, KNOWN, VICTIM, Ordeal, own_mail, with_head
from tests.pipeline.test_whose import HOST, under
from tests.samples import media

pytestmark = pytest.mark.server
OWN, THEIRS = f"From: <{KNOWN}>".encode(), f"From: <{EVIL}>".encode()


@pytest.mark.parametrize("lines", [(OWN, THEIRS), (THEIRS, OWN)])
def test_row_01_two_from_headers_are_nobody(ordeal: Ordeal, lines: tuple[bytes, bytes]) -> None:
    """Nobody is known by them. That the mail names the unit makes it a claim without a sender, which gets no answer."""
    (seen,) = ordeal.suffer(with_head(own_mail(), *lines, without=b"From"))
    assert seen.sender is None
    assert seen.tier in ("claimed", "unknown")
    assert ordeal.answers() == []


@pytest.mark.parametrize("hidden", [b"\r", b"\n\r", b"\0\r\n"])
def test_row_02_a_from_that_hides_behind_an_odd_line_end_is_nobody(ordeal: Ordeal, hidden: bytes) -> None:
    evil = with_head(own_mail(), THEIRS, b"Subject: x" + hidden + OWN, without=b"From")
    (seen,) = ordeal.suffer(evil)
    assert seen.tier in ("claimed", "unknown")
    assert seen.sender != KNOWN
    assert ordeal.answers(KNOWN) == []


@pytest.mark.parametrize("lines", [[f"From : {KNOWN}".encode()], [b" " + OWN], [b"X: y", b"", OWN]])
def test_row_03_what_is_nearly_a_from_is_none(ordeal: Ordeal, lines: list[bytes]) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(), *lines, without=b"From"))
    assert seen.sender is None
    assert seen.tier in ("claimed", "unknown")
    assert ordeal.answers() == []


@pytest.mark.parametrize(
    "name",
    [f"{KNOWN}", f'"{KNOWN}"', f'"<{KNOWN}>"', "=?utf-8?B?a2pqQHUzNzA4MjYuZXhhbXBsZS5nb3YuY24=?="],
)
def test_row_04_an_address_in_a_display_name_is_a_name(ordeal: Ordeal, name: str) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(), f"From: {name} <{EVIL}>".encode(), without=b"From"))
    assert seen.tier in ("claimed", "unknown")
    assert seen.sender in (EVIL, None)
    assert ordeal.answers(KNOWN) == []


@pytest.mark.parametrize(
    "value", [f"{KNOWN}, {EVIL}", f"group: {KNOWN};", f"<@x.example,@y.example:{KNOWN}>", f"<{KNOWN}> <{EVIL}>"]
)
def test_row_05_a_from_that_is_not_one_plain_address_is_nobody(ordeal: Ordeal, value: str) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(), f"From: {value}".encode(), without=b"From"))
    assert (seen.sender, seen.tier in ("claimed", "unknown")) == (None, True)
    assert ordeal.answers() == []


@pytest.mark.parametrize(
    "value",
    [
        "=?utf-8?q?kjj?=@u370826.example.gov.cn",
        '"kjj"@u370826.example.gov.cn',
        "kjj@u370826.example.gov.cn@x.example",
        "kjj＠u370826.example.gov.cn", "kjj@u370826。example.gov.cn",
    ],
)  # fmt: skip
def test_row_06_an_address_is_plain_ascii_or_none(ordeal: Ordeal, value: str) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(), f"From: <{value}>".encode(), without=b"From"))
    assert seen.tier in ("claimed", "unknown")
    assert seen.sender != KNOWN
    assert ordeal.answers(KNOWN) == []


@pytest.mark.parametrize(
    "domain", ["u370826.exаmple.gov.cn", "u370826.xn--exmple-4nf.gov.cn", "u370826-example-gov.cn"]
)
def test_row_07_a_domain_that_looks_like_the_units_is_not_the_units(ordeal: Ordeal, domain: str) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(), f"From: <kjj@{domain}>".encode(), without=b"From"))
    assert seen.tier in ("claimed", "unknown")
    assert ordeal.answers(KNOWN) == []
    assert ("sender-lookalike" in seen.codes) is domain.isascii(), "an address with other letters is none at all"


def test_row_07_staff_are_warned_beside_the_offer_to_learn_a_look_alike(ordeal: Ordeal) -> None:
    """Its sender, who may be a spoofer, is not told."""
    forged = "kjj@u370826-example-gov.cn"
    ordeal.suffer(own_mail(sender=forged))
    told = ordeal.office.world.run("digest")
    _, _, task = told.partition("发件人待确认")
    assert "u370826.example.gov.cn相似而不同" in task.partition("assign M000001")[0]
    (letter,) = ordeal.answers(forged)
    assert "相似" not in letter.get_body(("plain",)).get_content()
    assert "相似" not in letter.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("KJJ@U370826.Example.GOV.cn", True),
        ("kjj@u370826.example.gov.cn.", False),
        ("kjj+x@u370826.example.gov.cn", False),
        ("kjj@mail.u370826.example.gov.cn", False),
    ],
)
def test_row_08_case_does_not_matter_and_everything_else_does(ordeal: Ordeal, spec: str, known: bool) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(), f"From: <{spec}>".encode(), without=b"From"))
    assert (seen.tier == "known") is known


PASSED = f"Authentication-Results: {HOST}; dmarc=pass; dkim=pass header.d=u370826.example.gov.cn".encode()
FAILED = f"Authentication-Results: {HOST}; dmarc=fail header.from=u370826.example.gov.cn".encode()
TRUST_LINE = f"Received: from x by {HOST}; Wed, 5 Jun 2024 10:00:00 +0800".encode()


def test_row_09_a_verdict_below_the_trust_line_is_not_heard(ordeal: Ordeal) -> None:
    """A stranger gains nothing by one, and a county loses nothing by one."""
    under(ordeal.office.app, trust_authserv=[HOST])
    evil = with_head(own_mail(sender=EVIL), TRUST_LINE, PASSED)
    spoiling = with_head(own_mail({"1.jpg": media.photo()}), TRUST_LINE, FAILED)
    forged, own = ordeal.suffer(evil, spoiling)
    assert forged.tier == "claimed"
    assert own.tier == "known"


@pytest.mark.parametrize(
    "verdict",
    [
        f"Authentication-Results: {HOST}; dmarc=fail (x) dmarc=pass".encode(),
        f"Authentication-Results: {HOST}; (dmarc=pass) dmarc=fail".encode(),
        f"Authentication-Results: {HOST};\r\n dmarc=fail".encode(),
        f'Authentication-Results: {HOST}; spf=none smtp.mailfrom="a b"@evil.example; dmarc=fail'.encode(),
        f'Authentication-Results: {HOST}; spf=none smtp.helo="("; dmarc=fail; x-y=none z.z=")"'.encode(),
        f"Authentication-Results: {HOST}; spf=none (never ends; dmarc=fail".encode(),
        f"Authentication-Results: {HOST}; dkim=none{' ' * 8_000}; dmarc=fail".encode(),
    ],
)
def test_row_10_comments_and_folds_do_not_turn_a_fail_into_a_pass(ordeal: Ordeal, verdict: bytes) -> None:
    """Nor into no verdict: of what cannot be read nobody can say that it was no fail."""
    under(ordeal.office.app, trust_authserv=[HOST])
    (seen,) = ordeal.suffer(with_head(own_mail(), verdict, TRUST_LINE))
    assert "host-pass" not in seen["evidence"]
    assert (seen.tier, seen.is_held) == ("refuted", True)
    assert seen.codes & {"sender-refuted", "sender-unverified"}
    assert ordeal.answers() == []


def test_row_11_weak_or_unaligned_signatures_are_none(ordeal: Ordeal) -> None:
    """Without `identity.dkim` no signature is looked at at all, and none lifts anybody.

    With it, each kind of weakness is tried in tests/adapters/test_signatures.py.
    """
    signature = b"DKIM-Signature: v=1; a=rsa-sha1; d=u370826.example.gov.cn; s=s; l=0; h=subject; bh=x; b=y"
    (seen,) = ordeal.suffer(with_head(own_mail(sender=EVIL), signature))
    assert seen.tier == "claimed"


def test_row_12_a_providers_signature_speaks_for_no_unit(ordeal: Ordeal) -> None:
    """Only the exact address of the roster identifies; a signature of qq.com is evidence of qq.com."""
    signature = b"DKIM-Signature: v=1; a=rsa-sha256; d=qq.com; s=s; h=from:subject; bh=x; b=y"
    (seen,) = ordeal.suffer(with_head(own_mail(sender="other@qq.com"), signature))
    assert seen.tier == "claimed"


def test_row_13_an_old_mail_sent_again_changes_nothing(ordeal: Ordeal) -> None:
    """The same octets are the same mail. With another trace it is another mail, whose files count already, and which
    adds nothing: a signature's age is not asked, because nothing can be gained by a replay.
    """
    own = complete(VICTIM)
    replayed = with_head(own, b"Received: from evil by x; Wed, 5 Jun 2024 09:00:00 +0800")
    assert [seen.tier for seen in ordeal.suffer(own, replayed)] == ["known", "known"]
    ordeal.office.world.deliver(own)
    assert ordeal.office.poll() is None
    assert ordeal.office.states()["received"] == 3, "the same octets once more are no mail of their own"
    unit = ordeal.office.world.unit(VICTIM)
    assert [len(item["materials"]) for item in unit["items"].values()] == [1, 1, 1]


def test_row_13_an_old_version_sent_again_is_no_newer_than_it_was(ordeal: Ordeal) -> None:
    """Whoever replays it would else take back what the unit has repaired since."""
    own = with_head(complete(VICTIM), b"Message-ID: <1@county>", without=b"Message-ID")
    repaired = mail(VICTIM, {"微山县总结报告.docx": report("微山县（修改稿）")}, subject="微山县科技活动周总结")
    replayed = with_head(own, b"Received: from evil by x; Wed, 5 Jun 2024 09:00:00 +0800")
    for minutes, octets in enumerate((own, repaired, replayed)):
        ordeal.office.world.deliver(octets, ordeal.office.now + timedelta(minutes=minutes))
        assert ordeal.office.poll() is None
    item = ordeal.office.world.unit(VICTIM)["items"]["report"]
    assert item["materials"] == [sha256(report("微山县（修改稿）")).hexdigest()]


@pytest.mark.parametrize(
    "line",
    [
        "Reply-To",
        "Return-Path",
        "Disposition-Notification-To",
        "Return-Receipt-To",
        "Errors-To",
        "X-Confirm-Reading-To",
    ],
)
def test_row_14_no_field_but_from_says_where_an_answer_goes(ordeal: Ordeal, line: str) -> None:
    ordeal.suffer(with_head(complete(VICTIM), f"{line}: <victim@v.example>".encode()))
    assert ordeal.answers("victim@v.example") == []
    (letter,) = ordeal.answers(KNOWN)
    assert "victim" not in letter.as_string()
    assert not {"disposition-notification-to", "return-receipt-to", "reply-to"} & {key.lower() for key in letter}


@pytest.mark.parametrize("line", [f"Sender: <{KNOWN}>", f"Resent-From: <{KNOWN}>", f"X-Original-From: {KNOWN}"])
def test_row_15_who_sends_for_another_is_himself(ordeal: Ordeal, line: str) -> None:
    (seen,) = ordeal.suffer(with_head(own_mail(sender=EVIL), line.encode()))
    assert (seen.sender, seen.tier) == (EVIL, "claimed")


def test_row_16_mail_from_our_own_address_is_never_answered(ordeal: Ordeal) -> None:
    """Whether we wrote it or somebody forged it: it is ours by its address, filed, and answered by nobody."""
    forged = own_mail(sender="jnkjjrck@ji.shandong.cn")
    echo = with_head(own_mail(sender=EVIL), b"In-Reply-To: <receipt.0123456789abcdef0123456789abcdef@ji.shandong.cn>")
    ours, made_up = ordeal.suffer(forged, echo)
    assert "own-letter" in ours.codes
    assert made_up.tier == "claimed", "an id of ours that was never sent lifts nobody"
    assert [letter["To"] for letter in ordeal.answers() if "jnkjjrck" in str(letter["To"])] == []


def test_row_54_a_report_of_another_county_is_filed_under_neither(ordeal: Ordeal) -> None:
    (seen,) = ordeal.suffer(own_mail({"总结报告.docx": report("曲阜市")}))
    assert seen.is_held
    assert "unit-conflict" in seen.codes
    assert seen.counted == []
    assert ordeal.office.world.unit("370881")["state"] == "missing"


def test_row_55_who_sends_the_countys_very_files_first_takes_nothing_from_it(ordeal: Ordeal) -> None:
    own = complete(VICTIM)
    stolen, genuine = ordeal.suffer(own.replace(KNOWN.encode(), EVIL.encode()), own)
    assert (stolen.tier, genuine.tier) == ("claimed", "known")
    unit = ordeal.office.world.unit(VICTIM)
    assert (unit["state"], unit["identity"]) == ("complete", "known")
    assert str(ordeal.answers(KNOWN)[-1]["Subject"]).startswith("【已收齐】")
