"""DKIM signatures, made by dkimpy with keys of openssl, looked up at a name server of our own, checked in a child."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dkim
import pytest

from intake.adapters.signatures.checker import LARGEST, SignatureChecker
from intake.adapters.signatures.resolver import find_key
from intake.domain.mail import Address, Message
from tests.samples import mails
from tests.servers.dns import NameServer, running_dns

MAIL = b"From: kjj@weishan.gov.cn\r\nTo: box@ji.example.cn\r\nSubject: x\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n"
DOMAIN = "weishan.gov.cn"


def key(bits: int) -> tuple[bytes, str]:
    """A private key, and its record."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], capture_output=True, check=True).stdout
    public = subprocess.run(
        ["openssl", "rsa", "-pubout"], input=private, capture_output=True, check=True, text=False
    ).stdout
    return private, "v=DKIM1; k=rsa; p=" + "".join(public.decode().splitlines()[1:-1])


@pytest.fixture(scope="module")
def strong() -> tuple[bytes, str]:
    return key(2048)


@pytest.fixture(scope="module")
def weak() -> tuple[bytes, str]:
    return key(512)


@pytest.fixture(scope="module")
def server(strong: tuple[bytes, str], weak: tuple[bytes, str]) -> Iterator[NameServer]:
    records = {
        f"s._domainkey.{DOMAIN}": [strong[1]],
        "s._domainkey.gov.cn": [strong[1]],
        "s._domainkey.evil.example": [strong[1]],
        f"weak._domainkey.{DOMAIN}": [weak[1]],
        f"two._domainkey.{DOMAIN}": [strong[1], weak[1]],
        f"long._domainkey.{DOMAIN}": [strong[1] + ";" + "n" * 9_000],
    }
    with running_dns(records) as running:
        yield running


def signed(private: bytes, mail: bytes = MAIL, domain: str = DOMAIN, selector: str = "s", **how: Any) -> bytes:
    signature: bytes = dkim.sign(mail, selector.encode(), domain.encode(), private, **how)
    return signature + mail


def signers(tmp_path: Path, octets: bytes) -> frozenset[str]:
    reading = mails.read(octets, tmp_path)
    return SignatureChecker(find_key)(tmp_path / "mail.eml", reading.message)


@pytest.mark.usefixtures("server")
class TestSignatures:
    def test_a_signature_of_the_senders_domain_or_one_above_is_told(
        self, tmp_path: Path, strong: tuple[bytes, str]
    ) -> None:
        assert signers(tmp_path, signed(strong[0])) == {DOMAIN}
        assert signers(tmp_path, signed(strong[0], domain="gov.cn")) == {"gov.cn"}
        assert signers(tmp_path, signed(strong[0], signed(strong[0], domain="gov.cn"))) == {DOMAIN, "gov.cn"}

    @pytest.mark.parametrize("cut", [(b"hello", b"hallo"), (b"Subject: x", b"Subject: y"), (b"kjj@", b"kjx@")])
    def test_what_was_changed_is_not_signed(
        self, tmp_path: Path, strong: tuple[bytes, str], cut: tuple[bytes, bytes]
    ) -> None:
        octets = signed(strong[0], include_headers=[b"from", b"subject"])

        assert signers(tmp_path, octets.replace(*cut)) == frozenset()

    def test_a_signature_that_lets_anybody_add_to_the_mail_counts_for_nothing(
        self, tmp_path: Path, strong: tuple[bytes, str]
    ) -> None:
        assert signers(tmp_path, signed(strong[0], length=True)) == frozenset()

    def test_sha1_and_a_short_key_count_for_nothing(
        self, tmp_path: Path, strong: tuple[bytes, str], weak: tuple[bytes, str]
    ) -> None:
        octets = signed(strong[0]).replace(b"a=rsa-sha256", b"a=rsa-sha1")
        assert signers(tmp_path, octets) == frozenset()
        assert signers(tmp_path, signed(weak[0], selector="weak")) == frozenset()

    @pytest.mark.parametrize("selector", ["none", "two", "long"])
    def test_a_key_that_is_not_one_record_is_no_key(
        self, tmp_path: Path, strong: tuple[bytes, str], selector: str
    ) -> None:
        assert signers(tmp_path, signed(strong[0], selector=selector)) == frozenset()


def test_nobody_is_asked_about_domains_that_could_not_speak_for_the_sender(
    tmp_path: Path, strong: tuple[bytes, str], server: NameServer
) -> None:
    before = len(server.asked)

    assert signers(tmp_path, signed(strong[0], domain="evil.example")) == frozenset()
    assert signers(tmp_path, signed(strong[0], selector="s").replace(b"s=s;", b"s=../;")) == frozenset()
    assert server.asked[before:] == []


def test_nonsense_in_the_place_of_a_signature_is_no_signature(tmp_path: Path, server: NameServer) -> None:
    for value in (b"", b"d=weishan.gov.cn; s=s", b"v=1; a=rsa-sha256; d=weishan.gov.cn; s=s; h=from; bh=!; b=%%%"):
        assert signers(tmp_path, b"DKIM-Signature: " + value + b"\r\n" + MAIL) == frozenset()
    assert server.asked, "the keys were asked for, and nothing came of it"


def test_a_mail_beyond_the_cap_is_not_verified(tmp_path: Path, strong: tuple[bytes, str], server: NameServer) -> None:
    octets = signed(strong[0])
    mail = tmp_path / "large"
    mail.write_bytes(octets)
    with mail.open("ab") as file:
        file.truncate(LARGEST + 1)
    message = mails.read(octets, tmp_path).message

    assert SignatureChecker(find_key)(mail, message) == frozenset()
    assert server.asked


def test_who_has_no_address_is_not_asked_about() -> None:
    def never(name: str) -> str | None:
        raise AssertionError(name)

    message = Message(headers={"dkim-signature": ("v=1; d=weishan.gov.cn; s=s",)})
    assert SignatureChecker(never)(Path("/nowhere"), message) == frozenset()
    stranger = Message(sender=Address("", "x@qq.com"), headers=message.headers)
    assert SignatureChecker(never)(Path("/nowhere"), stranger) == frozenset()
