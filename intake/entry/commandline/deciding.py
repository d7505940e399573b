"""Staff's decisions: release, assign, accept, attach, extend, retry."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from intake.entry.commandline.run import run
from intake.entry.instant import Instant


@click.command()
@click.argument("ref", required=False)
@click.option("--letters", is_flag=True, help="All answers that wait because too many went out in a day.")
@click.pass_context
def release(context: click.Context, ref: str | None, letters: bool) -> None:
    """A person has looked: count what was held in this mail, and tell the sender; or let a held answer go.

    \b
    Examples: python run_intake.py release M000012
              python run_intake.py release L000123
              python run_intake.py release --letters
    """
    if letters == (ref is not None):
        raise click.UsageError("name one mail or letter, or say --letters")
    if letters:
        run("rulings", "release_letters", context)
    else:
        run("rulings", "release", context, ref=ref)


@click.command()
@click.argument("ref")
@click.argument("unit")
@click.option("--notice", "notice_id", help="For which notice, where the mail leaves that open.")
@click.option("--learn", is_flag=True, help="All mails from its sender's address are this unit's, from now on.")
@click.pass_context
def assign(context: click.Context, ref: str, unit: str, notice_id: str | None, learn: bool) -> None:
    """Say which unit a mail is from (its code or any of its names), and judge it again.

    \b
    Examples: python run_intake.py assign M000012 微山县
              python run_intake.py assign M000012 微山县 --learn
    """
    run("rulings", "assign", context, ref=ref, unit=unit, notice_id=notice_id, learn=learn)


@click.command()
@click.argument("address")
@click.pass_context
def forget(context: click.Context, address: str) -> None:
    """Trust an address no longer that `assign --learn` had us learn.

    \b
    Example: python run_intake.py forget kjj@example.cn
    """
    run("rulings", "forget", context, address=address)


@click.command()
@click.argument("ref")
@click.option("--reason", required=True, help="Why the faults are overlooked; kept on record.")
@click.pass_context
def accept(context: click.Context, ref: str, reason: str) -> None:
    """Count what a mail brought in spite of its faults, for a reason that is kept on record.

    \b
    Example: python run_intake.py accept M000012 --reason "领导同意，视频3分05秒"
    """
    run("rulings", "accept", context, ref=ref, reason=reason)


@click.command()
@click.argument("ref")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def attach(context: click.Context, ref: str, file: Path) -> None:
    """Add a file that you fetched (a linked video) to a mail, and judge the mail again.

    \b
    Example: python run_intake.py attach M000012 ~/Downloads/video.mp4
    """
    run("rulings", "attach", context, ref=ref, file=file)


@click.command()
@click.argument("unit")
@click.argument("date", type=Instant())
@click.option("--notice", "notice_id", help="Which notice, when several are configured.")
@click.pass_context
def extend(context: click.Context, unit: str, date: datetime, notice_id: str | None) -> None:
    """Give one unit until the end of another day (or until a given time).

    \b
    Example: python run_intake.py extend 微山县 2024-06-14
    """
    run("rulings", "extend", context, unit=unit, until=date, notice_id=notice_id)


@click.command()
@click.argument("ref")
@click.pass_context
def retry(context: click.Context, ref: str) -> None:
    """Examine a mail again from the start, a parked one too.

    \b
    Example: python run_intake.py retry M000012
    """
    run("rulings", "retry", context, ref=ref)


COMMANDS = (release, assign, forget, accept, attach, extend, retry)
