"""Commands that look after the records: audit."""

from __future__ import annotations

import click

from intake.entry.commandline.run import run


@click.group()
def audit() -> None:
    """Look after the chain of events.

    \b
    Example: python run_intake.py audit verify
    """


@audit.command()
@click.option("--head", help="The hash that a past digest names: it must be on the chain.")
@click.pass_context
def verify(context: click.Context, head: str | None) -> None:
    """Check that no event on record was changed, taken out or put in; exit status 1 when one was.

    \b
    Example: python run_intake.py audit verify --head 3f9c0a7b21de0455
    """
    run("auditing", "verify", context, head=head)


COMMANDS = (audit,)
