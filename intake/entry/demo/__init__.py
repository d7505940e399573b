"""`demo`: the whole job on sample mail, with servers of its own on loopback; nothing to set up, no network."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

_EXTRA = ("pymap", "aiosmtpd", "proxyprotocol", "pysasl")


def demo(folder: Path, now: datetime | None, verbose: bool, out: Path) -> int:
    """Run the demo into the folder `out`, with the notice and the units of the configuration in `folder`."""
    try:
        from intake.entry.demo.run import run  # noqa: PLC0415 - the servers are an extra, the makers of samples are not
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise click.UsageError(f'the demo brings its own mail servers: pip install ".[demo]" ({error})') from None
    return run(folder, now, verbose, out)
