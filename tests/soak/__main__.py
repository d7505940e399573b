"""The whole soak: `make soak`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.office import Office
from tests.e2e.world import World
from tests.servers.dovecot import running_dovecot
from tests.servers.smtp import running_sink
from tests.soak.soak import Plan, Soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--mails", type=int, default=5000)
    parser.add_argument("--kill-every", type=float, default=10.0, help="seconds, on average")
    parser.add_argument("--undisturbed", type=int, default=500, help="mails at the end during which nothing is killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=Path("build/soak.md"))
    options = parser.parse_args()
    plan = Plan(options.mails, options.kill_every, options.seed, options.undisturbed)
    with running_dovecot() as dovecot, running_sink() as sink, tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(Office(World(Path(folder) / "office", "soak", dovecot, sink)), plan)
        soak.run()
        lines = list(soak.lines())
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(*lines, sep="\n")
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
