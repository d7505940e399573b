"""Leave a server alone for a while that cannot be reached: only in memory, so that `poll` by hand always tries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from intake.domain.patience import UNREACHABLE
from intake.ports import Deferred, LoginRefused, Unreachable


class Lull:
    """Pauses that double from 5 seconds to 15 minutes, from one failure to the next; success ends them."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, jitter: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._until = 0.0
        self._error = ""

    @contextmanager
    def respected(self) -> Iterator[None]:
        """Talk to the server inside the block. Unreachable, and no block, before the time."""
        if self._failures and self._clock() < self._until:
            left = self._until - self._clock()
            raise Unreachable(
                f"failed {self._failures} times in a row, not tried again for {left:.0f} s: {self._error}"
            )
        try:
            yield
        except LoginRefused:  # reached, and with a patience of its own that outlives this process
            self._failures = 0
            raise
        except Unreachable as error:
            self._failed(str(error))
            raise
        except Deferred:
            self._failures = 0
            raise
        self._failures = 0

    def _failed(self, error: str) -> None:
        self._failures += 1
        self._until = self._clock() + UNREACHABLE.pause(self._failures, self._jitter()).total_seconds()
        self._error = error
