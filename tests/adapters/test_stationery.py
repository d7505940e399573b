"""The names of letters: one for each decision, whatever number the mail bears, and no two for different ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from intake.adapters.letters.stationery import Letterhead, OfficeStationery
from intake.adapters.records.database import Database
from intake.adapters.records.migrations import configuration
from intake.domain.case import Case
from intake.domain.fates import Waived
from intake.domain.identity import Identity, Tier
from intake.domain.recognise import Recognised, Relevance
from intake.ports import Draft, Ruling
from tests.unit.builders import MONDAY, NOTICE, digest_of, message
from tests.unit.letter_samples import samples, words

LETTERHEAD = Letterhead(("科技局", "office@example.cn"), ("staff@example.cn",), (), shadow=False)
UNRULED = Ruling()


def letter(number: int, ruling: Ruling = UNRULED, content: str = "a mail", key: bytes = b"secret") -> Draft:
    """The answer to a mail that bears a number in the records."""
    seen = Recognised(None, Identity("370826", Tier.KNOWN), NOTICE, Relevance.SUBMITS)
    case = Case(f"M{number:06d}", number, digest_of(content), message(), (), MONDAY, seen)
    draft = OfficeStationery(words(), LETTERHEAD, key).reply(samples()["complete"], case, ruling)
    assert draft is not None
    return draft


def test_the_same_mail_under_another_number_is_answered_under_the_same_name() -> None:
    before, after = letter(12), letter(7)
    assert (before.key, before.message_id) == (after.key, after.message_id)


def test_another_mail_is_answered_under_another_name_and_nobody_else_can_make_it() -> None:
    names = {letter(1).message_id, letter(1, content="another").message_id, letter(1, key=b"guessed").message_id}
    assert len(names) == 3


RULINGS = [
    Ruling(number=1),
    Ruling("370826", number=1),
    Ruling("370883", number=1),
    Ruling("370883", number=1, notice="week"),
    Ruling(waived=Waived(holds=True), number=1),
    Ruling(waived=Waived(holds=True, faults=True, reason="领导同意"), number=1),
    Ruling(number=2),
]


def test_rulings_of_the_same_number_do_not_share_a_name() -> None:
    assert len({letter(1, ruling).message_id for ruling in (UNRULED, *RULINGS)}) == 1 + len(RULINGS)


@pytest.mark.parametrize("ruling", RULINGS)
def test_the_same_ruling_has_the_same_name_again(ruling: Ruling) -> None:
    assert letter(1, ruling).message_id == letter(2, replace(ruling)).message_id
    assert letter(1, ruling).key == f"reply:{digest_of('a mail')}:{ruling.number}"


def test_what_an_earlier_release_answered_stays_answered(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    at = "2024-06-03 00:30:00.000000"
    with database.engine.begin() as connection:
        command.upgrade(configuration(connection), "0002")
        connection.execute(
            text(
                "INSERT INTO mail (id, sha256, size, cut, folder, received_at, taken_at, state, attempts,"
                " next_attempt_at, waive_holds, waive_faults, waive_reason, rulings, sender, shown_sender, subject,"
                " identity, evidence, late, needs_person, findings)"
                " VALUES (12, :sha256, 1, 0, 'INBOX', :at, :at, 'decided', 0, :at, 0, 0, '', 1, '', '', '', 'known',"
                " '[]', 0, 0, '[]')"
            ),
            {"sha256": digest_of("a mail"), "at": at},
        )
        for number, key, mail in ((1, "reply:12:0", 12), (2, "reply:12:1", 12), (3, "digest:2024-06-03:a@b.cn", None)):
            connection.execute(
                text(
                    "INSERT INTO letter (id, key, kind, mail_id, identity, meant_for, envelope_from, envelope_to,"
                    " subject, message_id, octets, state, attempts, created_at, due_at)"
                    " VALUES (:id, :key, 'receipt', :mail, 'known', '', '', '[]', '', :key, '', 'sent', 1, :at, :at)"
                ),
                {"id": number, "key": key, "mail": mail, "at": at},
            )
    database.migrate()
    with database.reading() as session:
        letters = session.execute(text("SELECT key, message_id FROM letter ORDER BY id")).all()
    database.close()
    sha256 = digest_of("a mail")
    assert letters == [
        (f"reply:{sha256}:0", "reply:12:0"),
        (f"reply:{sha256}:1", "reply:12:1"),
        ("digest:2024-06-03:a@b.cn", "digest:2024-06-03:a@b.cn"),
    ]
