"""The command line: every command with an example. Only what --help needs is imported here.

Exit status, as cron and systemd read it: 0 done, 64 usage, 75 the world is not available (try again),
78 configuration.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from intake import __version__
from intake.entry.instant import Instant

HOME = Path(__file__).resolve().parents[2]

EPILOG = """\b
Start here:
  python run_intake.py demo             the whole job on sample mail, nothing to set up
  python run_intake.py check            is the configuration right, are the servers there
  python run_intake.py serve            the service itself, until SIGTERM

\b
Passwords come from the environment, never from files of the configuration:
  INTAKE_IMAP_PASSWORD, INTAKE_SMTP_PASSWORD, or the same with _FILE and a path.

\b
Exit status: 0 done, 64 wrong usage, 75 something is not available (try again), 78 configuration.
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", "folder", type=click.Path(path_type=Path), default=HOME / "config", show_default="config/",
              help="Folder with intake.toml, units.toml, notices/*.toml and, optionally, templates/.")  # fmt: skip
@click.option("--now", type=Instant(), help="Take this for the present time (rehearsals and tests).")
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, mail by mail, to standard error.")
@click.version_option(__version__)
@click.pass_context
def cli(context: click.Context, folder: Path, now: datetime | None, verbose: bool) -> None:
    """Collects what counties e-mail to an office: reads every mail, checks and measures what it brings, keeps
    records, answers with a receipt or a precise list of what to repair, and mails staff one digest a day.
    """
    context.obj = {"folder": folder, "now": now, "verbose": verbose}


def _command(module: str, function: str, context: click.Context, **arguments: Any) -> None:
    """Run a command of a module that is imported only now."""
    from importlib import import_module  # noqa: PLC0415

    run: Callable[..., int] = getattr(import_module(f"intake.entry.{module}"), function)
    status = run(**context.find_root().obj, **arguments)
    context.exit(status)


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True,
              help="Folder for the letters, the digest and the database.")  # fmt: skip
@click.pass_context
def demo(context: click.Context, out: Path) -> None:
    """Show the whole job on sample mail, with servers of its own.

    \b
    Example: python run_intake.py demo --out /tmp/demo
    """
    _command("demo", "demo", context, out=out)


@cli.command()
@click.pass_context
def serve(context: click.Context) -> None:
    """Work on schedule until SIGTERM; the current mail is finished first.

    \b
    Example: python run_intake.py --config /etc/intake serve
    """
    _command("daemon", "serve", context)


@cli.command()
@click.pass_context
def poll(context: click.Context) -> None:
    """Once: take new mail, decide it, send what is owed.

    \b
    Example: python run_intake.py poll
    """
    _command("commands", "poll", context)


@cli.command()
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day it is for; today when left out.")
@click.option("--print", "to_print", is_flag=True, help="Print it as plain text (the default).")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it as an HTML file.")
@click.option("--send", is_flag=True, help="Mail it to staff, once per day however often this is asked.")
@click.pass_context
def digest(context: click.Context, day: datetime | None, to_print: bool, out: Path | None, send: bool) -> None:
    """Make the daily digest.

    \b
    Examples: python run_intake.py digest --out digest.html
              python run_intake.py digest --send
    """
    if to_print + bool(out) + send > 1:
        raise click.UsageError("choose one of --print, --out and --send")
    _command("commands", "digest", context, day=day.date() if day else None, out=out, send=send)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs; the form is part of the contract.")
@click.option("--notice", "notice_id", help="Which notice, when several are configured; the most current by default.")
@click.pass_context
def status(context: click.Context, as_json: bool, notice_id: str | None) -> None:
    """Show who has handed in what, and how the service is.

    \b
    Example: python run_intake.py status --json
    """
    _command("commands", "status", context, as_json=as_json, notice_id=notice_id)


@cli.command()
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def show(context: click.Context, ref: str, as_json: bool) -> None:
    """Tell the whole story of one mail (M000012), letter (L000007) or unit (code or name).

    \b
    Examples: python run_intake.py show M000012
              python run_intake.py show 微山县
    """
    _command("commands", "show", context, ref=ref, as_json=as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One object per line; the form is part of the contract.")
@click.argument("files", nargs=-1, required=True, metavar="FILE.eml...",
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@click.pass_context
def judge(context: click.Context, as_json: bool, files: tuple[Path, ...]) -> None:
    """Say what would be decided about mails in files: no database, no network, nothing sent.

    Each mail is judged for itself, as the first of its unit. It counts as received when its topmost Received
    line says, else at --now.

    \b
    Example: python run_intake.py judge --json mail.eml
    """
    _command("rehearsal", "judge_files", context, as_json=as_json, files=files)


@cli.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Test configuration, folders, login, SMTP, disk and clock; show what the mail server says of itself.

    \b
    Example: python run_intake.py check
    """
    _command("checkup", "check", context)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def held(context: click.Context, as_json: bool) -> None:
    """List the mails that wait for a person, with the command for each.

    \b
    Example: python run_intake.py held
    """
    _command("commands", "held", context, as_json=as_json)


@cli.command()
@click.argument("ref")
@click.pass_context
def release(context: click.Context, ref: str) -> None:
    """A person has looked: count what was held in this mail, and tell the sender.

    \b
    Example: python run_intake.py release M000012
    """
    _command("rulings", "release", context, ref=ref)


@cli.command()
@click.argument("ref")
@click.pass_context
def retry(context: click.Context, ref: str) -> None:
    """Examine a mail again from the start, a parked one too.

    \b
    Example: python run_intake.py retry M000012
    """
    _command("rulings", "retry", context, ref=ref)


@cli.command()
@click.argument("ref")
@click.argument("unit")
@click.option("--notice", "notice_id", help="For which notice, where the mail leaves that open.")
@click.pass_context
def assign(context: click.Context, ref: str, unit: str, notice_id: str | None) -> None:
    """Say which unit a mail is from (its code or any of its names), and judge it again.

    \b
    Example: python run_intake.py assign M000012 微山县
    """
    _command("rulings", "assign", context, ref=ref, unit=unit, notice_id=notice_id)


@cli.command()
@click.argument("ref")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def attach(context: click.Context, ref: str, file: Path) -> None:
    """Add a file that you fetched (a linked video) to a mail, and judge the mail again.

    \b
    Example: python run_intake.py attach M000012 ~/Downloads/video.mp4
    """
    _command("rulings", "attach", context, ref=ref, file=file)


@cli.command()
@click.argument("unit")
@click.argument("date", type=Instant())
@click.option("--notice", "notice_id", help="Which notice, when several are configured.")
@click.pass_context
def extend(context: click.Context, unit: str, date: datetime, notice_id: str | None) -> None:
    """Give one unit until the end of another day (or until a given time).

    \b
    Example: python run_intake.py extend 微山县 2024-06-14
    """
    _command("rulings", "extend", context, unit=unit, until=date, notice_id=notice_id)


@cli.command()
@click.argument("ref")
@click.option("--reason", required=True, help="Why the faults are overlooked; kept on record.")
@click.pass_context
def accept(context: click.Context, ref: str, reason: str) -> None:
    """Count what a mail brought in spite of its faults, for a reason that is kept on record.

    \b
    Example: python run_intake.py accept M000012 --reason "领导同意，视频3分05秒"
    """
    _command("rulings", "accept", context, ref=ref, reason=reason)


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def export(context: click.Context, folder: Path) -> None:
    """Lay out what counts in folders per unit, with an index.xlsx.

    \b
    Example: python run_intake.py export /srv/2024-science-week
    """
    _command("exporting", "export", context, target=folder)


def main() -> int:
    """Run the command line; the exit status. No traceback for anything that is not a bug of ours."""
    try:
        return int(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return os.EX_TEMPFAIL
    except click.ClickException as error:
        error.show()
        return os.EX_USAGE
    except Exception as error:
        status = _told(error)
        if status is None:
            raise
        return status


def _told(error: Exception) -> int | None:
    """Say what is wrong with the configuration or the world; None for a bug of ours."""
    from intake.entry.config import ConfigError  # noqa: PLC0415
    from intake.ports import Deferred  # noqa: PLC0415

    if isinstance(error, ConfigError):
        print("The configuration cannot be used:", *error.problems, sep="\n  ", file=sys.stderr)
        return os.EX_CONFIG
    if isinstance(error, Deferred | OSError):
        print(f"Not available now, try again later: {error}", file=sys.stderr)
        return os.EX_TEMPFAIL
    return None
