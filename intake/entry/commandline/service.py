"""Commands that do the work or try it out: demo, serve, work, poll, digest, check."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from intake.entry.commandline.run import run


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True,
              help="Folder for the letters, the digest and the database.")  # fmt: skip
@click.pass_context
def demo(context: click.Context, out: Path) -> None:
    """Show the whole job on sample mail, with servers of its own.

    \b
    Example: python run_intake.py demo --out /tmp/demo
    """
    run("demo", "demo", context, out=out)


@click.command()
@click.pass_context
def serve(context: click.Context) -> None:
    """Work on schedule until SIGTERM; the current mail is finished first.

    \b
    Example: python run_intake.py --config /etc/intake serve
    """
    run("daemon", "serve", context)


@click.command()
@click.pass_context
def work(context: click.Context) -> None:
    """Only examine, beside `serve` and on as many machines as you like, until SIGTERM; needs PostgreSQL.

    \b
    Example: python run_intake.py --config /etc/intake work
    """
    run("worker", "work", context)


@click.command()
@click.pass_context
def poll(context: click.Context) -> None:
    """Once: take new mail, decide it, send what is owed.

    \b
    Example: python run_intake.py poll
    """
    run("commands", "poll", context)


@click.command()
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
    run("commands", "digest", context, day=day.date() if day else None, out=out, send=send)


@click.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Test configuration, folders, login, SMTP, disk and clock; show what the mail server says of itself.

    \b
    Example: python run_intake.py check
    """
    run("checkup", "check", context)


COMMANDS = (demo, serve, work, poll, digest, check)
