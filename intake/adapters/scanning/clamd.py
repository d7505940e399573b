"""ClamAV's daemon over its socket: INSTREAM, VERSION, PING (clamd(8)).

Own code instead of the packages clamd (1.0.2, of 2014) and pyclamd (0.4, of 2017): nobody keeps them, and the
protocol is a word, lengths, and one line of answer. "OK" means that nothing was found in what was looked at. Past its
limits clamd says OK as well, unless AlertExceedsMax has it tell (`Scan.PARTLY`): whether it does is tried (`prove`).
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from intake.adapters.deadline import Deadline
from intake.adapters.scanning.canary import canary
from intake.adapters.wire import decoded, one_line, reason
from intake.domain.material import Scan, Scanned
from intake.ports import Deferred

_CHUNK = 256 << 10
_LONGEST_ANSWER = 4096
_LIMITS = re.compile(r"Heuristics\.(Limits\.Exceeded|Encrypted)")
"""What AlertExceedsMax and AlertEncrypted report as found: not malware, but not looked at either."""
_TOO_LARGE = re.compile(r"size limit exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where clamd listens: a path, or a host and port."""

    path: str | None = None
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"clamd {self.path or f'{self.host}:{self.port}'}"

    def connect(self, seconds: float) -> socket.socket:
        if self.path is None:
            return socket.create_connection((self.host, self.port), seconds)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            sock.connect(self.path)
        except OSError:
            sock.close()
            raise
        return sock


def endpoint(text: str) -> Endpoint:
    """From "unix:/run/clamav/clamd.ctl" or "tcp:127.0.0.1:3310". Raises ValueError."""
    kind, _, place = text.partition(":")
    if kind == "unix" and place.startswith("/"):
        return Endpoint(path=place)
    host, _, port = place.rpartition(":")
    if kind == "tcp" and host and port.isdecimal() and 0 < int(port) < 65536:
        return Endpoint(host=host.strip("[]"), port=int(port))
    raise ValueError(f'{text!r} is no place of clamd; allowed is "unix:/run/clamav/clamd.ctl" or "tcp:127.0.0.1:3310"')


@dataclass(frozen=True, slots=True)
class Version:
    """What VERSION tells: the program, the number of its signatures, and of when they are, where it has any."""

    program: str
    signatures: int | None = None
    of: datetime | None = None


class Blind(Deferred):
    """It says OK to what is past its limits: nothing that it says OK to is proven clean."""


class Clamd:
    """Implements ports.Scanner. Each file has a connection of its own. Raises Deferred when clamd does not answer."""

    def __init__(
        self,
        place: Endpoint,
        *,
        answer_seconds: float = 120.0,
        minimum_pace: float = 1 << 20,
        connect_seconds: float = 5.0,
    ) -> None:
        """A scan may take `answer_seconds` and the time of its octets at `minimum_pace` octets a second."""
        self.place = place
        self._answer_seconds = answer_seconds
        self._minimum_pace = minimum_pace
        self._connect_seconds = connect_seconds

    def __call__(self, file: BinaryIO, size: int) -> Scan:
        """Send an open file of `size` octets through; what clamd says of it."""
        seconds = self._answer_seconds + size / self._minimum_pace
        with self._connected("scanning", seconds) as sock:
            sock.sendall(b"zINSTREAM\0")
            # At its limit clamd says so, and closes: the answer is there although the rest cannot be sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                while chunk := file.read(_CHUNK):
                    sock.sendall(struct.pack(">I", len(chunk)) + chunk)
                sock.sendall(struct.pack(">I", 0))
            answer = _answer(sock)
        return self._meaning(answer)

    def prove(self) -> None:
        octets = canary()
        found = self(BytesIO(octets), len(octets))
        if found.outcome is not Scanned.PARTLY:
            told = found.name or "OK"
            raise Blind(f'{self.place}: {told} for what is past its limits; set "AlertExceedsMax yes" in clamd.conf')

    def version(self) -> Version:
        """The program and its signatures."""
        with self._connected("VERSION", self._connect_seconds) as sock:
            sock.sendall(b"zVERSION\0")
            answer = _answer(sock)
        program, signatures, of = (*answer.split("/", 2), "", "")[:3]
        return Version(program, int(signatures) if signatures.isdecimal() else None, _instant(of))

    def _meaning(self, answer: str) -> Scan:
        told = answer.partition(": ")[2] or answer
        if told == "OK":
            return Scan(Scanned.CLEAN)
        if told.endswith(" FOUND"):
            name = told.removesuffix(" FOUND")
            return Scan(Scanned.PARTLY if _LIMITS.match(name) else Scanned.INFECTED, name)
        if _TOO_LARGE.search(told):
            return Scan(Scanned.PARTLY, "size limit")
        raise Deferred(f"{self.place}: {one_line(answer) or 'no answer'}")

    @contextmanager
    def _connected(self, what: str, seconds: float) -> Iterator[socket.socket]:
        try:
            with self.place.connect(self._connect_seconds) as sock:
                sock.settimeout(seconds)
                with Deadline(seconds, f"{self.place}: {what}", lambda: sock):
                    yield sock
        except OSError as error:
            raise Deferred(f"{self.place}: {what}: {reason(error)}") from error


def _answer(sock: socket.socket) -> str:
    """The one line that clamd says, to its end; what it never ends is cut."""
    octets = b""
    with suppress(ConnectionResetError):
        while len(octets) < _LONGEST_ANSWER and not octets.endswith(b"\0") and (piece := sock.recv(_LONGEST_ANSWER)):
            octets += piece
    return one_line(decoded(octets.rstrip(b"\0")))


def _instant(text: str) -> datetime | None:
    """ "Tue Jun  4 08:21:33 2024", in clamd's own zone, which it does not tell: good for a day's difference."""
    try:
        return datetime.strptime(" ".join(text.split()), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
