"""Commands that tell and change nothing: status, show, held, judge, export."""

from __future__ import annotations

from pathlib import Path

import click

from intake.entry.commandline.run import run


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs; the form is part of the contract.")
@click.option("--notice", "notice_id", help="Which notice, when several are configured; the most current by default.")
@click.option("--health", "only_health", is_flag=True, help="Only whether all is well: exit status 0, else 1 and why.")
@click.pass_context
def status(context: click.Context, as_json: bool, notice_id: str | None, only_health: bool) -> None:
    """Show who has handed in what, and how the service is.

    \b
    Examples: python run_intake.py status --json
              python run_intake.py status --health
    """
    if only_health and (as_json or notice_id):
        raise click.UsageError("--health goes alone")
    if only_health:
        run("health", "health", context)
    run("commands", "status", context, as_json=as_json, notice_id=notice_id)


@click.command()
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def show(context: click.Context, ref: str, as_json: bool) -> None:
    """Tell the whole story of one mail (M000012), letter (L000007) or unit (code or name).

    \b
    Examples: python run_intake.py show M000012
              python run_intake.py show 微山县
    """
    run("commands", "show", context, ref=ref, as_json=as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def held(context: click.Context, as_json: bool) -> None:
    """List the mails that wait for a person, with the command for each.

    \b
    Example: python run_intake.py held
    """
    run("commands", "held", context, as_json=as_json)


@click.command()
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
    run("rehearsal", "judge_files", context, as_json=as_json, files=files)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def export(context: click.Context, folder: Path) -> None:
    """Lay out what counts in folders per unit, with an index.xlsx.

    \b
    Example: python run_intake.py export /srv/2024-science-week
    """
    run("exporting", "export", context, target=folder)


COMMANDS = (status, show, held, judge, export)
