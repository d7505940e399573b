"""When the faults are over everything comes to its end, and whatever has not is in the digest by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from intake.adapters.looking import Looker
from intake.adapters.records.tables import LetterRow, MailRow, PostponedRow
from intake.domain.alarm import Standing, Trouble
from intake.domain.digest import MailLine
from intake.domain.material import Examined, Material
from intake.entry import app as wiring
from intake.entry.commands import look_after
from intake.pipeline.summarise import compose
from intake.ports import Deferred
from tests.e2e.world import address, complete, mail
from tests.pipeline.office import START, Office
from tests.samples import media
from tests.servers.dovecot import PASSWORD

pytestmark = pytest.mark.server

POISON = b"poison"


class Poisoned(Looker):
    """Looks as ever, and fails on one file."""

    def __call__(self, materials: Sequence[Material], *rest: Any) -> tuple[Examined, ...]:
        if any(material.filename == "poison.docx" for material in materials):
            raise RuntimeError("our bug")
        return super().__call__(materials, *rest)


def poll(office: Office) -> None:
    office.poll()
    look_after(office.app)
    office.now += timedelta(minutes=11)


def deliver_of_every_sort(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.world.deliver(mail("370883", {"poison.docx": POISON}))
    office.world.deliver(mail("370881", {}))
    office.world.deliver(mail("370881", {}, subject="午饭", sender="x <x@y.example>", body="好"))
    office.world.deliver(mail("370881", {"曲阜市.mp4": media.video(222)}))


def test_when_the_faults_are_over_three_polls_bring_every_mail_to_an_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mailbox away, wrong password, disk full, letters refused one after another; then none of it."""
    deliver_of_every_sort(office)
    monkeypatch.setattr(wiring, "Looker", Poisoned)
    with monkeypatch.context() as fault:
        fault.setenv("INTAKE_IMAP_PASSWORD", "wrong")
        poll(office)
    with monkeypatch.context() as fault:
        fault.setattr("intake.adapters.records.ledger.SqlLedger.take", _full)
        poll(office)
    office.world.sink.say("RCPT", *["451 later"] * 3)
    poll(office)
    office.now += timedelta(hours=5)  # the longest that anything is left alone

    for _ in range(3):
        poll(office)

    with office.app.records.chronicle() as chronicle:
        sums, letters, waiting = chronicle.reconciliation(), chronicle.letter_totals(), chronicle.needing_person()
    assert sums.balanced
    assert (sums.on_server, sums.unread, sums.pending, sums.postponed) == (5, 0, 0, 0)
    assert sums.parked == 1
    assert letters["due"] == 0
    listed = {line.ref for line in waiting}
    with office.app.database.reading() as session:
        rows = list(session.scalars(select(MailRow)))
    ended = {f"M{row.id:06d}" for row in rows if row.state == "decided" and not row.needs_person}
    assert listed | ended == {f"M{row.id:06d}" for row in rows}
    assert not listed & ended
    assert len(office.world.letters(address("370826"))) == 1


def _full(*_: object, **__: object) -> None:
    raise Deferred("the disk is full")


def test_the_digest_names_everything_that_has_not_come_to_its_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    deliver_of_every_sort(office)
    poll(office)
    with office.app.database.writing() as session:
        session.execute(update(MailRow).where(MailRow.id == 2).values(state="parked", needs_person=True))
        session.add(
            PostponedRow(
                folder="INBOX", uidvalidity=1, uid=99, size=1, internal_date=START, attempts=5,
                next_attempt_at=START, error="server gives nothing", first_failed_at=START,
            )
        )  # fmt: skip
        failed = {"state": "failed", "error": "550 no such user"}
        session.execute(update(LetterRow).where(LetterRow.id == 1).values(**failed))
        session.execute(update(LetterRow).where(LetterRow.id == 2).values(**failed, doubts=2))
    with office.app.records.alarms() as alarms:
        facts = {"count": 1, "refs": ["M000002"]}
        alarms.keep(Standing(Trouble.PARKED, START, 1, facts), START)
    with office.app.records.chronicle() as chronicle:
        digest = compose(office.app.desk, chronicle, START.date())
        waiting: tuple[MailLine, ...] = chronicle.needing_person()
    text = office.app.stationery.text(digest)
    assert len(waiting) >= 2, "held and parked"
    assert all(line.ref in text for line in waiting)
    assert "server gives nothing" in text
    assert "[L000001] 请电话告知" in text
    assert "[L000002] 请电话询问" in text
    assert "告警（6-05 12:00起，尚未解除）：有邮件多次处理未成功。" in text
    assert digest.health.reconciliation.balanced or "对账不符" in text
