"""Mails built to exhaust whoever reads them: each gets a finding in time, and the good mail behind it its answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.adapters.reading import reader as reading
from tests.e2e.world import UNITS, address, complete
from tests.pipeline.office import Office

pytestmark = pytest.mark.server

SECONDS = 10
HEAD = f"From: {address('370826')}\r\nSubject: {{subject}}\r\nMIME-Version: 1.0\r\n"


def head(subject: str = "x") -> bytes:
    return HEAD.format(subject=subject).encode()


def many_parts() -> bytes:
    parts = b"".join(b"--B\r\nContent-Type: image/jpeg\r\n\r\n%d\r\n" % number for number in range(100_000))
    return head() + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + parts + b"--B--\r\n"


def long_header() -> bytes:
    return head() + b"X-Long: " + (b"x" * 900 + b"\r\n ") * 22_000 + b"\r\n\r\ntext\r\n"


def deep_nesting() -> bytes:
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (level, level) for level in range(3_000)
    )
    return head() + levels + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


def endless_subject() -> bytes:
    words = "\r\n ".join("=?utf-8?B?56eR5oqA?=" for _ in range(50_000))
    return head(words) + b"\r\ntext\r\n"


@pytest.mark.parametrize("monster", [many_parts, long_header, deep_nesting, endless_subject])
def test_a_monster_gets_a_finding_in_time_and_the_next_mail_its_answer(
    office: Office, monster: Callable[[], bytes]
) -> None:
    office.world.deliver(monster())
    office.world.deliver(complete("370883"))
    office.app.receive()
    started = time.monotonic()
    office.app.examine()
    assert time.monotonic() - started < SECONDS
    office.app.deliver()
    assert office.states()["parked"] == 0
    assert office.states()["held"] + office.states()["ignored"] == 1
    assert len(office.world.letters(address("370883"))) == 1
    assert office.codes()[0] & {"not-all-read", "not-a-submission"}
    assert UNITS["370883"] in office.world.letters(address("370883"))[0]["Subject"]


BREAKING = """
import os
import intake.adapters.mail.reader as reader
from intake.adapters.reading.worker import BORROWS, main

split = reader.split

def breaking(spool, top, *more):
    if b"X-Break" in top.octets:
        os.abort()
    return split(spool, top, *more)

reader.split = breaking
"""


def test_a_mail_that_breaks_who_reads_it_is_held_and_the_next_gets_its_answer(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader with a bug that a mail may set off, as a parser in C may have: it ends by a signal."""
    (tmp_path / "breaking_reader.py").write_text(BREAKING)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(reading, "_WORKER", "breaking_reader")
    office.world.deliver(complete("370826").replace(b"MIME-Version", b"X-Break: 1\r\nMIME-Version", 1))
    office.world.deliver(complete("370883"))
    assert office.poll() is None
    assert office.states()["held"] == office.states()["accepted"] == 1
    assert {"not-all-read"} in office.codes()
    assert len(office.world.letters(address("370883"))) == 1
    with office.app.records.chronicle() as chronicle:
        (line,) = chronicle.needing_person()
    assert (address("370826") in line.sender, line.unit and line.unit.code) == (True, "370826")
