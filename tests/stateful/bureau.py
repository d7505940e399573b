"""The whole service in one process on fakes of its servers: real stages, real records, a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from intake.adapters.letters.words import Words
from intake.adapters.looking import Looker
from intake.adapters.records.database import Database
from intake.domain.replying import Limits
from intake.entry.app import App
from intake.entry.config import Config
from intake.entry.servers import Servers
from intake.pipeline.examine import Bench
from intake.ports import Courier, Mailbox
from tests.fakes.courier import FakePost
from tests.fakes.fuse import Crash, Fuse, FusedBlobs, FusedRecords
from tests.fakes.mailbox import FakeServer, Folder

START = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Premises:
    """What the offices of a run share: SQL that is compiled once, templates that are, files that are measured once.

    `database` is the service's, `other` that of a process beside it; `clear` empties the records.
    """

    config: Config
    words: Words
    looker: Looker
    database: Database
    other: Database
    fuse: Fuse
    clear: Callable[[], None]


NO_LIMITS = Limits(per_address_day=10**6, per_day=10**6, idle_day=10**6, idle_month=10**6)
"""What is answered must not hang on the order in which things went wrong."""


class FakedApp(App):
    """The service with its wiring as it is, but for its servers and a fuse around what it writes."""

    def __init__(self, bureau: Bureau, database: Database, fuse: Fuse) -> None:
        super().__init__(bureau.premises.config, lambda: bureau.now)
        self._bureau = bureau
        self._database = database
        self._fuse = fuse

    @property
    def database(self) -> Database:  # type: ignore[override]
        return self._database

    @cached_property
    def records(self) -> Any:  # type: ignore[override]
        return FusedRecords(super().records, self._fuse)

    @cached_property
    def blobs(self) -> Any:  # type: ignore[override]
        return FusedBlobs(super().blobs, self._fuse)

    @property
    def words(self) -> Words:  # type: ignore[override]
        return self._bureau.premises.words

    @property
    def bench(self) -> Bench:
        return replace(super().bench, look=self._bureau.premises.looker, limits=NO_LIMITS)

    @cached_property
    def servers(self) -> Servers:
        return FakedServers(self, self._bureau)

    def close(self) -> None:
        """The engine stays, its connections do not."""
        self._database.close()


class FakedServers(Servers):
    """The gates as they are, and behind them the fakes."""

    def __init__(self, app: FakedApp, bureau: Bureau) -> None:
        super().__init__(app.config, app.records, app.clock)
        self._bureau = bureau

    @contextmanager
    def open_mailbox(self) -> Iterator[Mailbox]:
        with self._gate("imap", "server", "office", "secret").passing(), self._bureau.server.open() as box:
            yield box

    @contextmanager
    def open_courier(self) -> Iterator[Courier]:
        with self._gate("smtp", "server", "office", "secret").passing(), self._bureau.post.open() as courier:
            yield courier


class Bureau:
    """One office and its world. `now` is what the service's clock says."""

    def __init__(self, premises: Premises) -> None:
        premises.clear()
        self.premises = premises
        self.now = START
        folders = enumerate(premises.config.site.imap.folders, 1)
        self.server = FakeServer({name: Folder(number, junk=name != "INBOX") for number, name in folders})
        self.post = FakePost()
        self.fuse = premises.fuse
        self.crashes = 0
        self.polls = 0
        self.post.between = self.fuse
        self.server.between = lambda operation: self.fuse(f"imap {operation}")
        self.app = self._started()

    def poll(self) -> str | None:
        """One pass of all stages; None also when the process died, which is followed by a restart."""
        self.polls += 1
        trouble: str | None = self.surviving(self.app.poll)
        return trouble

    def surviving(self, work: Callable[[], Any]) -> Any:
        """Do some work; when the process dies of it, start anew."""
        try:
            return work()
        except Crash:
            self.crashes += 1
            self.restart()
            return None

    def restart(self) -> None:
        self.app.close()
        self.app = self._started()

    def beside(self) -> FakedApp:
        """Another process on the same records: a second worker, or staff's command line."""
        return FakedApp(self, self.premises.other, Fuse())

    def turn(self, by: timedelta) -> None:
        self.now += by

    def close(self) -> None:
        self.app.close()

    def _started(self) -> FakedApp:
        self.fuse.renew()
        return FakedApp(self, self.premises.database, self.fuse)
