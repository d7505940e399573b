"""Commands that look after records and store: audit, fsck, backup, seal, purge."""

from __future__ import annotations

import re
from pathlib import Path

import click

from intake.entry.commandline.run import run


@click.group()
def audit() -> None:
    """Look after the chain of events.

    \b
    Example: python run_intake.py audit verify
    """


def _head(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Short beginnings are on every chain, and would prove nothing."""
    if value is None or re.fullmatch(r"[0-9a-f]{16,64}", value.strip().lower()):
        return value and value.strip().lower()
    raise click.BadParameter("copy all 16 characters (0-9, a-f) of the hash from the digest")


@audit.command()
@click.option("--head", callback=_head, help="The hash that a past digest names: it must be on the chain.")
@click.pass_context
def verify(context: click.Context, head: str | None) -> None:
    """Check that no event on record was changed, taken out or put in; exit status 1 when one was.

    \b
    Example: python run_intake.py audit verify --head 3f9c0a7b21de0455
    """
    run("auditing", "verify", context, head=head)


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended; without it nothing is changed.")
@click.option("--json", "as_json", is_flag=True, help="For programs; the form is part of the contract.")
@click.option("--grace-days", type=click.IntRange(1), default=7, show_default=True,
              help="Files that nothing refers to are removed when they are older than this.")  # fmt: skip
@click.option("--adopt", "adopted", multiple=True, metavar="SHA256",
              help="Take a stored mail that no row tells of into the records.")  # fmt: skip
@click.option("--remove", "removed", multiple=True, metavar="SHA256",
              help="Remove a stored mail that no row tells of.")  # fmt: skip
@click.pass_context
def fsck(  # noqa: PLR0913, PLR0917
    context: click.Context,
    repair: bool,
    as_json: bool,
    grace_days: int,
    adopted: tuple[str, ...],
    removed: tuple[str, ...],
) -> None:
    """Compare the stored files with the records: what is missing, changed, left over, or open to others.

    \b
    Examples: python run_intake.py fsck
              python run_intake.py fsck --repair
    """
    arguments = {"repair": repair, "as_json": as_json, "grace_days": grace_days, "adopted": adopted, "removed": removed}
    run("fsck", "fsck", context, **arguments)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--keep", type=click.IntRange(1), default=14, show_default=True, help="How many copies of the records stay."
)
@click.pass_context
def backup(context: click.Context, folder: Path, keep: int) -> None:
    """Copy records, stored files and configuration into a folder, while the service runs.

    Files that are there already are not copied again, so that it can be done every night. How to go back to a copy is
    described in docs/zh/operators.md and docs/reliability.md.

    \b
    Example: python run_intake.py backup /backup/intake
    """
    run("backup", "backup", context, target=folder, keep=keep)


@click.command()
@click.option("--list", "listing", is_flag=True, help="Every mail that was sealed, and nothing of what it says.")
@click.option("--destroy", metavar="REF", help="Remove what is stored of a sealed mail.")
@click.option("--lift", metavar="REF", help="It is not classified: examine it as any other.")
@click.option("--operator", metavar="NAME", help="Who says so. Two different people have to, one after the other.")
@click.pass_context
def seal(context: click.Context, listing: bool, destroy: str | None, lift: str | None, operator: str | None) -> None:
    """Handle mails that bear a marking of classified papers.

    \b
    Examples: python run_intake.py seal --list
              python run_intake.py seal --destroy M000012 --operator NAME
    """
    if listing + (destroy is not None) + (lift is not None) != 1:
        raise click.UsageError("one of --list, --destroy REF and --lift REF")
    if listing:
        run("sealing", "listed", context)
    elif destroy is not None:
        run("sealing", "decide", context, ref=destroy, wanted="destroyed", operator=operator)
    else:
        run("sealing", "decide", context, ref=lift, wanted="lifted", operator=operator)


@click.command()
@click.argument("notice_id", metavar="[NOTICE]", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing; without NOTICE, of all notices.")
@click.option("--yes", is_flag=True, help="Do not ask whether you mean it.")
@click.pass_context
def purge(context: click.Context, notice_id: str | None, dry_run: bool, yes: bool) -> None:
    """Remove what was handed in for a notice that is closed: files, mails, letters and addresses, for good.

    Who handed in what, and when, stays on record without them. Mails that are none of our business go by themselves
    ([retention] in intake.toml).

    \b
    Examples: python run_intake.py purge --dry-run
              python run_intake.py purge 2024-science-week --dry-run
              python run_intake.py purge 2024-science-week
    """
    if notice_id is None and not dry_run:
        raise click.UsageError("name the notice, or say --dry-run to see what there is")
    run("purging", "purge", context, notice_id=notice_id, dry_run=dry_run, yes=yes)


COMMANDS = (audit, fsck, backup, seal, purge)
