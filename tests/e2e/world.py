"""The whole service as its users meet it: a configuration folder, real servers, and run_intake.py as a subprocess."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.crash.warm import Warm
from tests.samples import documents, media
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp import SmtpSink

PROJECT = Path(__file__).resolve().parents[2]
BEIJING = timezone(timedelta(hours=8))
NOON = "2024-06-05T12:00:00+08:00"

INTAKE_TOML = """
[imap]
host = "127.0.0.1"
port = {imap}
security = "none"
username = "{user}"
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
from = "济宁市科技局人才科 <jnkjjrck@ji.shandong.cn>"
[schedule]
poll_seconds = 1
digest_at = "{digest_at}"
digest_days = "daily"
[staff]
digest_to = ["rck@ji.shandong.cn"]
[replies]
mode = "{mode}"
quiet_minutes = 0
per_address_day = 100000
per_day = 100000
"""
UNIT_TOML = """
[[unit]]
code = "{code}"
name = "{short}科学技术局"
short = "{short}"
senders = ["kjj@u{code}.example.gov.cn"]
"""
UNITS = {"370826": "微山县", "370883": "邹城市", "370881": "曲阜市"}


@dataclass
class World:
    """One office: its mailbox `user` on a real Dovecot, its letters in a real SMTP sink, its folder.

    `database` is a URL; without one the records are a file in the folder. With a `warm` process, commands are forked
    from it, which spares them the second that importing takes; without one they are started as users start them.
    """

    folder: Path
    user: str
    dovecot: Dovecot
    sink: SmtpSink
    database: str = ""
    warm: Warm | None = None

    def configure(self, mode: str = "live", digest_at: str = "08:30") -> None:
        """Write the configuration; the notice is the repository's own."""
        config = self.folder / "config"
        (config / "notices").mkdir(parents=True, exist_ok=True)
        site = INTAKE_TOML.format(
            imap=self.dovecot.port, user=self.user, smtp=self.sink.port, mode=mode, digest_at=digest_at
        )
        storage = f'[storage]\ndatabase = "{self.database}"\n' if self.database else ""
        (config / "intake.toml").write_text(site + storage, encoding="utf-8")
        units = "\n".join(UNIT_TOML.format(code=code, short=short) for code, short in UNITS.items())
        (config / "units.toml").write_text(units, encoding="utf-8")
        notice = (PROJECT / "config/notices/2024-science-week.toml").read_text(encoding="utf-8")
        (config / "notices/week.toml").write_text(notice, encoding="utf-8")

    def command(self, *words: str | Path, now: str | None = NOON) -> list[str]:
        at = ["--now", now] if now else []
        return [
            sys.executable,
            str(PROJECT / "run_intake.py"),
            "--config",
            str(self.folder / "config"),
            *at,
            *map(str, words),
        ]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "INTAKE_IMAP_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}

    def run(self, *words: str | Path, now: str | None = NOON, status: int = 0) -> str:
        """Run a command; its standard output. The exit status must be as said."""
        done = self._forked(*words, now=now) if self.warm else self._started(*words, now=now)
        assert done.returncode == status, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert "Traceback" not in done.stderr
        return done.stdout + (done.stderr if status else "")

    def _started(self, *words: str | Path, now: str | None) -> subprocess.CompletedProcess[str]:
        command, environment = self.command(*words, now=now), self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def _forked(self, *words: str | Path, now: str | None) -> subprocess.CompletedProcess[str]:
        assert self.warm is not None
        command = self.command(*words, now=now)
        with tempfile.TemporaryDirectory() as folder:
            output, errors = Path(folder, "output"), Path(folder, "errors")
            ended = self.warm.learn(self.warm.start(command[2:], self.environment, output, errors=errors))
            said = errors.read_text(encoding="utf-8", errors="replace")
        return subprocess.CompletedProcess(command, ended.status, ended.output, said)

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = self.command(*words, now=None)
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def status(self, now: str = NOON) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run("status", "--json", now=now))
        return told

    def unit(self, code: str, now: str = NOON) -> dict[str, Any]:
        return next(unit for unit in self.status(now)["units"] if unit["code"] == code)

    def deliver(self, octets: bytes, when: datetime = datetime(2024, 6, 5, 2, 0, tzinfo=UTC)) -> None:
        self.dovecot.deliver(self.user, octets, when)

    def letters(self, to: str | None = None) -> list[EmailMessage]:
        """The letters that the sink took, parsed; those to one address when given."""
        return [
            message_from_bytes(mail.octets, policy=policy.default)  # type: ignore[misc]
            for mail in self.sink.received
            if to is None or to in mail.recipients
        ]


def address(code: str) -> str:
    return f"kjj@u{code}.example.gov.cn"


def mail(
    code: str, files: dict[str, bytes], subject: str | None = None, sender: str | None = None, body: str = "请查收。"
) -> bytes:
    """A county's mail with attachments, as octets."""
    message = EmailMessage()
    message["From"] = sender or f"{UNITS[code]}科技局 <{address(code)}>"
    message["To"] = "jnkjjrck@ji.shandong.cn"
    message["Subject"] = f"{UNITS[code]}2024年科技活动周总结材料" if subject is None else subject
    message["Message-ID"] = f"<{len(files)}.{abs(hash((code, subject, tuple(files))))}@example.gov.cn>"
    message.set_content(body)
    for name, octets in files.items():
        message.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes(policy=policy.SMTP)


def report(short: str) -> bytes:
    return documents.docx(f"{short}2024年科技活动周总结报告", ["开展科普进校园活动，参与群众一万余人次。"] * 5)


def complete(code: str) -> bytes:
    short = UNITS[code]
    return mail(
        code, {f"{short}总结报告.docx": report(short), "1.jpg": media.photo(seed=1), f"{short}.mp4": media.video(60)}
    )
