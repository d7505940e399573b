"""One logged-in IMAP connection: every command ends in time, and whatever goes wrong is Deferred.

The order is that of the Chinese providers: TLS, LOGIN, CAPABILITY, ID, and only then a folder. 163 and 126
refuse to open a folder ("Unsafe Login") to a client that did not send ID.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from imapclient import IMAPClient, SocketTimeout

import intake
from intake.adapters.deadline import Deadline
from intake.adapters.imap.refusals import refusal_of, too_many
from intake.adapters.wire import Security, decoded, one_line, reason, tls_context
from intake.domain.patience import Refusal
from intake.ports import Deferred, LoginRefused, Unreachable

Answer = TypeVar("Answer")

_FAREWELL_SECONDS = 5.0
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where the mailbox is. Times in seconds; `minimum_pace` in octets per second.

    A mail may take `grace` plus its size at the minimum pace; any other command `grace` plus `read_timeout`.
    """

    host: str
    port: int
    security: Security
    username: str
    ca_file: Path | None = None
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    minimum_pace: float = 64 * 1024
    grace: float = 60.0

    def __str__(self) -> str:
        return f"IMAP {self.host}:{self.port}"


class Unusable(Deferred):
    """The server refused one command, or its answer cannot be read; the connection still stands."""


class Session:
    """A connection and the way to ask it. `greeting` and `server_id` are for `check`."""

    def __init__(self, client: IMAPClient, settings: ImapSettings) -> None:
        self.client = client
        self.settings = settings
        self.server_id = ""
        self._lost = False

    def ask(self, what: str, command: Callable[[], Answer], seconds: float | None = None) -> Answer:
        """Do one command of the library. Raises Unusable, or Deferred when the connection is lost or late."""
        if seconds is None:
            seconds = self.settings.grace + self.settings.read_timeout
        try:
            with Deadline(seconds, f"{self.settings}: {what}", self.client.socket):
                return command()
        except Deferred:
            self._lost = True
            raise
        # Measured: IndexError, TypeError, AttributeError, ValueError, UnicodeError and RecursionError come out of
        # imapclient and imaplib for answers that real servers give, beside imaplib.error and OSError.
        except Exception as error:
            raise self._failure(what, error) from error

    def leave(self) -> None:
        """Log out if there is somebody to tell, and shut the socket. Never CLOSE: that expunges."""
        # Nothing is left to lose: what was read is read, and the socket is shut in any case.
        with suppress(Exception):
            if not self._lost:
                self.client.socket().settimeout(_FAREWELL_SECONDS)
                self.ask("logging out", self.client.logout, _FAREWELL_SECONDS)
                return
        with suppress(OSError):
            self.client.shutdown()

    def _failure(self, what: str, error: Exception) -> Deferred:
        origin = error.__context__ if isinstance(error.__context__, imaplib.IMAP4.abort) else error
        if isinstance(origin, imaplib.IMAP4.abort | OSError):
            self._lost = True
            return Deferred(f"{self.settings}: {what}: connection lost ({reason(origin)})")
        if isinstance(origin, imaplib.IMAP4.error):
            return Unusable(f"{self.settings}: {what}: {reason(origin)}")
        return Unusable(f"{self.settings}: {what}: unreadable answer ({type(origin).__name__}: {reason(origin)})")


class _Connection(imaplib.IMAP4):
    """imaplib's connection with TLS from the first octet if asked for, under a deadline before it greets."""

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, limit: Deadline) -> None:
        self._context = context
        self._limit = limit
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        if self._context is not None:
            sock = self._context.wrap_socket(sock, server_hostname=self.host)
        self._limit.watch(sock)
        return sock


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
    def __init__(self, settings: ImapSettings, context: ssl.SSLContext | None, limit: Deadline) -> None:
        self._limit = limit
        super().__init__(
            settings.host,
            settings.port,
            ssl=settings.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(settings.connect_timeout, settings.read_timeout),
        )
        # Else every literal is shown with repr() for a log that nobody keeps: 3 to 6.7 times the mail in memory.
        self._imap.debug = 0
        # Else INTERNALDATE comes without its zone.
        self.normalise_times = False

    def _create_IMAP4(self) -> _Connection:  # noqa: N802
        return _Connection(
            self.host, self.port, self._timeout.connect, self.ssl_context if self.ssl else None, self._limit
        )


@contextmanager
def open_session(settings: ImapSettings, password: str) -> Iterator[Session]:
    """Connect, log in and introduce ourselves. Raises Unreachable, and LoginRefused when the server keeps us out."""
    context = None if settings.security == "none" else tls_context(settings.ca_file)
    session = Session(_connect(settings, context), settings)
    try:
        if settings.security == "starttls":
            session.ask("STARTTLS", lambda: session.client.starttls(context))
        _log_in(session, password)
        _introduce(session)
        yield session
    finally:
        session.leave()


def _connect(settings: ImapSettings, context: ssl.SSLContext | None) -> IMAPClient:
    try:
        with Deadline(settings.connect_timeout + settings.grace, f"{settings}: connecting") as limit:
            return _Client(settings, context, limit)
    except Deferred as error:
        raise Unreachable(str(error)) from error
    except Exception as error:  # as in Session.ask
        text = f"{settings}: cannot connect: {reason(error)}"
        full = isinstance(error, imaplib.IMAP4.error) and too_many(text)
        raise (LoginRefused(text, Refusal.TEMPORARY) if full else Unreachable(text)) from error


def _log_in(session: Session, password: str) -> None:
    settings = session.settings
    if not (_PRINTABLE.fullmatch(settings.username) and _PRINTABLE.fullmatch(password)):
        raise LoginRefused(f"{settings}: user name and password must be printable ASCII")
    # imaplib quotes the password only.
    username = '"' + settings.username.replace("\\", "\\\\").replace('"', '\\"') + '"'
    try:
        session.ask("logging in", lambda: session.client.login(username, password))
    except Unusable as refusal:
        # Not `from`: the server may have echoed the password.
        raise _refused(str(refusal).replace(password, "***")) from None
    except Deferred as error:
        text = str(error).replace(password, "***")
        raise (LoginRefused(text, Refusal.TEMPORARY) if too_many(text) else Unreachable(text)) from None


def _refused(text: str) -> LoginRefused:
    refusal = refusal_of(text)
    advice = " (many providers want an authorisation code here)" if refusal is Refusal.CREDENTIALS else ""
    return LoginRefused(text + advice, refusal)


def _introduce(session: Session) -> None:
    """Send ID (RFC 2971) where it is offered: QQ hangs up on commands it does not know."""
    words = {"name": "intake", "version": intake.__version__, "vendor": "intake"}
    # Not offered (then imapclient sends nothing), or disliked: the folders may open all the same.
    with suppress(Unusable):
        session.server_id = _shown(session.ask("ID", lambda: session.client.id_(words)))


def _shown(answer: Any) -> str:
    """imapclient answers ((b"name", b"Coremail", ...),), (None,) or ()."""
    words = answer[0] if answer and answer[0] else ()
    return one_line(" ".join(decoded(word) if isinstance(word, bytes) else str(word) for word in words))
