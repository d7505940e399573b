"""The gate before a login: a server that refused us is not asked again before its time, whoever asks.

What was refused is on record, so that neither a restart nor `poll` from cron hammers the server. Other
credentials pass at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo

from intake import journal
from intake.domain.patience import LOGGING_IN, PACES, Refusal, Wait, failures_in_row
from intake.ports import Clock, DiskLow, InDoubt, LoginRefused, Records


@dataclass(frozen=True, slots=True)
class Gate:
    """The login to one server, "imap" or "smtp".

    `credentials` answers a keyed hash of what we log in with, `jitter` a number in [0, 1).
    """

    server: str
    records: Records
    credentials: Callable[[], str] = field(repr=False)
    clock: Clock
    jitter: Callable[[], float]
    zone: tzinfo

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Log in and work inside the block; the outcome goes on record. LoginRefused, and no block, before the time.

        A block that ends in other trouble says nothing of what the server takes: `logged_in` does, when it is known.
        """
        self.check()
        try:
            yield
        except (LoginRefused, InDoubt) as error:
            self.refused(error)
            raise
        except DiskLow:
            self.accepted()
            raise
        self.accepted()

    def logged_in(self) -> None:
        """Note that a login was taken: whatever becomes of the rest, the name and the password are right."""
        self.accepted(LOGGING_IN)

    def check(self) -> None:
        """Return when a login may be tried now; else LoginRefused says until when not, and why."""
        with self.records.patience() as patience:
            known = patience.wait(self.server)
        if known and known.holds(self.clock()) and known.credentials == self.credentials():
            raise LoginRefused(self._told(known), known.refusal)

    def refused(self, error: LoginRefused | InDoubt) -> None:
        """Note a refusal: the next login waits, twice as long each time."""
        credentials = self.credentials()
        with self.records.patience() as patience:
            failures = failures_in_row(patience.wait(self.server), error.refusal, credentials)
            until = self.clock() + PACES[error.refusal].pause(failures, self.jitter())
            wait = Wait(self.server, error.refusal, failures, until, credentials, str(error))
            patience.keep(wait)
        journal.login_refused(wait)

    def accepted(self, about: Collection[Refusal] = tuple(Refusal)) -> None:
        """Note that the server took us: what it refused for these reasons is forgotten."""
        with self.records.patience() as patience:
            known = patience.wait(self.server)
            if known and known.refusal in about:
                patience.forget(self.server)

    def _told(self, known: Wait) -> str:
        times = "once" if known.failures == 1 else f"{known.failures} times"
        until = known.until.astimezone(self.zone)
        return (
            f"{self.server}: {_WHAT[known.refusal]} {times}, not tried again before {until:%Y-%m-%d %H:%M:%S %z} "
            f"(with other credentials at once): {known.error}"
        )


_WHAT = {
    Refusal.CREDENTIALS: "login refused",
    Refusal.CLIENT: "login refused",
    Refusal.CLOSED: "nothing let pass behind the login",
    Refusal.TEMPORARY: "login refused",
    Refusal.RATE: "nothing of ours taken",
    Refusal.MUTE: "no answer to a letter",
}
