"""The demo itself: servers, a configuration, sample mails, two polls of the real service, its digest, and a report."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from intake.domain.digest import MailLine
from intake.entry.app import App
from intake.entry.clock import clock_from
from intake.entry.commands import opened
from intake.entry.demo import report
from intake.entry.demo.mailbag import samples
from intake.entry.demo.samples import BEIJING, SENDERS, Sample
from intake.entry.demo.servers import PASSWORD, Servers, running
from intake.entry.demo.site import USERNAME, write_site
from intake.entry.office import opens
from intake.pipeline.summarise import post_digest
from intake.ports import Deferred

BEFORE = datetime(2024, 6, 11, 17, tzinfo=BEIJING)
"""The last afternoon: what has come by now is answered with time left."""
NOW = datetime(2024, 6, 12, 8, 35, tzinfo=BEIJING)
"""The morning after the deadline, just after the digest is due."""

MARKER = ".intake-demo"
CONTENTS = ("config", "data", "mails", "letters", "digest.eml", "digest.html", "digest.xlsx", "servers.log")
_SECRETS = ("INTAKE_IMAP_PASSWORD", "INTAKE_SMTP_PASSWORD")
"""Set for this process only, so that those of a real site are never offered to the demo's servers."""


def run(folder: Path, now: datetime | None, verbose: bool, out: Path) -> int:
    """Run the demo into `out`; 0, or Deferred when the service did not get through."""
    out = out.resolve()
    started = time.monotonic()
    _claim(out)
    mails = list(samples())
    now = _in_beijing(now or NOW)
    with running(USERNAME, out / "servers.log") as servers:
        write_site(folder, out / "config", SENDERS, servers.imap_port, servers.smtp_port)
        os.environ.update(dict.fromkeys(_SECRETS, PASSWORD))
        click.echo(f"{len(mails)} mails come to the mailbox of {USERNAME}, on an IMAP server of the demo's own.")
        lines, letters, digest = _work(out / "config", now, verbose, servers, mails)
    _tell(out, mails, lines, letters, digest)
    click.echo(f"All of it took {time.monotonic() - started:.0f} seconds.")
    return 0


def _in_beijing(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def _claim(out: Path) -> None:
    """Make the folder ready. What an earlier demo left there is replaced; anything else is not touched."""
    if out.exists() and not out.is_dir():
        raise click.UsageError(f"{out} is not a folder; --out names a folder for the demo")
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER).exists():
        raise click.UsageError(f"{out} is not empty and not of an earlier demo; choose another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).touch()
    for each in (out / name for name in CONTENTS):
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)


def _work(
    config: Path, now: datetime, verbose: bool, servers: Servers, mails: Sequence[Sample]
) -> tuple[dict[datetime, MailLine], list[bytes], bytes]:
    """Two polls and the digest: the mails' lines by time of arrival, the answers, the digest."""
    early = [mail for mail in mails if mail.received <= BEFORE]
    late = [mail for mail in mails if mail.received > BEFORE]
    with (
        click.progressbar(label="Reading, measuring, deciding", show_pos=True, length=len(mails)) as bar,
        opened(config, now, verbose=verbose, progress=lambda _ref: bar.update(1)) as app,
        app.owned(),
    ):
        bar.length = sum(mail.received >= opens(app.office) for mail in mails)
        for moment, arrived in ((min(BEFORE, now), early), (now, late)):
            servers.fill([(mail.received, mail.octets) for mail in arrived])
            app.clock = clock_from(moment)
            _poll(app)
        letters = list(servers.letters)
        post_digest(app.desk, app.clock().astimezone(app.config.zone).date())
        app.deliver()
        return _lines(app), letters, servers.letters[-1]


def _poll(app: App) -> None:
    trouble = app.poll()
    if trouble:
        raise Deferred(trouble)


def _lines(app: App) -> dict[datetime, MailLine]:
    with app.records.chronicle() as chronicle:
        return {line.received_at: line for line in (*chronicle.needing_person(), *chronicle.decided_since(None))}


def _tell(
    out: Path, mails: Sequence[Sample], lines: dict[datetime, MailLine], letters: list[bytes], digest: bytes
) -> None:
    """Write all files, then tell what happened, mail by mail."""
    answers = report.by_ref(letters)
    paragraphs = []
    for number, mail in enumerate(mails):
        line = lines.get(mail.received)
        letter = answers.get(line.ref) if line else None
        report.keep(out, number, mail, letter)
        paragraphs.append(report.paragraph(mail, line, letter))
    subject = report.keep_digest(out, digest)
    click.echo("\nWhat came, what was decided and why, what was answered:\n")
    click.echo("\n\n".join(paragraphs))
    click.echo(f"\nThe digest that staff get: {subject}\n")
    click.echo(_WHERE.format(out=out, answers=len(answers)))


_WHERE = """\
{out}
  mails/        what came            letters/      the {answers} answers, under the same names
  digest.html   the digest           digest.eml    the same as a mail, with digest.xlsx
  config/       the configuration    data/         database and files

Look further:
  python run_intake.py --config {out}/config --now 2024-06-12T08:40 status
  python run_intake.py --config {out}/config show M000005
"""
