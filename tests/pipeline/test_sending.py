"""Letters as the service sends them: as the configuration says, and with waits that outlive a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from intake.domain.letter import LetterKind
from intake.entry.app import App
from intake.entry.config import load
from intake.ports import Deferred, Draft
from tests.e2e.world import World
from tests.servers.moody import Act, Moody, running_moody

START = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
ACCOUNT = "account@ji.shandong.cn"


class Office:
    """The service without a mailbox: a configuration, an outbox with one answer, and a server."""

    def __init__(self, folder: Path, server: Moody) -> None:
        self.server = server
        self.now = START
        nowhere: Any = SimpleNamespace(port=1)
        self.world = World(folder, "nobody", nowhere, server)  # type: ignore[arg-type]
        self.world.configure()
        self.set('username = "office"')
        self.restarted()
        with self.app.records.desk() as desk:
            draft = Draft(
                "reply:1:0", LetterKind.RECEIPT, "x", "<reply.1@x>", b"a: b\r\n\r\n", "", ("a@b.test",), "a@b.test"
            )
            assert desk.post(draft, None, START)

    def set(self, line: str) -> None:
        """Add a line to [smtp]."""
        path = self.world.folder / "config/intake.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("[smtp]\n", f"[smtp]\n{line}\n"), encoding="utf-8")

    def restarted(self) -> None:
        if hasattr(self, "app"):
            self.app.close()
        self.app = App(load(self.world.folder / "config"), lambda: self.now)

    def deliver(self) -> str | None:
        try:
            self.app.deliver()
        except Deferred as error:
            return str(error)
        return None

    @property
    def logins(self) -> int:
        return sum(command.startswith("AUTH") for command in self.server.commands)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("INTAKE_SMTP_PASSWORD", "secret")
    with running_moody(Moody()) as server:
        office = Office(tmp_path, server)
        yield office
        office.app.close()


def test_neither_a_restart_nor_a_new_round_asks_a_server_sooner_that_refused_the_login(office: Office) -> None:
    office.server.script["AUTH"] = [Act(b"535 5.7.8 no\r\n")] * 2
    assert "logging in: 535" in (office.deliver() or "")
    office.restarted()
    office.now += timedelta(minutes=4)
    assert "login refused once, not tried again before" in (office.deliver() or "")
    assert office.logins == 1
    office.now += timedelta(minutes=3)
    assert "535" in (office.deliver() or "")
    office.now += timedelta(minutes=13)
    assert office.deliver() is None
    assert (office.logins, len(office.server.taken)) == (3, 1)


def test_another_password_is_tried_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.server.script["AUTH"] = [Act(b"535 5.7.8 no\r\n")]
    office.deliver()
    monkeypatch.setenv("INTAKE_SMTP_PASSWORD", "mended")
    office.now += timedelta(minutes=1)
    assert office.deliver() is None
    assert len(office.server.taken) == 1


def test_a_rate_limit_outlives_a_restart_and_is_told(office: Office) -> None:
    office.server.script["MAIL"] = [Act(b"451 MI:SFQ 163 smtp5\r\n")]
    office.deliver()
    office.restarted()
    office.now += timedelta(minutes=14)
    assert "nothing of ours taken once, not tried again before" in (office.deliver() or "")
    assert "MI:SFQ" in office.world.status()["service"]["letters_wait_for"]
    office.now += timedelta(minutes=5)
    assert office.deliver() is None
    assert office.world.status()["service"]["letters_wait_for"] is None


def test_the_configured_account_writes_where_nobody_may_not(office: Office) -> None:
    office.set(f'envelope_from = "{ACCOUNT}"')
    office.restarted()
    office.server.script["MAIL"] = [Act(b"553 NULL sender is not allowed\r\n")]
    assert office.deliver() is None
    assert [letter.mail_from for letter in office.server.taken] == [ACCOUNT]


def test_the_account_is_that_of_the_from_address_when_nothing_else_is_said(office: Office) -> None:
    office.server.script["MAIL"] = [Act(b"553 NULL sender is not allowed\r\n")]
    assert office.deliver() is None
    assert [letter.mail_from for letter in office.server.taken] == ["jnkjjrck@ji.shandong.cn"]


def test_a_setting_that_is_mended_is_tried_at_once(office: Office) -> None:
    office.server.script["MAIL"] = [Act(b"553 Mail from must equal authorized user\r\n")] * 2
    assert "must equal authorized user" in (office.deliver() or "")
    office.set(f'envelope_from = "{ACCOUNT}"')
    office.restarted()
    office.now += timedelta(minutes=1)
    assert office.deliver() is None
    assert len(office.server.taken) == 1


def test_the_digest_is_sent_by_the_account(office: Office) -> None:
    office.set(f'envelope_from = "{ACCOUNT}"')
    office.world.run("digest", "--send")
    senders = {letter.recipients: letter.mail_from for letter in office.server.taken}
    assert senders == {("a@b.test",): "", ("rck@ji.shandong.cn",): ACCOUNT}
