"""The command line: the group of all commands, and what an error ends as. Only what --help needs is imported here.

Exit status, as cron and systemd read it: 0 done, 64 usage, 75 the world is not available (try again),
78 configuration.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import click

from intake import __version__
from intake.entry.commandline import care, deciding, reading, service
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


for command in (*service.COMMANDS, *reading.COMMANDS, *deciding.COMMANDS, *care.COMMANDS):
    cli.add_command(command)


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
