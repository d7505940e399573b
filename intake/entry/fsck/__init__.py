"""`fsck`: is everything in the store that the records speak of, and what can be mended is.

Looking changes nothing and may be done beside the running service. Mending takes the locks that everybody takes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from intake.entry.app import App
from intake.entry.commands import opened
from intake.entry.fsck.checking import Checked, check
from intake.entry.fsck.handling import adopt, remove
from intake.entry.fsck.mending import mend
from intake.entry.fsck.problem import Problem
from intake.entry.progress import Progress
from intake.ports import Deferred


def fsck(  # noqa: PLR0913, PLR0917
    folder: Path,
    now: datetime | None,
    verbose: bool,
    repair: bool,
    as_json: bool,
    grace_days: int,
    adopted: Sequence[str],
    removed: Sequence[str],
) -> int:
    """Compare the store with the records; 0 when all is well or was mended, 75 when something is left."""
    with opened(folder, now, verbose=verbose) as app:
        _require_records(app)
        if adopted or removed:
            for each in (*(adopt(app, sha256) for sha256 in adopted), *(remove(app, sha256) for sha256 in removed)):
                click.echo(each)
            return 0
        checked = check(app, timedelta(days=grace_days), Progress("checked").tell)
        if repair and checked.problems:
            mend(app, checked.problems)
    click.echo(_json(checked) if as_json else _words(checked))
    return 0 if all(each.repaired for each in checked.problems) else os.EX_TEMPFAIL


def _require_records(app: App) -> None:
    """Without records everything in the store would belong to nobody."""
    file = app.config.database_file
    if file is not None and not file.exists():
        raise Deferred(f"there is no database {file}: restore it first, or let poll make it")


def _words(checked: Checked) -> str:
    lines = [each.line() for each in checked.problems]
    left = sum(not each.repaired for each in checked.problems)
    lines.append(
        f"{checked.blobs} files, {checked.octets / (1 << 20):.1f} MiB, all hashed; {len(checked.problems)} problems,"
        f" {left} left; {checked.young} files that nothing refers to are young and stay; {checked.aside} in corrupt/"
    )
    return "\n".join(lines)


def _json(checked: Checked) -> str:
    return json.dumps(
        {
            "files": checked.blobs,
            "octets": checked.octets,
            "young": checked.young,
            "corrupt": checked.aside,
            "left": sum(not each.repaired for each in checked.problems),
            "problems": [_problem(each) for each in checked.problems],
        },
        ensure_ascii=False,
    )


def _problem(each: Problem) -> dict[str, object]:
    return {
        "fault": each.fault,
        "what": each.holding.use if each.holding else None,
        "mail": each.holding.ref if each.holding else None,
        "sha256": each.sha256,
        "path": str(each.path),
        "detail": each.detail,
        "repaired": each.repaired,
        "todo": None if each.repaired else each.todo,
    }
