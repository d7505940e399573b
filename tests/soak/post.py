"""The mail of a long while: small ones, some with attachments, some twice, from many units."""

from __future__ import annotations

import random
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage

from intake.entry.demo.media import photo
from tests.e2e.world import UNIT_TOML
from tests.samples import documents

UNITS = 500
WITH_FILES, TWICE = 0.2, 0.1
"""Shares of the mails that bring attachments, and that are an earlier one octet by octet."""


def roster() -> str:
    """units.toml of an office with many units."""
    return "\n".join(UNIT_TOML.format(code=code(number), short=f"第{number}县") for number in range(UNITS))


def code(number: int) -> str:
    return str(400_000 + number)


def mails(number: int, seed: int) -> Iterator[bytes]:
    """So many mails, the same ones for the same seed."""
    chance = random.Random(seed)
    files = [("总结报告.docx", _report()), ("1.jpg", photo(640, 480, 7))]
    sent: list[bytes] = []
    for serial in range(number):
        if sent and chance.random() < TWICE:
            yield chance.choice(sent)
            continue
        octets = _mail(
            serial,
            chance.randrange(UNITS),
            chance.sample(files, chance.randint(1, 2)) if chance.random() < WITH_FILES else [],
        )
        sent.append(octets)
        yield octets


def _mail(serial: int, unit: int, files: list[tuple[str, bytes]]) -> bytes:
    message = EmailMessage()
    message["From"] = f"第{unit}县科技局 <kjj@u{code(unit)}.example.gov.cn>"
    message["To"] = "jnkjjrck@ji.shandong.cn"
    message["Subject"] = f"2024年科技活动周总结材料（{serial}）"
    message["Message-ID"] = f"<soak.{serial}@example.gov.cn>"
    message.set_content(f"第{serial}件。请查收。\n" * 10)
    for name, octets in files:
        message.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes(policy=policy.SMTP)


def _report() -> bytes:
    return documents.docx("2024年科技活动周总结报告", ["开展科普进校园活动，参与群众一万余人次。"] * 5)
