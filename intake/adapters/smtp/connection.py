"""One SMTP connection, from TCP to login, under a deadline; until it stands, every refusal is Unreachable."""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from intake.adapters.deadline import Deadline
from intake.adapters.smtp.answers import Reply, throttled
from intake.adapters.wire import Security, decoded, one_line, reason, tls_context
from intake.ports import Deferred, LoginRefused, Throttled, Unreachable

_OUR_NAME = "[127.0.0.1]"
"""What EHLO says: an address literal is always valid, and the machine's own name is nobody's business."""

_FAREWELL_SECONDS = 5.0
_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
"""One at a time: smtplib would try them all, and three refusals for one wrong password lock an account."""
_NOT_IMPLEMENTED = frozenset({500, 501, 502, 504})
_FIRST_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where letters go out. Times in seconds; `minimum_pace` in octets per second.

    `command_timeout` and `final_timeout` are the least that RFC 5321 section 4.5.3.2 asks for. `envelope_from` takes
    the place of the null sender where the server does not let it pass.
    """

    host: str
    port: int
    security: Security
    username: str | None = None
    ca_file: Path | None = None
    envelope_from: str | None = None
    connect_timeout: float = 15.0
    command_timeout: float = 300.0
    final_timeout: float = 600.0
    minimum_pace: float = 64 * 1024

    def __str__(self) -> str:
        return f"SMTP {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SmtpProbe:
    """What `check` shows: the EHLO features, whether a login was asked for and taken, the error if any."""

    features: tuple[str, ...] = ()
    logged_in: bool = False
    error: str | None = None


class Connection(smtplib.SMTP):
    """smtplib's connection with TLS from the first octet if asked for, under a deadline before it greets."""

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext | None, limit: Deadline) -> None:
        self.settings = settings
        self._context = context if settings.security == "tls" else None
        self._limit = limit
        super().__init__(settings.host, settings.port, _OUR_NAME, settings.connect_timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the final dot travels alone: it must not wait
        if self._context is not None:
            sock = self._context.wrap_socket(sock, server_hostname=host)
        self._limit.watch(lambda: self.sock or sock)  # STARTTLS puts another one in its place
        return sock

    def options(self, octets: bytes) -> str:
        """Parameters of MAIL for these octets (RFC 1870, RFC 6152)."""
        size = f" SIZE={len(octets)}" if self.has_extn("size") else ""
        return size if octets.isascii() or not self.has_extn("8bitmime") else f"{size} BODY=8BITMIME"

    def wait_for(self, seconds: float) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)

    @property
    def largest(self) -> int | None:
        """Octets of the largest letter that the server takes, as it announced (RFC 1870); None: it did not say."""
        announced = self.esmtp_features.get("size", "")
        return int(announced) or None if re.fullmatch(r"[0-9]{1,18}", announced) else None

    def content(self, octets: bytes) -> None:
        """What DATA is followed by, but for the final dot: dots that begin a line are doubled, the last line is ended.

        Lines end in CR LF and nowhere else (the caller's promise), so nothing of it can end the letter early.
        """
        ending = b"" if octets.endswith(b"\r\n") else b"\r\n"
        self._plugged().sendall(_FIRST_DOT.sub(b"..", octets) + ending)

    def unasked(self) -> Reply | None:
        """What the server says before the final dot, None when it is silent as it should be.

        Raises OSError when it has hung up, ValueError when that is no answer. The connection is of no use then.
        """
        if not self._speaks(self._plugged()):
            return None
        self.wait_for(_FAREWELL_SECONDS)
        return self.getreply()

    def _speaks(self, sock: socket.socket) -> bool:
        """Whether there is something to be read: octets, or the end."""
        sock.settimeout(0)
        with suppress(ssl.SSLWantReadError):
            if self.file is not None and self.file.peek(1):
                return True
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))

    def final_dot(self) -> Reply:
        """The final dot, and the answer to it. DotLost when it did not leave: then there is no letter."""
        try:
            self._plugged().sendall(b".\r\n")
        except OSError as error:
            raise DotLost(*error.args) from error
        return self.getreply()

    def _plugged(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self.sock


class DotLost(OSError):
    """The final dot could not be sent as a whole."""


def connect(settings: SmtpSettings, password: str | None) -> Connection:
    """Connect, secure, log in. Nothing of this is about a letter: all refusals are Unreachable."""
    context = None if settings.security == "none" else tls_context(settings.ca_file)
    try:
        with Deadline(settings.connect_timeout + settings.command_timeout, f"{settings}: connecting") as limit:
            return _connect(settings, password, context, limit)
    except Unreachable:
        raise
    except Deferred as error:  # the deadline
        raise Unreachable(str(error)) from error
    except (OSError, ValueError) as error:
        said = _answer(error)
        raise (Throttled if throttled(said) else Unreachable)(f"{settings}: cannot connect: {said}") from error


def _connect(
    settings: SmtpSettings, password: str | None, context: ssl.SSLContext | None, limit: Deadline
) -> Connection:
    with ExitStack() as undo:
        connection = Connection(settings, context, limit)
        undo.callback(connection.close)
        if settings.security == "starttls":
            connection.starttls(context=context)
        connection.ehlo_or_helo_if_needed()
        if settings.username is not None:
            _log_in(connection, settings, password or "")
        connection.wait_for(settings.command_timeout)
        undo.pop_all()
    return connection


def _log_in(connection: Connection, settings: SmtpSettings, password: str) -> None:
    username = settings.username or ""
    if not (username.isascii() and password.isascii()):
        raise LoginRefused(f"{settings}: user name and password must be ASCII")
    connection.user, connection.password = username, password
    offered = connection.esmtp_features.get("auth", "").upper().split()
    for mechanism in (each for each in _MECHANISMS if each in offered):
        try:
            connection.auth(mechanism, getattr(connection, f"auth_{mechanism.lower().replace('-', '_')}"))
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code not in _NOT_IMPLEMENTED:
                raise _refused(settings, password, error) from None
        else:
            return
    raise Unreachable(f"{settings}: logging in: offers {' '.join(offered) or 'no login'}, nothing of it can be used")


def _refused(settings: SmtpSettings, password: str, error: smtplib.SMTPAuthenticationError) -> Unreachable:
    """A 5xx is about user name and password, a 4xx about how often they were tried."""
    text = f"{settings}: logging in: {_answer(error)}"
    if password:
        text = text.replace(password, "***")
    return (LoginRefused if error.smtp_code >= 500 else Throttled)(text)


def leave(connection: Connection) -> None:
    """Say QUIT and close."""
    seconds = min(_FAREWELL_SECONDS, connection.settings.command_timeout)
    with suppress(OSError, ValueError, Deferred):
        connection.wait_for(seconds)
        with Deadline(seconds, "QUIT", lambda: connection.sock):
            connection.quit()
    connection.close()


def probe(settings: SmtpSettings, password: str | None) -> SmtpProbe:
    """Connect, log in, send nothing. Raises nothing of the world's."""
    try:
        connection = connect(settings, password)
    except Deferred as error:
        return SmtpProbe(error=str(error))
    features = tuple(one_line(f"{name.upper()} {words}") for name, words in connection.esmtp_features.items())
    leave(connection)
    return SmtpProbe(features, logged_in=settings.username is not None)


def _answer(error: OSError | ValueError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {one_line(decoded(_octets(error.smtp_error)))}"
    return reason(error)


def _octets(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
