"""A private Dovecot 2.3 in a temporary folder: IMAP with STARTTLS and IMAPS, every user name, one password.

Dovecot's login process refuses to run as root. Started by root it runs as nobody, started by anybody else as
that user: one user for everything, and therefore no chroot anywhere. No delay follows a refused login.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from tests.servers.certificate import Certificate, make_certificate
from tests.servers.ports import free_ports, wait_for

PASSWORD = "kanarie-4c1f8e"
"""A word that is nowhere else, so that a test finds it wherever it leaks."""
HOST = "127.0.0.1"

_CONF = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = {uid}
first_valid_gid = {gid}
mail_uid = {uid}
mail_gid = {gid}
mail_privileged_group =
mail_access_groups =
mail_location = maildir:{root}/mail/%u
mail_home = {root}/mail/%u
mail_max_userip_connections = 100
disable_plaintext_auth = no
auth_failure_delay = 0
auth_username_chars =
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Unwanted {{
    special_use = \\Junk
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


def installed() -> bool:
    return shutil.which("dovecot", path="/usr/sbin:/usr/bin") is not None


@dataclass(frozen=True)
class Dovecot:
    """A running server. `port` speaks plain IMAP and STARTTLS, `tls_port` IMAPS; any user, password PASSWORD."""

    root: Path
    port: int
    tls_port: int
    certificate: Certificate
    uid: int
    gid: int

    def deliver(
        self,
        user: str,
        octets: bytes,
        when: datetime | None = None,
        folder: str = "INBOX",
        flags: tuple[bytes, ...] = (),
    ) -> int:
        """Put a mail into a folder, which is made if need be; `when` becomes its INTERNALDATE. Answers the UID."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, octets, flags, when)
            client.select_folder(folder, readonly=True)
            return max(client.search(["UID", "*"]))

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """Flags of all mails by UID, without \\Recent, which no client can set."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            answer = client.get_flags(client.search(["ALL"]))
        return {uid: tuple(flag for flag in flags if flag != rb"\Recent") for uid, flags in answer.items()}

    def expunge(self, user: str, *uids: int, folder: str = "INBOX") -> None:
        with self.client(user) as client:
            client.select_folder(folder)
            client.delete_messages(list(uids))
            client.expunge()

    def renew_uidvalidity(self, user: str, value: int, folder: str = "INBOX") -> None:
        """Give a folder another UIDVALIDITY, as a rebuilt or migrated mailbox has; the UIDs stay."""
        self._doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), folder)

    @contextmanager
    def client(self, user: str) -> Iterator[Any]:
        """A logged-in imapclient.IMAPClient."""
        with IMAPClient(HOST, self.port, ssl=False, timeout=30) as client:
            client.login(f'"{user}"', PASSWORD)
            yield client

    def log(self) -> str:
        return (self.root / "dovecot.log").read_text(errors="replace")

    def _doveadm(self, *command: str) -> None:
        conf = self.root / "dovecot.conf"
        run = ["doveadm", "-c", str(conf), *command]
        subprocess.run(run, check=True, capture_output=True, **_as(self.uid, self.gid))


@contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """Start one, in about half a second; stop it and remove its folder afterwards."""
    # Not pytest's tmp_path: nobody else than its owner may enter that, and a socket's path has 107 octets at most.
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = _prepare(Path(folder))
        command = ["/usr/sbin/dovecot", "-F", "-c", str(server.root / "dovecot.conf")]
        with (server.root / "output").open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, **_as(server.uid, server.gid))
        try:
            if not wait_for(server.port):
                said = (server.root / "output").read_text(errors="replace")
                raise RuntimeError(f"dovecot did not start: {said}{server.log()}")
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _prepare(root: Path) -> Dovecot:
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    port, tls_port = free_ports(2)
    server = Dovecot(root, port, tls_port, make_certificate(root), account.pw_uid, account.pw_gid)
    conf = _CONF.format(
        root=root,
        user=account.pw_name,
        group=grp.getgrgid(account.pw_gid).gr_name,
        uid=account.pw_uid,
        gid=account.pw_gid,
        chain=server.certificate.chain,
        key=server.certificate.key,
        password=PASSWORD,
        port=port,
        tls_port=tls_port,
    )
    (root / "dovecot.conf").write_text(conf)
    (root / "dovecot.log").touch()
    for path in (root, *root.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return server


def _as(uid: int, gid: int) -> dict[str, Any]:
    """Arguments for subprocess that change the user, which only root may and needs to."""
    return {"user": uid, "group": gid, "extra_groups": []} if os.getuid() == 0 else {}
