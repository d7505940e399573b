"""ports.Courier: letters over one connection, opened for the first of them and reused for the rest.

The transaction is driven command by command: `smtplib.sendmail` reports a mixture of answers as success, and
`smtplib.quoteaddr` of some Python 3.11 releases lets CR LF of an address through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from intake.adapters.deadline import Deadline
from intake.adapters.smtp.connection import Connection, Reply, SmtpSettings, connect, leave
from intake.adapters.wire import decoded, one_line, reason
from intake.ports import Deferred, LoginRefused, Refused

_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
"""A dot-atom at a host name (RFC 5321 section 4.1.2), without quoted local parts: nobody needs those."""

_LONE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_NOT_ALLOWED_IN = frozenset({530, 534, 535, 538})
_BAD_SEQUENCE = 503


@contextmanager
def open_courier(settings: SmtpSettings, password: str | None) -> Iterator[SmtpCourier]:
    """A courier until the block ends. Connects when the first letter is sent."""
    courier = SmtpCourier(settings, password)
    try:
        yield courier
    finally:
        courier.leave()


class SmtpCourier:
    """Implements ports.Courier."""

    def __init__(self, settings: SmtpSettings, password: str | None) -> None:
        self._settings = settings
        self._password = password
        self._connection: Connection | None = None

    def send(self, envelope_from: str, to: Iterable[str], octets: bytes) -> None:
        """Send one letter; an empty `envelope_from` is the null sender.

        A recipient's 4xx defers the letter for all. A recipient's 5xx does not keep it from the others: they
        get it, and then Refused tells who did not.
        """
        recipients = tuple(to)
        _check(envelope_from, recipients, octets)
        connection = self._ready()
        seconds = self._settings.command_timeout + self._settings.final_timeout
        seconds += len(octets) / self._settings.minimum_pace
        try:
            with Deadline(seconds, f"{self._settings}: sending", lambda: connection.sock):
                self._transact(connection, envelope_from, recipients, octets)
        except (Deferred, Refused):
            self._reset(connection)
            raise
        except (OSError, ValueError) as error:
            self._drop()
            # After the final dot nobody knows whether the letter was taken: the same octets go out again later.
            raise Deferred(f"{self._settings}: sending: connection lost ({reason(error)})") from error

    def leave(self) -> None:
        if self._connection is not None:
            leave(self._connection)
            self._connection = None

    def _transact(self, connection: Connection, sender: str, recipients: tuple[str, ...], octets: bytes) -> None:
        _take(connection.docmd("MAIL", f"FROM:<{sender}>{connection.options(octets)}"), f"sender <{sender}>")
        refusals = [text for text in (self._recipient(connection, each) for each in recipients) if text]
        if len(refusals) == len(recipients):
            raise Refused("; ".join(refusals))
        connection.wait_for(self._settings.final_timeout)
        _take(connection.data_reply(octets), "letter")
        connection.wait_for(self._settings.command_timeout)
        if refusals:
            raise Refused("; ".join(refusals) + "; the other recipients have the letter")

    def _recipient(self, connection: Connection, address: str) -> str | None:
        """Name one recipient; the refusal in words when it is for good."""
        try:
            _take(connection.docmd("RCPT", f"TO:<{address}>"), f"recipient {address}")
        except Refused as refusal:
            return str(refusal)
        return None

    def _ready(self) -> Connection:
        """A connection that answers: providers hang up on those that were idle for a while."""
        if self._connection is not None and not self._answers(self._connection, self._connection.noop):
            self._drop()
        if self._connection is None:
            self._connection = connect(self._settings, self._password)
        return self._connection

    def _reset(self, connection: Connection) -> None:
        """Make the connection fit for the next letter, or drop it."""
        if not self._answers(connection, connection.rset):
            self._drop()

    def _answers(self, connection: Connection, command: Callable[[], Reply]) -> bool:
        try:
            connection.wait_for(self._settings.connect_timeout)
            with Deadline(self._settings.connect_timeout, f"{self._settings}: waiting", lambda: connection.sock):
                code, _ = command()
            connection.wait_for(self._settings.command_timeout)
        except (OSError, ValueError, Deferred):
            return False
        return code == 250

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _check(envelope_from: str, recipients: tuple[str, ...], octets: bytes) -> None:
    """Raise Refused for an address that SMTP cannot carry, ValueError for a letter that was built wrong."""
    if not recipients or _LONE_LINE_END.search(octets):
        raise ValueError("a letter needs a recipient, and lines that end in CR LF")
    for address in (*((envelope_from,) if envelope_from else ()), *recipients):
        if not _ADDRESS.fullmatch(address):
            raise Refused(f"not an address that can be written to: {address!a}")


def _take(reply: Reply, what: str) -> None:
    """Return for 2xx. A 5xx about the session is not about the letter: LoginRefused or Deferred, never Refused."""
    code, words = reply
    if 200 <= code < 300:
        return
    text = f"{what}: {code} {one_line(decoded(words))}"
    if code in _NOT_ALLOWED_IN:
        raise LoginRefused(text)
    raise (Refused if 500 <= code < 600 and code != _BAD_SEQUENCE else Deferred)(text)
