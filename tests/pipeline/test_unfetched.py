"""A mail that cannot be fetched is named to people wherever they look."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from intake.adapters.records.tables import PostponedRow
from tests.e2e.world import complete
from tests.pipeline.office import Office

pytestmark = pytest.mark.server


def test_a_mail_that_cannot_be_fetched_is_named_in_digest_held_and_status(office: Office) -> None:
    office.world.deliver(complete("370826"))
    (stored,) = (path for path in (office.world.dovecot.root / "mail" / office.world.user / "new").iterdir())
    stored.chmod(0)
    office.world.deliver(complete("370883"))
    for _ in range(3):
        assert office.poll() is None
        office.now += timedelta(minutes=6)
    now = "2024-06-05T12:20:00+08:00"
    assert office.world.status(now)["service"]["unfetched"] == 1
    (line,) = json.loads(office.world.run("held", "--json", now=now))
    assert (line["ref"], line["attempts"]) == (None, 3)
    assert line["place"].startswith("INBOX/")
    assert "cannot be fetched, tried 3 times" in office.world.run("held", now=now)
    with office.app.database.writing() as session:
        session.execute(update(PostponedRow).values(folder="\x1b[2J\u202e"))
    held = office.world.run("held", now=now)
    assert "\\x1b[2J\\u202e" in held, "a folder's name is its server's"
    assert not {"\x1b", "\u202e"} & set(held)
    with office.app.database.writing() as session:
        session.execute(update(PostponedRow).values(folder="INBOX"))
    digest = office.world.run("digest", now=now)
    assert "暂未取到的邮件（1封" in digest
    assert "起已试3次" in digest
    assert "服务器现有2封＝收讫1＋暂取不到1，相符" in digest
    stored.chmod(0o600)
    office.now += timedelta(minutes=30)
    assert office.poll() is None
    assert len(office.world.letters()) == 2
