"""Running the machine: on which premises, how far, from which seed, and with which mistake."""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import os
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.servers.postgres import running_postgres
from tests.stateful.bureau import Premises
from tests.stateful.machine import NeverLoseNeverTwice, OnPostgres
from tests.stateful.mutants import MUTANTS
from tests.stateful.offices import on_file, on_postgres

SPAWN = multiprocessing.get_context("spawn")
MOST = 400
"""Examples within which a seeded mistake must be found."""


@dataclass
class Run:
    """What a run did, and how it failed if it did."""

    figures: Counter[str] = field(default_factory=Counter)
    failure: str | None = None

    @property
    def found(self) -> bool:
        """Whether it failed at an example, and not before it came to one."""
        return self.failure is not None and self.figures["begun"] > 0


def bounded(examples: int, steps: int, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


def long_run(examples: int, steps: int, number: int, postgres: bool, mutant: str | None = None) -> Run:
    """One run in a process of its own. A seeded mistake need only be found, not told in the shortest way."""
    logging.disable()
    os.environ["INTAKE_IMAP_PASSWORD"] = "secret"
    phases = [Phase.generate] if mutant else [Phase.generate, Phase.shrink]
    how = bounded(examples, steps, database=None, phases=phases, print_blob=not mutant)
    if mutant:
        MUTANTS[mutant]()
    run = Run()
    with contextlib.redirect_stdout(io.StringIO()), _premises(postgres) as place:
        kind = machine_on(place, run.figures, postgres=postgres)
        try:
            run_state_machine_as_test(seed(number)(kind), settings=how)
        except Exception as error:  # noqa: BLE001 - told by whoever asked
            run.failure = "".join(traceback.format_exception(error))
    return run


def apart(*what: Any) -> Run:
    """A run in a process of its own, in which a seeded mistake stays."""
    here, there = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=_tell, args=(there, *what))
    process.start()
    there.close()
    try:
        run: Run = here.recv()
    except EOFError:
        run = Run(failure=f"the process ended without a word: {what}")
    process.join()
    return run


def _tell(answer: Connection, *what: Any) -> None:
    answer.send(long_run(*what))


def machine_on(place: Premises, figures: Counter[str], *, postgres: bool) -> type[NeverLoseNeverTwice]:
    """The machine for some premises; it adds to `figures` what it did."""
    base = OnPostgres if postgres else NeverLoseNeverTwice
    return type(base.__name__, (base,), {"premises": place, "figures": figures})


@contextmanager
def _premises(postgres: bool) -> Iterator[Premises]:
    if not postgres:
        with on_file() as place:
            yield place
        return
    with running_postgres() as server, on_postgres(server) as place:
        yield place
