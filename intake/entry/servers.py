"""The mailbox and the outgoing server of a configuration: where they are, and the way in, past the gate."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from intake.adapters.imap import ImapSettings, open_mailbox
from intake.adapters.records.patience import fingerprint
from intake.adapters.smtp import SmtpSettings, open_courier
from intake.entry.config import Config
from intake.entry.office import account_of
from intake.entry.passwords import imap_password, smtp_password
from intake.pipeline.patience import Gate
from intake.ports import Clock, Courier, Mailbox, Records


class Servers:
    """Both servers. What they refused is on record in `records`."""

    def __init__(self, config: Config, records: Records, clock: Clock) -> None:
        self._config = config
        self._records = records
        self._clock = clock

    @contextmanager
    def open_mailbox(self) -> Iterator[Mailbox]:
        settings, password = imap_settings(self._config), imap_password()
        gate = self._gate("imap", settings.host, settings.username, password)
        with gate.passing(), open_mailbox(settings, password, clock=self._clock) as box:
            gate.logged_in()
            yield box

    @contextmanager
    def open_courier(self) -> Iterator[Courier]:
        settings, password = smtp_settings(self._config), smtp_password(self._config)
        who = (settings.username or "", password or "", settings.envelope_from or "")
        gate = self._gate("smtp", settings.host, *who)
        with gate.passing(), open_courier(settings, password, gate.logged_in) as courier:
            yield courier

    def _gate(self, server: str, *credentials: str) -> Gate:
        """The gate before the login to "imap" or "smtp"."""
        return Gate(
            server,
            self._records,
            lambda: fingerprint(self._records.message_key(), *credentials),
            self._clock,
            random.random,
            self._config.zone,
        )


def imap_settings(config: Config) -> ImapSettings:
    imap = config.site.imap
    ca_file = config.path(imap.ca_file) if imap.ca_file else None
    return ImapSettings(imap.host, imap.port, imap.security, imap.username, ca_file)


def smtp_settings(config: Config) -> SmtpSettings:
    smtp = config.site.smtp
    ca_file = config.path(smtp.ca_file) if smtp.ca_file else None
    account = account_of(config)
    return SmtpSettings(smtp.host, smtp.port, smtp.security, smtp.username, ca_file, account)


def take_a_breath() -> None:
    """Before a lost connection is opened again: not all clients of a server that restarts come back at once."""
    time.sleep(random.uniform(0.5, 2.0))  # noqa: S311 - jitter
