"""One logged-in IMAP connection: every command ends in time, and whatever goes wrong is Deferred.

The order is that of the Chinese providers: TLS, LOGIN, CAPABILITY, ID, and only then a folder. 163 and 126
refuse to open a folder ("Unsafe Login") to a client that did not send ID.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from imapclient import IMAPClient

import intake
from intake.adapters.deadline import Deadline
from intake.adapters.imap.client import ANSWER, Client, ImapSettings
from intake.adapters.imap.refusals import refusal_of, too_many
from intake.adapters.pulse import PULSE
from intake.adapters.wire import decoded, one_line, reason, tls_context
from intake.domain.patience import Refusal
from intake.ports import Deferred, Disconnected, LoginRefused, Unreachable, Unusable

Answer = TypeVar("Answer")

_FAREWELL_SECONDS = 5.0
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


class Session:
    """A connection and the way to ask it. `greeting` and `server_id` are for `check`."""

    def __init__(self, client: IMAPClient, settings: ImapSettings) -> None:
        self.client = client
        self.settings = settings
        self.server_id = ""
        self._lost = False

    def ask(
        self, what: str, command: Callable[[], Answer], seconds: float | None = None, octets: int = ANSWER
    ) -> Answer:
        """Do one command of the library, which may take so long and be answered in so many octets.

        Raises Unusable, or Disconnected when the connection is lost, late, or out of step.
        """
        if seconds is None:
            seconds = self.settings.grace + self.settings.read_timeout
        if self._lost:
            raise Disconnected(f"{self.settings}: {what}: the connection was lost before")
        self.client.expect(octets)
        PULSE.beat()
        try:
            with Deadline(seconds, f"{self.settings}: {what}", self.client.socket):
                return command()
        except Deferred as late:
            self._lost = True
            raise Disconnected(str(late)) from late
        # Measured: IndexError, TypeError, AttributeError, ValueError, UnicodeError and RecursionError come out of
        # imapclient and imaplib for answers that real servers give, beside imaplib.error and OSError.
        except Exception as error:
            raise self._failure(what, error) from error

    def leave(self) -> None:
        """Log out if there is somebody to tell, and shut the socket. Never CLOSE: that expunges."""
        # Nothing is left to lose: what was read is read, and the socket is shut in any case.
        with suppress(Exception):
            if not self._lost:
                seconds = min(_FAREWELL_SECONDS, self.settings.read_timeout)
                self.client.socket().settimeout(seconds)
                self.ask("logging out", self.client.logout, seconds)
                return
        with suppress(OSError):
            self.client.shutdown()

    def _failure(self, what: str, error: Exception) -> Deferred:
        origin = error.__context__ if isinstance(error.__context__, imaplib.IMAP4.abort) else error
        if isinstance(origin, imaplib.IMAP4.abort | OSError):
            self._lost = True
            return Disconnected(f"{self.settings}: {what}: connection lost ({reason(origin)})")
        if isinstance(origin, imaplib.IMAP4.error):
            text = f"{self.settings}: {what}: {reason(origin)}"
        else:
            text = f"{self.settings}: {what}: unreadable answer ({type(origin).__name__}: {reason(origin)})"
        if self.client.answered:
            return Unusable(text)
        self._lost = True
        return Disconnected(text)


@contextmanager
def open_session(settings: ImapSettings, password: str) -> Iterator[Session]:
    """Connect, log in and introduce ourselves. Raises Unreachable, and LoginRefused when the server keeps us out."""
    context = None if settings.security == "none" else tls_context(settings.ca_file)
    session = Session(_connect(settings, context), settings)
    try:
        if settings.security == "starttls":
            _secure(session, context)
        _log_in(session, password)
        _introduce(session)
        yield session
    finally:
        session.leave()


def _connect(settings: ImapSettings, context: ssl.SSLContext | None) -> IMAPClient:
    try:
        with Deadline(settings.connect_timeout + settings.grace, f"{settings}: connecting") as limit:
            return Client(settings, context, limit)
    except Deferred as error:
        raise Unreachable(str(error)) from error
    except Exception as error:  # as in Session.ask
        text = f"{settings}: cannot connect: {reason(error)}"
        full = isinstance(error, imaplib.IMAP4.error) and too_many(text)
        raise (LoginRefused(text, Refusal.TEMPORARY) if full else Unreachable(text)) from error


def _secure(session: Session, context: ssl.SSLContext | None) -> None:
    try:
        session.ask("STARTTLS", lambda: session.client.starttls(context))
    except Deferred as error:
        raise Unreachable(str(error)) from error


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
