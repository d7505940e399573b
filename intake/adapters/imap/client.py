"""imapclient and imaplib, told what to do with answers that are hostile, broken, or merely not what RFC 3501 says."""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.imapclient import join_message_ids, seq_to_parenstr_upper
from imapclient.response_parser import parse_fetch_response

from intake.adapters.deadline import Deadline
from intake.adapters.wire import Security

ANSWER = 4 << 20
"""Octets of an answer that brings no mail; 50,000 UIDs are 0.6 million."""

_NUMBERS = frozenset({"EXISTS", "RECENT", "UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ"})


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


class Connection(imaplib.IMAP4):
    """imaplib's connection with TLS from the first octet if asked for, under a deadline before it greets.

    It reads no more than it expects: imaplib would reserve memory for whatever a literal claims, and keep every
    untagged line.
    """

    left = ANSWER

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, limit: Deadline) -> None:
        self._context = context
        self._limit = limit
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        if self._context is not None:  # a handshake as a whole has the socket's timeout
            sock = self._context.wrap_socket(sock, server_hostname=self.host)
        self._limit.watch(lambda: sock)
        return sock

    def readline(self) -> bytes:
        try:
            line = super().readline()
        except self.error as error:  # longer than imaplib takes, and the rest of it is still to come
            raise self.abort(str(error)) from error
        self._count(len(line))
        return line

    def read(self, size: int) -> bytes:
        self._count(size)
        return super().read(size)

    def _count(self, octets: int) -> None:
        self.left -= octets
        if self.left < 0:
            raise self.abort("more octets than a sane answer has")


class Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
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
        # Else one name in broken UTF-7 hides all folders.
        self.folder_encode = False
        # Else INTERNALDATE comes without its zone.
        self.normalise_times = False

    def expect(self, octets: int) -> None:
        """Prepare for an answer of so many octets; what came unasked before is none."""
        self._imap.left = octets
        self._imap.untagged_responses.clear()

    @property
    def answered(self) -> bool:
        """Whether the last command was answered to its end. If not, what comes next belongs to it."""
        return None not in self._imap.tagged_commands.values()

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        """As imapclient's, but only answers that name their UID.

        imapclient takes the sequence number of the others for a UID: one mail's octets would pass for another's.
        """
        typ, data = self._imap.uid("FETCH", join_message_ids(uids), seq_to_parenstr_upper(items))
        self._checkok("fetch", typ, data)
        found = parse_fetch_response(data, self.normalise_times)
        named = parse_fetch_response(data, self.normalise_times, uid_is_key=False)
        return {uid: found[uid] for uid in uids if uid in found and named[found[uid][b"SEQ"]].get(b"UID") == uid}

    def uids(self, uid_range: str) -> set[int]:
        """UID SEARCH of a range; imapclient refuses an answer in more than one line."""
        typ, lines = self._imap.uid("SEARCH", f"UID {uid_range}")
        self._checkok("search", typ, lines)
        return {int(word) for line in lines if line for word in line.split()}

    def special_folders(self) -> list[tuple[tuple[bytes, ...], bytes, bytes]]:
        """LIST that tells what folders are for (RFC 6154 section 5.2), in the form of list_folders."""
        typ, data = self._imap.list('""', '"*" RETURN (SPECIAL-USE)')
        self._checkok("LIST", typ, data)
        folders: list[tuple[tuple[bytes, ...], bytes, bytes]] = self._proc_folder_list(data)
        return folders

    def _normalise_folder(self, name: bytes | str) -> bytes:
        """Names go over the wire as the octets they are; imapclient's way ends at the first that is no UTF-7."""
        octets = name if isinstance(name, bytes) else name.encode("ascii")
        return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'

    def _process_select_response(self, told: Mapping[str, Any]) -> dict[bytes, Any]:
        """As imapclient's, which fails on `UIDVALIDITY NIL`: what is no number is not told."""
        sane = {name: value for name, value in told.items() if name not in _NUMBERS or value[0].isdigit()}
        state: dict[bytes, Any] = super()._process_select_response(sane)
        return state

    def _create_IMAP4(self) -> Connection:  # noqa: N802
        return Connection(
            self.host, self.port, self._timeout.connect, self.ssl_context if self.ssl else None, self._limit
        )
