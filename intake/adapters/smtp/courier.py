"""ports.Courier: letters over one connection, opened for the first of them and reused for the rest.

The transaction is driven command by command: `smtplib.sendmail` reports a mixture of answers as success, and
`smtplib.quoteaddr` of some Python 3.11 releases lets CR LF of an address through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from intake import journal
from intake.adapters.deadline import Deadline
from intake.adapters.smtp.answers import Reply, SenderRefused, Stage, accepted
from intake.adapters.smtp.connection import Connection, DotLost, SmtpSettings, connect, leave
from intake.adapters.smtp.envelope import LeftOut, check_address, open_envelope, shortfall
from intake.adapters.wire import reason
from intake.ports import BeforeDot, Deferred, InDoubt, Refused, Throttled, Unreachable

_LONE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_GO_ON = range(354, 355)
_NOTHING = range(0)
_MOST_LOST = 3
"""Connections lost in a row, after which the server is left alone for this round."""


@contextmanager
def open_courier(
    settings: SmtpSettings, password: str | None, logged_in: Callable[[], None] = lambda: None
) -> Iterator[SmtpCourier]:
    """A courier until the block ends. Connects when the first letter is sent; `logged_in` is told of every time."""
    courier = SmtpCourier(settings, password, logged_in)
    try:
        yield courier
    finally:
        courier.leave()


class SmtpCourier:
    """Implements ports.Courier."""

    def __init__(self, settings: SmtpSettings, password: str | None, logged_in: Callable[[], None]) -> None:
        self._settings = settings
        self._password = password
        self._logged_in = logged_in
        self._connection: Connection | None = None
        self._lost = 0
        self._instead_of_nobody = ""

    def send(self, envelope_from: str, to: Iterable[str], octets: bytes, before_dot: BeforeDot) -> None:
        """As the port says. Where the null sender is refused, settings.envelope_from takes its place from then on."""
        recipients = tuple(to)
        _check(envelope_from, recipients, octets)
        sender = envelope_from or self._instead_of_nobody
        once = _once(before_dot)
        try:
            try:
                self._transact(sender, recipients, octets, once)
            except SenderRefused as refusal:
                if sender or not self._settings.envelope_from:
                    raise
                self._instead_of_nobody = self._settings.envelope_from
                journal.null_sender_refused(self._instead_of_nobody, str(refusal))
                self._transact(self._instead_of_nobody, recipients, octets, once)
        except SenderRefused as refusal:
            raise Throttled(f"{self._settings}: {refusal}") from refusal

    def leave(self) -> None:
        if self._connection is not None:
            leave(self._connection)
            self._connection = None

    def _transact(self, sender: str, recipients: tuple[str, ...], octets: bytes, before_dot: BeforeDot) -> None:
        """One mail transaction. Whoever can take the letter now gets it, whatever becomes of the others."""
        connection = self._ready()
        left_out = self._hand_over(connection, sender, recipients, octets)
        try:
            before_dot()
        except BaseException:
            self._drop()
            raise
        self._finish(connection)
        self._lost = 0
        if left_out:
            raise shortfall(left_out)

    def _hand_over(self, connection: Connection, sender: str, recipients: tuple[str, ...], octets: bytes) -> LeftOut:
        """All but the final dot; who will not get the letter, and why. Whatever is raised here, nobody has it."""
        seconds = self._settings.command_timeout + len(octets) / self._settings.minimum_pace
        try:
            with Deadline(seconds, f"{self._settings}: sending", lambda: connection.sock):
                left_out = open_envelope(connection, sender, recipients, octets)
                accepted(connection.docmd("DATA"), Stage.LETTER, good=_GO_ON)
                self._content(connection, octets)
        except (OSError, ValueError) as error:
            raise self._cut(error) from error
        except (Deferred, Refused, SenderRefused):
            self._reset(connection)
            raise
        return left_out

    def _content(self, connection: Connection, octets: bytes) -> None:
        try:
            connection.content(octets)
        except OSError:
            self._interrupted(connection)
            raise

    def _finish(self, connection: Connection) -> None:
        """The final dot and its answer. InDoubt when the dot left and no answer came."""
        try:
            self._interrupted(connection)
        except (OSError, ValueError) as error:
            raise self._cut(error) from error
        reply: Reply | None = None
        try:
            with Deadline(self._settings.final_timeout, f"{self._settings}: final dot", lambda: connection.sock):
                connection.wait_for(self._settings.final_timeout)
                reply = connection.final_dot()
        except DotLost as error:
            raise self._cut(error) from error
        except (OSError, ValueError, Deferred) as error:
            if reply is None:
                raise self._no_answer(reason(error)) from error
        self._answered(connection, reply)

    def _answered(self, connection: Connection, reply: Reply) -> None:
        try:
            accepted(reply, Stage.LETTER)
        except ValueError as error:
            raise self._no_answer(str(error)) from error
        except (Deferred, Refused, SenderRefused):
            self._reset(connection)
            raise
        connection.wait_for(self._settings.command_timeout)

    def _interrupted(self, connection: Connection) -> None:
        """Raise what the server says before the final dot, or that it has hung up. It has no letter then."""
        reply = connection.unasked()
        if reply is not None:
            self._drop()
            accepted(reply, Stage.LETTER, good=_NOTHING)

    def _no_answer(self, why: str) -> InDoubt:
        self._drop()
        return InDoubt(f"{self._settings}: no answer to the final dot ({why})")

    def _cut(self, error: Exception) -> Deferred:
        self._drop()
        self._lost += 1
        return Deferred(f"{self._settings}: sending: connection lost ({reason(error)})")

    def _ready(self) -> Connection:
        """A connection that answers: providers hang up on those that were idle for a while."""
        if self._connection is not None and not self._answers(self._connection, self._connection.noop):
            self._drop()
        if self._connection is None:
            if self._lost >= _MOST_LOST:
                raise Unreachable(f"{self._settings}: lost {self._lost} connections in a row")
            self._connection = connect(self._settings, self._password)
            self._logged_in()
        return self._connection

    def _reset(self, connection: Connection) -> None:
        """Make the connection fit for the next letter, or drop it."""
        if not self._answers(connection, connection.rset):
            self._lost += 1
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
        check_address(address)


def _once(call: BeforeDot) -> BeforeDot:
    """A call that does nothing the second time: one doubt covers a letter that is sent again after a refusal."""
    made: list[bool] = []

    def wrapped() -> None:
        if not made:
            call()
            made.append(True)

    return wrapped
