"""Passwords are words that are nowhere else; after everything the service can do they are still nowhere.

Every logger of every process is at DEBUG, which no switch of the service brings about.
"""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.world import PROJECT, World, complete, mail, report
from tests.servers.dovecot import PASSWORD as IMAP
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import PASSWORD as SMTP
from tests.servers.smtp import running_sink

pytestmark = pytest.mark.server
WRONG_IMAP, WRONG_SMTP = "kanarie-77aa31", "kanarie-e0c5d2"
SECRETS = (IMAP, SMTP, WRONG_IMAP, WRONG_SMTP)
EVERYTHING = str(Path(__file__).parent / "talkative")
"""In PYTHONPATH it has all loggers of a process say all that they have to say."""
BROKEN = """
import sys
sys.path.insert(0, ".")
from intake.adapters.imap import session

def broken(*arguments, **more):
    raise RuntimeError("our bug")

session.IMAPClient.login = broken
from intake.entry.cli import main
sys.exit(main())
"""


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot) -> Iterator[World]:
    """An office that logs in to both servers."""
    with running_sink(login=True) as sink:
        world = World(tmp_path, user, dovecot, sink)
        world.configure()
        site = world.folder / "config/intake.toml"
        text = site.read_text(encoding="utf-8").replace("from = ", 'username = "office"\nfrom = ', 1)
        site.write_text(text, encoding="utf-8")
        yield world


COMMANDS = (
    "status --json",
    "status --health",
    "show M000001 --json",
    "held",
    "digest --send",
    "--verbose fsck",
    "audit verify",
)


def environment(world: World, **more: str) -> dict[str, str]:
    return {**world.environment, "INTAKE_SMTP_PASSWORD": SMTP, "PYTHONPATH": EVERYTHING, **more}


def forms_of(secret: str) -> Iterator[bytes]:
    """As it is, and in base64 wherever in a group it begins: a word of AUTH LOGIN, the end of what AUTH PLAIN sends."""
    octets = secret.encode()
    yield octets
    for before in range(3):
        coded = base64.b64encode(b"." * before + octets)
        yield coded[4 if before else 0 : -4]


def leaked(octets: bytes) -> list[str]:
    return [secret for secret in SECRETS if any(form in octets for form in forms_of(secret))]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("user", ["", "office", "intake@ji.example", "me"])
def test_the_search_finds_what_mail_programs_send(secret: str, user: str) -> None:
    for plain in (secret, f"\0{user}\0{secret}", f"{user}\0{user}\0{secret}"):
        assert leaked(b"AUTH PLAIN " + base64.b64encode(plain.encode()) + b"\r\n") == [secret]
    assert leaked(f"LOGIN {user} {secret}".encode()) == [secret]


def said(world: World, *words: str | Path, imap: str = IMAP, smtp: str = SMTP, program: str | None = None) -> str:
    """Everything that a command prints."""
    command = world.command(*words)
    if program:
        command = [sys.executable, "-c", program, *command[2:]]
    passwords = environment(world, INTAKE_IMAP_PASSWORD=imap, INTAKE_SMTP_PASSWORD=smtp)
    done = subprocess.run(command, env=passwords, capture_output=True, text=True, cwd=PROJECT, timeout=120, check=False)
    return f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"


def seen_from_outside(process: int) -> Iterator[str]:
    """The arguments of a process and of all below it, and the environment of those below: the children of a service."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if process in (int(folder.name), parent):
                yield (folder / "cmdline").read_text()
            if parent == process:
                yield (folder / "environ").read_text()


def _children(seen: list[str]) -> bool:
    return any("--verbose" not in each for each in seen)


def serving(world: World) -> list[str]:
    command = world.command("--verbose", "serve", now=None)
    with subprocess.Popen(
        command, env=environment(world), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        began, seen = time.monotonic(), list[str]()
        while not _children(seen) or time.monotonic() < began + 4:
            assert time.monotonic() < began + 90, "no child was seen"
            seen += seen_from_outside(run.pid)
            time.sleep(0.02)
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=60)
    return [*seen, output]


def test_no_password_is_anywhere_whatever_the_service_did(world: World, tmp_path: Path) -> None:
    world.deliver(complete("370826"))
    world.deliver(mail("370883", {"邹城市总结报告.docx": report("邹城市")}))
    told = [said(world, *words.split()) for words in ("--verbose poll", "poll", "--verbose check", "check")]
    assert len(world.sink.received) == 2
    told += [said(world, *words.split()) for words in COMMANDS]
    told += [said(world, "export", tmp_path / "out"), said(world, "--verbose", "backup", tmp_path / "copy")]
    told += [said(world, "--verbose", "check", imap=WRONG_IMAP), said(world, "--verbose", "poll", imap=WRONG_IMAP)]
    world.deliver(complete("370881"))
    told += [said(world, "--verbose", "check", smtp=WRONG_SMTP), said(world, "--verbose", "poll", smtp=WRONG_SMTP)]
    assert "refused" in world.sink.logins
    crashed = said(world, "--verbose", "poll", program=BROKEN)
    assert "RuntimeError" in crashed
    world.deliver(complete("370883"))
    told += [crashed, *serving(world)]

    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert all(any(each in words for words in told) for each in ("intake DEBUG polling", "imapclient.imapclient DEBUG"))
    everything = b"\n".join([*(each.encode() for each in told), *files, *(each.octets for each in world.sink.received)])
    assert leaked(everything) == []
