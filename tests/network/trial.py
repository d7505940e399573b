"""One poll of the real service through a proxy that strikes once, clean polls after it, and what they must reach.

The mailbox is only ever read, so that one account serves all trials; records and blobs are made anew for each.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

from intake.adapters.imap import ImapSettings
from intake.adapters.letters.words import Words
from intake.adapters.records.database import Database
from intake.adapters.smtp import SmtpSettings
from intake.entry.app import App
from intake.entry.config import load
from intake.entry.servers import imap_settings, smtp_settings
from tests.e2e.world import UNITS, World, mail
from tests.invariants import letter_faults, mail_faults, stored_faults
from tests.servers.certificate import Certificate
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Fault, Proxy, Way, running_proxy
from tests.servers.smtp import running_sink

START = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
PATIENCE = 0.15
"""Seconds after which the poll that is struck gives a server up."""
MAILS = 2
PAUSES = (timedelta(minutes=10), timedelta(hours=3), timedelta(hours=12))
"""What passes before each of the clean polls."""

LETTERS = {"reply.txt": "{{ reply.ref }}", "reply.html": "<html><body><p>{{ reply.ref }}</p></body></html>"}
"""Letters in short: every octet of them is a place where the connection may break."""


class Line(StrEnum):
    """Whose connection is struck."""

    IMAP = "IMAP"
    SMTP = "SMTP"


class Compiled(App):
    """The service as it is; templates and SQL, once compiled, serve all trials."""

    compiled: Words
    engine: Database

    @property
    def words(self) -> Words:  # type: ignore[override]
        return self.compiled

    @property
    def database(self) -> Database:  # type: ignore[override]
        return self.engine

    def close(self) -> None:
        """The engine stays, its connections do not."""
        self.engine.close()


@dataclass(frozen=True)
class Result:
    """What came of one fault. `polls` are the clean ones that it took; `wrong` is what was not as it must be."""

    line: Line
    fault: Fault | None
    struck: bool
    polls: int
    copies: int
    passed: dict[Way, int]
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.line}, {self.fault}: {'; '.join(self.wrong)}"


class Trials:
    """One mailbox with three mails of three units, and a service on records that are made anew for each trial."""

    def __init__(
        self,
        world: World,
        ports: dict[Line, int],
        proxies: dict[Line, Proxy],
        tls: Certificate | None,
        delivered: tuple[bytes, ...],
    ) -> None:
        self.world = world
        self._ports = ports
        self._proxies = proxies
        self._tls = tls
        self._delivered = delivered
        self._struck: Line | None = None
        self._config = load(world.folder / "config")
        self._words = App(self._config, lambda: START).words
        self._database = Database(self._config.database_url)
        self._database.migrate()
        self._data = self._config.folder / "data"
        self._templates = {line: world.folder / line for line in Line}
        self._prepare()

    def _prepare(self) -> None:
        """Records before a poll that takes the mails, and before one that sends the letters."""
        with self._service() as (app, _turn):
            app.records.message_key()
        shutil.copytree(self._data, self._templates[Line.IMAP])
        with self._service() as (app, _turn):
            app.receive()
            app.examine()
        shutil.copytree(self._data, self._templates[Line.SMTP])

    def lengths(self, line: Line) -> dict[Way, int]:
        """Octets in each direction of a session that nothing strikes."""
        result = self.strike(line, None)
        assert not result.wrong, result
        return result.passed

    def strike(self, line: Line, fault: Fault | None) -> Result:
        """Strike the poll that takes the mails, or the one that sends the letters; then poll until all is well."""
        shutil.rmtree(self._data)
        shutil.copytree(self._templates[line], self._data)
        self.world.sink.received.clear()
        proxy = self._proxies[line]
        proxy.strike(fault)
        with self._service() as (app, turn):
            self._struck = line
            app.poll()
            self._struck = None
            proxy.release()
            polls, wrong = 0, self._wrong(app)
            while wrong and polls < len(PAUSES):
                turn(PAUSES[polls])
                polls += 1
                app.poll()
                wrong = self._wrong(app)
        return Result(line, fault, proxy.struck, polls, len(self.world.sink.received), proxy.passed[0], wrong)

    def imap_settings(self, settings: ImapSettings) -> ImapSettings:
        """Where the service finds its mailbox, and how long it waits for it: through the proxy it is in a hurry."""
        settings = replace(settings, **self._place(Line.IMAP))
        if self._struck is Line.IMAP:
            settings = replace(settings, connect_timeout=PATIENCE, read_timeout=PATIENCE, grace=PATIENCE)
        return settings

    def smtp_settings(self, settings: SmtpSettings) -> SmtpSettings:
        settings = replace(settings, **self._place(Line.SMTP))
        if self._struck is Line.SMTP:
            settings = replace(settings, connect_timeout=PATIENCE, command_timeout=PATIENCE, final_timeout=PATIENCE)
        return settings

    def _place(self, line: Line) -> dict[str, Any]:
        port = self._proxies[line].port if self._struck is line else self._ports[line]
        return {"port": port, **({"security": "tls", "ca_file": self._tls.authority} if self._tls else {})}

    @contextmanager
    def _service(self) -> Iterator[tuple[App, Callable[[timedelta], None]]]:
        """A service on the records that lie there, and the hand that turns its clock."""
        now = [START]
        app = Compiled(self._config, lambda: now[0])
        app.compiled, app.engine = self._words, self._database
        with (
            closing(app),
            patch("intake.entry.servers.imap_settings", lambda config: self.imap_settings(imap_settings(config))),
            patch("intake.entry.servers.smtp_settings", lambda config: self.smtp_settings(smtp_settings(config))),
            patch("intake.entry.app.take_a_breath"),
        ):
            yield app, lambda by: now.__setitem__(0, now[0] + by)

    def _wrong(self, app: App) -> tuple[str, ...]:
        with app.database.reading() as session:
            found = [
                *stored_faults(session, app.blob_folder),
                *mail_faults(session, self._delivered),
                *letter_faults(session, self.world.sink.received),
            ]
        with app.records.chronicle() as chronicle:
            balance = chronicle.reconciliation()
        if balance.on_server != len(self._delivered) or not balance.balanced or balance.unread:
            found.append(f"out of balance: {balance}")
        answered = {to for mail in self.world.sink.received for to in mail.recipients}
        if len(answered) != len(self._delivered):
            found.append(f"answered: {sorted(answered)}")
        return tuple(found)


@contextmanager
def running_trials(folder: Path, dovecot: Dovecot, *, tls: bool = False) -> Iterator[Trials]:
    """A mailbox, an SMTP sink and proxies before both; with `tls` the proxies see nothing but ciphertext."""
    certificate = dovecot.certificate if tls else None
    with ExitStack() as running:
        sink = running.enter_context(running_sink("tls" if tls else "none", certificate))
        ports = {Line.IMAP: dovecot.tls_port if tls else dovecot.port, Line.SMTP: sink.port}
        proxies = {line: running.enter_context(running_proxy(port)) for line, port in ports.items()}
        world = World(folder, f"t{uuid.uuid4().hex[:12]}", dovecot, sink)
        world.configure()
        (folder / "config/templates/letters").mkdir(parents=True)
        for name, text in LETTERS.items():
            (folder / "config/templates/letters" / name).write_text(text, encoding="utf-8")
        delivered = tuple(mail(code, {}) for code in list(UNITS)[:MAILS])
        for octets in delivered:
            world.deliver(octets)
        yield Trials(world, ports, proxies, certificate, delivered)
