"""The whole sweep: `make network`. Every octet of both sessions, a RST at each and the other faults in turn."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

from tests.network.sweep import BREAKING, Tally, faults, sweep
from tests.network.trial import MAILS, Line, running_trials
from tests.servers.dovecot import PASSWORD, running_dovecot
from tests.servers.proxy import GARBLING, Fault, Kind, Way

LANES = tuple((line, tls) for tls in (False, True) for line in Line)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.network", description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("build/network.md"))
    parser.add_argument("--step", type=int, default=1, help="one in so many octets")
    parser.add_argument("--all", action="store_true", help="every fault at every octet: hours")
    options = parser.parse_args()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        lanes = pool.map(
            _lane, *zip(*LANES, strict=True), *([each] * len(LANES) for each in (options.step, options.all))
        )
        tallies = dict(zip(LANES, lanes, strict=True))
    told = "\n".join(_lines(tallies))
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(told + "\n", encoding="utf-8")
    print(told)
    return 1 if any(tally.wrong for tally in tallies.values()) else 0


def _lane(line: Line, tls: bool, step: int, every: bool) -> Tally:
    """One session, in a process of its own. Over TLS only what alters the stream: a break is a break."""
    logging.disable()
    os.environ["INTAKE_IMAP_PASSWORD"] = PASSWORD
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dovecot() as dovecot,
        running_trials(Path(folder), dovecot, tls=tls) as trials,
    ):
        which = _faults(trials.lengths(line), tls=tls, step=step, every=every)
        return sweep(trials, line, which, letters=MAILS, tls=tls, told=True)


def _faults(lengths: dict[Way, int], *, tls: bool, step: int, every: bool) -> Iterator[Fault]:
    if tls:
        return faults(lengths, sorted(GARBLING), 4 * step, in_turn=not every)
    if every:
        return faults(lengths, Kind, step, in_turn=False)
    others = [kind for kind in Kind if kind is not Kind.RESET]
    resets = faults(lengths, [Kind.RESET], step, in_turn=True)
    return chain(resets, faults(lengths, others, step, in_turn=True))


def _lines(tallies: dict[tuple[Line, bool], Tally]) -> Iterator[str]:
    """The figures, in Markdown."""
    yield "| session | fault | places | polls until all was well | letters twice | violations |"
    yield "|---|---|---|---|---|---|"
    for (line, tls), tally in tallies.items():
        for kind in (*BREAKING, *sorted(GARBLING)):
            if tally.tried[kind]:
                yield f"| {line}{' over TLS' if tls else ''} | {kind.name} | {tally.row(kind)} |"
    yield ""
    yield from (f"- {told}" for tally in tallies.values() for told in tally.wrong)
    total = sum(tally.tried.total() for tally in tallies.values())
    yield f"{total} faults, {sum(tally.seconds for tally in tallies.values()) / 60:.0f} minutes of one core."


if __name__ == "__main__":
    sys.exit(main())
