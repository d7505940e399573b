"""What a service must not start without, and what it does when that goes away while it works."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.world import PROJECT, World, address, complete
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

SMTP_LOGIN = ('from = "济', 'username = "box"\nfrom = "济')


@dataclass
class Site(World):
    """A world whose secrets are only those that a test gives."""

    secrets: dict[str, str] = field(default_factory=lambda: {"INTAKE_IMAP_PASSWORD": PASSWORD})

    @property
    def environment(self) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("INTAKE_")}
        return {**plain, **self.secrets, "PYTHONUNBUFFERED": "1"}

    def change(self, old: str, new: str, name: str = "intake.toml") -> None:
        path = self.folder / "config" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink) -> Site:
    site = Site(tmp_path, user, dovecot, sink)
    site.configure()
    return site


def wait_until(true: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


@pytest.mark.parametrize("command", ["serve", "poll"])
def test_without_a_password_there_is_no_start(site: Site, command: str) -> None:
    site.secrets = {}
    site.change(*SMTP_LOGIN)
    told = site.run(command, now=None, status=78)
    assert "INTAKE_IMAP_PASSWORD: not set" in told
    assert "INTAKE_SMTP_PASSWORD: not set" in told


@pytest.mark.parametrize("content", [None, b"", b"\n", "密码".encode(), b"\xff"])
@pytest.mark.parametrize("command", ["serve", "poll"])
def test_with_a_password_file_that_is_of_no_use_there_is_no_start(
    site: Site, command: str, content: bytes | None
) -> None:
    file = site.folder / "imap"
    if content is not None:
        file.write_bytes(content)
    site.secrets = {"INTAKE_IMAP_PASSWORD_FILE": str(file)}
    assert "INTAKE_IMAP_PASSWORD_FILE: " in site.run(command, now=None, status=78)


def test_an_empty_smtp_password_is_no_matter_without_a_user_name(site: Site) -> None:
    site.secrets["INTAKE_SMTP_PASSWORD"] = ""
    site.deliver(complete("370826"))
    site.run("poll")
    assert len(site.letters()) == 1
    site.change(*SMTP_LOGIN)
    assert "INTAKE_SMTP_PASSWORD: is empty" in site.run("serve", now=None, status=78)


def test_a_poll_that_could_not_begin_is_on_record(site: Site) -> None:
    site.run("poll")
    site.secrets = {}
    site.run("poll", status=78)
    assert site.status()["service"]["last_poll_ok"] is False


def test_a_password_file_that_goes_away_is_one_line_a_tick_until_it_is_back(site: Site) -> None:
    file = site.folder / "imap"
    file.write_text(f"\ufeff{PASSWORD}\r\n", encoding="utf-8")
    site.secrets = {"INTAKE_IMAP_PASSWORD_FILE": str(file)}
    service = site.start("serve")
    try:
        wait_until((site.folder / "config/data/intake.db").exists)
        wait_until(lambda: site.status()["service"]["last_poll_ok"])
        file.rename(site.folder / "away")
        wait_until(lambda: site.status()["service"]["last_poll_ok"] is False)
        (site.folder / "away").rename(file)
        site.deliver(complete("370826"), datetime.now(UTC))
        wait_until(lambda: site.letters(address("370826")))
    finally:
        service.send_signal(signal.SIGTERM)
        output, _ = service.communicate(timeout=30)
    assert service.returncode == 0, output
    assert "misconfigured job=poll why='INTAKE_IMAP_PASSWORD_FILE: cannot read " in output
    assert "Traceback" not in output
    assert "mail=poll" not in output


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://db/x", "postgresql+nonsense://db/x"])
def test_records_that_would_not_stay_are_refused(site: Site, url: str) -> None:
    site.change("[schedule]", f'[storage]\ndatabase = "{url}"\n[schedule]')
    for command in ("serve", "poll", "check"):
        assert "storage.database" in site.run(command, now=None, status=78)


def test_a_mistake_in_an_own_template_is_told_before_a_letter_needs_it(site: Site) -> None:
    shutil.copytree(PROJECT / "templates", site.folder / "config/templates")
    assert "templates: every letter can be written, with those in " in site.run("check")
    site.change("{{ reply.ref }}", "{{ reply.reference }}", "templates/words/reply.j2")
    site.change("{% import", "{% imports", "templates/letters/digest.txt")
    for told in (site.run("check", status=78), site.run("serve", now=None, status=78)):
        assert "config/templates/words/reply.j2:" in told
        assert "has no attribute 'reference'" in told
        assert "config/templates/letters/digest.txt:1: " in told


def test_check_words_what_it_counts_and_names_who_gets_letters_in_shadow_mode(site: Site) -> None:
    site.configure(mode="shadow")
    told = site.run("check")
    assert "3 units, 1 notice in " in told
    assert "shadow mode: every answer goes to rck@ji.shandong.cn instead" in told
    site.change("[replies]", 'operators = ["root@ji.shandong.cn"]\n[replies]')
    assert "shadow mode: every answer goes to root@ji.shandong.cn instead" in site.run("check")


def test_check_tells_all_that_is_wrong_with_the_passwords(site: Site) -> None:
    site.secrets = {"INTAKE_SMTP_PASSWORD": "密码"}
    site.change(*SMTP_LOGIN)
    told = site.run("check", status=78)
    assert "NO  mailbox: INTAKE_IMAP_PASSWORD: not set" in told
    assert "NO  letters: INTAKE_SMTP_PASSWORD: holds more than printable ASCII" in told
    assert "密码" not in told
