"""The demo's own mail servers, both on loopback and free ports, in one thread: IMAP (pymap) and SMTP (aiosmtpd).

pymap keeps its mailbox in memory and is for showing only: it knows no keywords and takes UIDs from 101 on.
"""

# ruff: noqa: N802 - aiosmtpd calls its hooks handle_VERB

from __future__ import annotations

import asyncio
import imaplib
import logging
import os
import ssl
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
PASSWORD = "demo"  # noqa: S105 - of a server that lives for seconds, on loopback
START_SECONDS = 20.0
_LOGGERS = ("pymap", "proxyprotocol", "mail", "asyncio")
"""Who speaks for the two servers; "mail" is aiosmtpd."""


@dataclass
class Servers:
    """Two running servers and the letters that came, in order of arrival."""

    username: str
    imap_port: int = 0
    smtp_port: int = 0
    letters: list[bytes] = field(default_factory=list)

    def fill(self, mails: list[tuple[datetime, bytes]]) -> None:
        """Put mails into the INBOX; the times become their INTERNALDATE."""
        with imaplib.IMAP4(HOST, self.imap_port, timeout=START_SECONDS) as client:
            client.login(self.username, PASSWORD)
            for received, octets in mails:
                status, answer = client.append("INBOX", "", received, octets)
                if status != "OK":
                    raise RuntimeError(f"the demo's IMAP server does not take a mail: {answer!r}")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.letters.append(envelope.original_content or b"")
        return "250 taken"


@contextmanager
def running(username: str, log: Path) -> Iterator[Servers]:
    """Both servers until the block ends. What they have to say goes into the file `log`."""
    with _logged(log):
        worker = _Worker(Servers(username))
        worker.start()
        worker.wait()
        try:
            yield worker.servers
        finally:
            worker.stop()


class _Worker(threading.Thread):
    """The thread that the servers live in."""

    def __init__(self, servers: Servers) -> None:
        super().__init__(name="demo-servers", daemon=True)
        self.servers = servers
        self._settled = threading.Event()
        self._trouble: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave = asyncio.Event()

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - told to the thread that waits
            self._trouble = error
        finally:
            self._settled.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        imap, smtp = await _imap(self.servers.username), await _smtp(self.servers)
        self.servers.imap_port, self.servers.smtp_port = _port(imap), _port(smtp)
        self._settled.set()
        await self._leave.wait()
        for server in (imap, smtp):
            server.close()

    def wait(self) -> None:
        """Return when both servers listen."""
        if not self._settled.wait(START_SECONDS) or self._trouble:
            raise RuntimeError("the demo's mail servers do not start") from self._trouble

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._leave.set)
        self.join(START_SECONDS)


async def _imap(username: str) -> asyncio.Server:
    # Otherwise pymap asks the name service for this machine's name at every greeting.
    os.environ.setdefault("FQDN", "localhost")
    asked = Namespace(
        host=HOST, port=0, debug=False, cert=None, key=None, tls=False, passlib_cfg=None, proxy_protocol=None,
        demo_data=False, demo_user=username, demo_password=PASSWORD,
    )  # fmt: skip
    backend, config = await DictBackend.init(
        asked,
        reject_dnsbl=False,
        hash_context=Cleartext(),
        ssl_context=ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
    )
    config.apply_context()
    talk = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
    return await asyncio.start_server(talk, HOST, 0)


async def _smtp(servers: Servers) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SMTP(servers, hostname="localhost", loop=loop), HOST, 0)


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Send the servers' log lines to a file instead of the terminal."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(each.propagate, each.level) for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.propagate = False
        each.setLevel(logging.INFO)
    try:
        yield
    finally:
        for each, (propagate, level) in zip(loggers, before, strict=True):
            each.removeHandler(handler)
            each.propagate = propagate
            each.setLevel(level)
        handler.close()
