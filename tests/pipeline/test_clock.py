"""The clock of this machine decides nothing: not what a mail is, not when it is late, not what is told or how often."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.adapters.records.tables import EventRow, LetterRow, MailRow
from intake.domain.outcome import Later
from intake.entry.app import App
from intake.entry.config import load
from tests.e2e.world import UNITS, World, address, complete, mail, report
from tests.pipeline.office import START, Office
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink

DEADLINE = datetime(2024, 6, 11, 15, 59, 59, tzinfo=UTC)
JUMPS = [timedelta(0), -timedelta(days=3), timedelta(days=400), -timedelta(days=4000)]


@pytest.mark.server
@pytest.mark.parametrize("jump", JUMPS, ids=["right", "behind", "ahead", "as after a flat battery"])
def test_what_a_mail_is_and_whether_it_is_late_is_the_mail_servers_time_alone(office: Office, jump: timedelta) -> None:
    """Two machines away from one another by years decide the same."""
    office.now = START + jump
    files = {"总结报告.docx": report("微山县")}
    opens = office.app.office.notices[0].opens
    assert office.app.office.notices[0].deadline == DEADLINE
    office.world.deliver(mail("370826", files, subject="微山县科技活动周总结材料"), opens - timedelta(seconds=1))
    office.world.deliver(complete("370826"), opens)
    office.world.deliver(complete("370883"), DEADLINE)
    office.world.deliver(complete("370881"), DEADLINE + timedelta(seconds=1))
    office.poll()
    with office.app.database.reading() as session:
        found = [(row.received_at, row.unit_code, row.disposition, row.late) for row in session.scalars(all_mails())]
    assert found == [
        (opens, "370826", "ACCEPTED", False),
        (DEADLINE, "370883", "ACCEPTED", False),
        (DEADLINE + timedelta(seconds=1), "370881", "ACCEPTED", True),
    ]
    told = {code: [letter["Subject"][:4] for letter in office.world.letters(address(code))] for code in UNITS}
    assert told == {"370826": ["【已收齐"], "370883": ["【已收齐"], "370881": ["【逾期收"]}
    with office.app.records.chronicle() as chronicle:
        sums = chronicle.reconciliation()
    assert (sums.older, sums.accepted, sums.balanced) == (1, 3, True)


def all_mails() -> object:
    return select(MailRow).order_by(MailRow.id)


@pytest.mark.server
def test_what_was_put_off_by_a_clock_that_was_ahead_does_not_wait_for_years(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.world.deliver(complete("370883"))
    ahead = START + timedelta(days=400)
    office.now = ahead
    office.app.receive()
    with office.app.database.writing() as session:
        session.get_one(MailRow, 1).next_attempt_at = ahead + timedelta(minutes=10)  # an examination that failed
    office.app.examine()
    with office.app.records.outbox() as outbox:
        letter = outbox.letter(1, ahead)
        assert letter is not None
        outbox.settle(letter, Later(ahead + timedelta(hours=4), "450 later"), ahead)
    office.now = START
    assert office.poll() is None
    assert office.states()["accepted"] == 2
    assert [len(office.world.letters(address(code))) for code in ("370826", "370883")] == [1, 1]


@pytest.fixture
def app(tmp_path: Path, dovecot: Dovecot, sink: SmtpSink) -> App:
    """A configured service that is asked for digests only."""
    World(tmp_path, "nobody", dovecot, sink).configure()
    return App(load(tmp_path / "config"), lambda: START)


def decided(app: App, number: int, now: datetime) -> None:
    """A mail is decided; what is in it does not matter here."""
    with app.database.writing() as session:
        session.add(
            MailRow(
                id=number, sha256=f"{number:064}", size=1, folder="INBOX", received_at=START, taken_at=now,
                next_attempt_at=now, state="decided", disposition="ACCEPTED", decided_at=now, sender="a@example.cn",
            )
        )  # fmt: skip
        session.flush()
        session.add(EventRow(at=now, what="decided", mail_id=number, detail={}))


def digests(app: App) -> list[tuple[str, list[str]]]:
    """Every digest: its day, and the mails that it tells as news."""
    with app.database.reading() as session:
        rows = list(session.scalars(select(LetterRow).where(LetterRow.kind == "digest").order_by(LetterRow.id)))
        return [(row.key.split(":")[1], news(row.octets)) for row in rows]


def news(octets: bytes) -> list[str]:
    body = message_from_bytes(octets, policy=policy.default).get_body(("plain",))
    assert body is not None
    return re.findall(r"M\d{6}", body.get_content().split("三、", 1)[1].split("四、", 1)[0])


@pytest.mark.server
@pytest.mark.parametrize("seed", range(4))
def test_however_the_clock_jumps_each_mail_is_news_once_and_no_date_has_two_digests(app: App, seed: int) -> None:
    chance, now, mails = random.Random(seed), START, 0
    app.clock = lambda: now
    steps = [timedelta(minutes=1), timedelta(hours=12), timedelta(days=1), *JUMPS[1:], timedelta(days=3600)]
    for _ in range(25):
        if chance.random() < 0.6:
            mails += 1
            decided(app, mails, now)
        app.summarise()
        now += chance.choice(steps)
    made = digests(app)
    days = [day for day, _ in made]
    assert len(days) == len(set(days))
    told = [ref for _day, refs in made for ref in refs]
    assert sorted(told) == sorted(set(told)), "nothing twice"
    assert told == [f"M{number:06}" for number in range(1, len(told) + 1)], "nothing left out"
    app.close()


@pytest.mark.server
def test_after_a_jump_ahead_every_day_has_its_digest_again(app: App) -> None:
    now = datetime(2024, 6, 5, 1, 0, tzinfo=UTC)
    app.clock = lambda: now
    for jump in (timedelta(0), timedelta(days=30), -timedelta(days=30), *[timedelta(days=1)] * 3):
        now += jump
        for _ in range(2):
            app.summarise()
    assert [day for day, _ in digests(app)] == ["2024-06-05", "2024-07-05", "2024-06-06", "2024-06-07", "2024-06-08"]
    app.close()
