"""One thread that lasts as long as this process.

The kernel takes the thread that starts a process for its parent, and sends the signal that says "your parent has ended"
when that thread ends. So processes that are to live as long as we do are started by a thread that does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

IDLE_SECONDS: Final = 60.0
"""After which `whenever_idle` is done."""

_T = TypeVar("_T")
_works: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
_chores: list[Callable[[], None]] = []


def in_the_lasting_thread(work: Callable[[], _T]) -> _T:
    """Do a short work there and wait for it; raises what it raises."""
    _thread()
    done: Future[_T] = Future()
    _works.put((work, done))
    return done.result()


def whenever_idle(chore: Callable[[], None]) -> None:
    """Something that does not wait for anybody, to be done there now and then."""
    _chores.append(chore)


@cache
def _thread() -> threading.Thread:
    thread = threading.Thread(target=_work, name="lasting", daemon=True)
    thread.start()
    return thread


def _work() -> None:
    while True:
        try:
            work, done = _works.get(timeout=IDLE_SECONDS)
        except Empty:
            for chore in tuple(_chores):
                chore()
            continue
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is to hear of it
            done.set_exception(error)


def _forget() -> None:
    """After a fork: the thread has not come along."""
    global _works  # noqa: PLW0603
    _thread.cache_clear()
    _chores.clear()
    _works = SimpleQueue()


os.register_at_fork(after_in_child=_forget)
