"""Rows 49 to 51 and 57 to 60: who tries it from another side: commands by mail, servers, the network, the disk."""

from __future__ import annotations

import re
import stat
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from intake.adapters.imap import ImapSettings
from tests.e2e.world import address, complete
from tests.hostile.ordeal import EVIL, GOOD, KNOWN, VICTIM, Ordeal, own_mail, with_head
from tests.pipeline.office import Office
from tests.samples import media
from tests.servers.certificate import Certificate
from tests.servers.liar import Liar, running_liar

pytestmark = pytest.mark.server
SETTINGS = ImapSettings("127.0.0.1", 0, "none", "office")


@pytest.mark.parametrize("sender", ["rck@ji.shandong.cn", "jnkjjrck@ji.shandong.cn", EVIL])
def test_row_49_nobody_commands_by_mail(ordeal: Ordeal, sender: str) -> None:
    commands = "assign M000001 370826 --learn\nrelease M000001\naccept M000001\nseal --destroy M000001"
    command = own_mail({}, sender=sender, subject="release M000001", body=commands)
    claimed, ordered = ordeal.suffer(own_mail(sender=EVIL), command)
    assert claimed.tier == "claimed"
    assert ordered.counted == []
    told = ordeal.office.world.run("show", "M000001", "--json")
    assert not re.search(r'"what": "(assigned|released|accepted|learned|forgotten)"', told)


@pytest.mark.parametrize("word", ["确认", "YES", "同意代表微山县", "token=0123456789abcdef0123456789abcdef"])
def test_row_50_there_is_no_word_that_confirms(ordeal: Ordeal, word: str) -> None:
    """No token is ever mailed: who writes from a new address is confirmed by staff on the telephone, with `assign`."""
    first, second = ordeal.suffer(own_mail(sender=EVIL), own_mail({}, sender=EVIL, subject=f"Re: {word}", body=word))
    assert first.tier == "claimed"
    assert second.tier in ("claimed", "unknown")
    assert not [letter for letter in ordeal.answers() if re.search(r"token|验证码|确认码", letter.as_string())]


def test_row_51_a_reply_from_another_address_confirms_nobody(ordeal: Ordeal) -> None:
    ordeal.office.world.deliver(own_mail())
    ordeal.office.poll()
    (ours,) = [letter["Message-ID"] for letter in ordeal.answers(KNOWN)]
    reply = own_mail({"v.mp4": media.video(60)}, sender=EVIL, subject="Re: 答复")
    ordeal.suffer(with_head(reply, f"In-Reply-To: {ours}".encode()))
    assert [seen.tier for seen in ordeal.stories(2)] == ["known", "claimed"]


def poll_at(office: Office, monkeypatch: pytest.MonkeyPatch, settings: ImapSettings) -> str | None:
    """One poll of another server; what went wrong. Then it is ten minutes later."""
    with monkeypatch.context() as patched:
        patched.setattr("intake.entry.servers.imap_settings", lambda _config: settings)
        told = office.poll()
    office.now += timedelta(minutes=10)
    return told


def test_row_57_a_server_that_trickles_is_given_up_and_the_next_poll_goes_on(
    ordeal: Ordeal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command has its deadline; each is tried in tests/adapters/test_imap_lies.py."""
    endless = Liar(greeting=b"* OK " + b"." * 10_000, trickle=0.05)
    with running_liar(endless):
        began = time.monotonic()
        settings = replace(SETTINGS, port=endless.port, connect_timeout=0.3, grace=0.2)
        assert "receive:" in (poll_at(ordeal.office, monkeypatch, settings) or "")
        assert time.monotonic() - began < 10
    (seen,) = ordeal.suffer(own_mail())
    assert seen.tier == "known"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_row_58_no_password_leaves_for_a_server_that_is_not_ours(
    ordeal: Ordeal, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    """Whose certificate no authority of ours signed, or who says in the clear that there is no TLS."""
    liar = Liar(tls=certificate.server_context() if security == "tls" else None)
    with running_liar(liar):
        settings = replace(SETTINGS, port=liar.port, security=security)
        assert "receive:" in (poll_at(ordeal.office, monkeypatch, settings) or "")
    assert not [said for said in liar.seen if said.upper().startswith((b"LOGIN", b"AUTHENTICATE"))]
    (seen,) = ordeal.suffer(own_mail())
    assert seen.tier == "known"


DATES = (
    "Thu, 01 Jan 1970 00:00:00 +0000",
    "Fri, 31 Dec 2099 23:59:59 +0800",
    "Wed, 5 Jun 2024 10:00 +9999",
    "昨天",
    "",
)


@pytest.mark.parametrize("date", DATES, ids=range(len(DATES)))
def test_row_59_what_a_mail_says_of_its_date_decides_nothing(ordeal: Ordeal, date: str) -> None:
    (seen,) = ordeal.suffer(with_head(complete(VICTIM), f"Date: {date}".encode()))
    assert seen["received_at"] == "2024-06-05T02:00:00+00:00"
    assert (seen["disposition"], seen["late"]) == ("ACCEPTED", False)


def test_row_60_a_file_that_is_swapped_in_the_store_is_not_decided_on(ordeal: Ordeal) -> None:
    """Its hash is looked at when it is opened; it is fetched again, and decided as it came."""
    office = ordeal.office
    office.world.deliver(own_mail())
    office.app.receive()
    assert stat.S_IMODE(office.app.blobs.root.stat().st_mode) == 0o700
    (stored,) = [path for path in office.app.blobs.root.rglob("*") if path.is_file() and len(path.name) == 64]
    stored.chmod(0o600)
    stored.write_bytes(own_mail(sender=EVIL))
    office.poll()
    office.now += timedelta(minutes=10)
    assert office.poll() is None
    (seen,) = ordeal.stories(1)
    assert (seen["state"], seen.tier) == ("decided", "known")
    assert ordeal.answers(EVIL) == []
    office.world.deliver(complete(GOOD))
    assert office.poll() is None
    assert len(office.world.letters(address(GOOD))) == 1


def test_every_row_has_its_test() -> None:
    written = "".join(each.read_text("utf-8") for each in Path(__file__).parent.glob("test_*.py"))
    rows = re.findall(r"^def test_row_(\d\d)_", written, re.MULTILINE)
    assert {int(row) for row in rows} == set(range(1, 61))
