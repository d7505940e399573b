"""The stateful proof: whatever happens in whatever order, nothing is lost and no decision is answered twice.

Rules are what the world, staff and time do; invariants are looked at after each; at the end all faults stop, and the
service must come to rest where a run without any fault comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import click
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from intake.adapters.records.rulings import SqlRulings
from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import MailRow
from intake.entry import rulings
from intake.ports import Deferred, Disconnected, Unusable
from tests.e2e.world import UNITS
from tests.fakes.courier import Fate
from tests.fakes.fuse import STEPS
from tests.stateful.bureau import START, Bureau, FakedApp, Premises
from tests.stateful.offices import FOLDERS
from tests.stateful.outcome import (
    Decision,
    Outcome,
    Turn,
    broken,
    decisions,
    is_there,
    letter_states,
    outcome,
    parked_by_deaths,
    sha256_of,
    turns,
    unfinished,
    waiting,
)
from tests.stateful.postbag import Sort, advertisement, compose, relayed

UNIT_CODES = tuple(UNITS)
JUMPS = tuple(timedelta(hours=hours) for hours in (-72, -5, -1, 1, 5, 26, 72))
STRANGERS = ("li@qq.example", "wang@163.example")
IMAP = ("open", "select", "arrivals", "uids", "look", "download")
FAULTS = (Unusable, Disconnected)
LONG_AGO = datetime(2024, 4, 1, tzinfo=UTC)
SETTLING = timedelta(hours=13)
"""Longer than anything is put off."""

Ruling = Callable[[SqlRulings, int, datetime], None]

RULINGS: dict[str, Ruling] = {
    "release": lambda made, mail, now: made.waive_holds(mail, now),
    "accept": lambda made, mail, now: made.waive_faults(mail, "looked at", now),
    "retry": lambda made, mail, now: made.retry(mail, now),
    **{f"assign {code}": lambda made, mail, now, code=code: made.assign(mail, code, None, now) for code in UNIT_CODES},
}

RULING_OF = {"assigned": "assign", "released": "release", "accepted by staff": "accept", "retried": "retry"}
"""The command by the event that it leaves."""


def ruled(app: FakedApp, sha256: str, ruling: str) -> None:
    """Staff decide about a mail, as their commands do."""
    with app.database.reading() as session:
        mail = session.scalars(select(MailRow.id).where(MailRow.sha256 == sha256)).one()
    may = rulings._may_accept if ruling == "accept" else rulings._may_anything
    with suppress(click.UsageError):
        rulings._rule(app, mail_ref(mail), may, lambda made, number: RULINGS[ruling](made, number, app.clock()))


def fail() -> None:
    raise Deferred("scripted")


class NeverLoseNeverTwice(RuleBasedStateMachine):
    """One office. `sent` has all octets that were ever delivered."""

    premises: ClassVar[Premises]
    figures: ClassVar[Counter[str]]
    """Both set before the run."""
    mails = Bundle("mails")

    def __init__(self) -> None:
        super().__init__()
        self.figures["begun"] += 1
        self.bureau = Bureau(self.premises)
        self.world_time = START
        self.sent: set[bytes] = set()
        self.number = 0
        self.decided: dict[str, Decision] = {}
        self.letters: dict[str, str] = {}

    def _deliver(self, octets: bytes, folder: str) -> bytes:
        self.world_time += timedelta(minutes=7)
        self.bureau.server.deliver(octets, self.world_time, folder)
        self.sent.add(octets)
        return octets

    @rule(
        target=mails,
        code=some.sampled_from(UNIT_CODES),
        sort=some.sampled_from(Sort),
        folder=some.sampled_from(FOLDERS),
    )
    def a_unit_writes(self, code: str, sort: Sort, folder: str) -> bytes:
        self.number += 1
        return self._deliver(compose(self.number, code, sort), folder)

    @rule(
        target=mails,
        code=some.sampled_from(UNIT_CODES),
        sort=some.sampled_from([Sort.REPORT, Sort.ALL]),
        sender=some.sampled_from(STRANGERS),
    )
    def a_stranger_writes_for_a_unit(self, code: str, sort: Sort, sender: str) -> bytes:
        self.number += 1
        return self._deliver(compose(self.number, code, sort, sender), "INBOX")

    @rule(target=mails)
    def an_advertisement_comes(self) -> bytes:
        self.number += 1
        return self._deliver(advertisement(self.number), "INBOX")

    @rule(folder=some.sampled_from(FOLDERS))
    def somebody_moves_an_old_mail_here(self, folder: str) -> None:
        """From before every notice: it is counted and never read."""
        self.number += 1
        self.bureau.server.deliver(advertisement(self.number), LONG_AGO, folder)

    @rule(octets=mails, folder=some.sampled_from(FOLDERS))
    def the_same_octets_come_again(self, octets: bytes, folder: str) -> None:
        self._deliver(octets, folder)

    @rule(target=mails, octets=mails)
    def a_relay_delivers_twice(self, octets: bytes) -> bytes:
        self.number += 1
        return self._deliver(relayed(octets, self.number % 60), "INBOX")

    @rule()
    def poll(self) -> None:
        self.bureau.poll()

    @rule(step=some.sampled_from(STEPS), times=some.integers(1, 4))
    def the_process_dies_during_a_poll(self, step: str, times: int) -> None:
        self.bureau.fuse.arm(step, times)
        self.bureau.poll()
        self.bureau.fuse.disarm()

    @rule(
        operation=some.sampled_from(IMAP),
        fault=some.sampled_from(FAULTS),
        times=some.integers(1, 3),
    )
    def the_imap_server_fails(self, operation: Any, fault: type[Deferred], times: int) -> None:
        self.bureau.server.fail(operation, *[fault("scripted")] * times)

    @rule(folder=some.sampled_from(FOLDERS), which=some.integers(0, 9))
    def the_imap_server_forgets_a_mail_in_a_list(self, folder: str, which: int) -> None:
        uids = self._uids(folder)
        if uids:
            self.bureau.server.hide(uids[-1 - which % len(uids)])
            self.bureau.poll()

    @rule(step=some.sampled_from([step for step in STEPS if step.endswith("commit")]))
    def disk_or_database_fail_during_a_poll(self, step: str) -> None:
        """After a commit: it happened, and we are told that it did not."""
        self._poll_while(step, fail)

    @rule(fates=some.lists(some.sampled_from(Fate), min_size=1, max_size=4))
    def the_smtp_server_fails(self, fates: list[Fate]) -> None:
        self.bureau.post.fates.extend(fates)

    @rule(folder=some.sampled_from(FOLDERS))
    def a_folder_is_made_anew(self, folder: str) -> None:
        if folder in self.bureau.server.folders:
            self.bureau.server.renumber(folder)

    @rule(folder=some.sampled_from(FOLDERS), which=some.integers(0, 9))
    def somebody_deletes_a_mail(self, folder: str, which: int) -> None:
        self._delete(folder, which)

    @rule(source=some.sampled_from(FOLDERS), which=some.integers(0, 9))
    def somebody_moves_a_mail(self, source: str, which: int) -> None:
        self._move(source, which)

    @rule(
        step=some.sampled_from([step for step in STEPS if step.startswith("imap") or "ledger" in step]),
        folder=some.sampled_from(FOLDERS),
        which=some.integers(0, 9),
        what=some.sampled_from(["delete", "move", "renumber", "deliver"]),
    )
    def the_mailbox_changes_during_a_poll(self, step: str, folder: str, which: int, what: str) -> None:
        self.number += 1
        new = compose(self.number, UNIT_CODES[which % 3], Sort.REPORT)
        happens = {
            "delete": lambda: self._delete(folder, which),
            "move": lambda: self._move(folder, which),
            "renumber": lambda: self.a_folder_is_made_anew(folder),
            "deliver": lambda: self._deliver(new, folder),
        }
        self._poll_while(step, happens[what])

    @rule(by=some.sampled_from(JUMPS))
    def the_clock_jumps(self, by: timedelta) -> None:
        self.bureau.turn(by)

    @rule(hours=some.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.world_time += timedelta(hours=hours)
        self.bureau.turn(timedelta(hours=hours))

    @rule()
    def a_second_worker_examines_what_the_first_is_at(self) -> None:
        other = self.bureau.beside()
        self._poll_while("after claim", lambda: self._deferring(other.examine))
        other.close()

    @rule(octets=mails, ruling=some.sampled_from(sorted(RULINGS)))
    def staff_decide(self, octets: bytes, ruling: str) -> None:
        beside = self.bureau.beside()
        self._rule(beside, octets, ruling)
        beside.close()

    @rule(
        octets=mails,
        ruling=some.sampled_from(sorted(RULINGS)),
        step=some.sampled_from(["after claim", "imap download"]),
    )
    def staff_decide_during_a_poll(self, octets: bytes, ruling: str, step: str) -> None:
        beside = self.bureau.beside()
        self._poll_while(step, lambda: self._rule(beside, octets, ruling))
        beside.close()

    @rule()
    def the_digest_is_due(self) -> None:
        self._deferring(self.bureau.app.summarise)

    @rule()
    def operators_are_warned(self) -> None:
        self._deferring(self.bureau.app.tend)

    @invariant()
    def nothing_is_broken(self) -> None:
        """What was decided stands until staff rule, what is settled stays so."""
        self.figures["steps"] += 1
        wrong = list(broken(self.bureau, self.sent))
        assert not wrong, wrong
        with self.bureau.app.database.reading() as session:
            decided, letters = decisions(session), letter_states(session)
        for sha256, was in self.decided.items():
            now = decided.get(sha256, was)
            assert now == was or now.rulings > was.rulings, f"decided anew: {was} became {now}"
        for key, state in self.letters.items():
            assert letters[key] == state or state == "due", f"letter {key}: {state} became {letters[key]}"
        self.decided |= decided
        self.letters = letters

    def teardown(self) -> None:
        """Faults stop; three polls later all is done, and as it would be had nothing gone wrong."""
        self.bureau.server.heal()
        self.bureau.post.fates.clear()
        for _poll in range(3):
            self.bureau.turn(SETTLING)
            assert self.bureau.app.poll() is None
        undone = list(unfinished(self.bureau))
        assert not undone, undone
        self._retry_what_deaths_parked()
        came, history = outcome(self.bureau), turns(self.bureau)
        self._count()
        self.bureau.close()
        differs = came.differences(self._without_faults(history, came))
        assert not differs, "\n".join(differs)

    def _count(self) -> None:
        arrived = Counter(mail.octets for mail in self.bureau.post.received)
        self.figures["examples"] += 1
        self.figures["mails"] += len(self.sent)
        self.figures["polls"] += self.bureau.polls
        self.figures["deaths"] += self.bureau.crashes
        self.figures["letters"] += len(arrived)
        self.figures["twice"] += arrived.total() - len(arrived)

    def _retry_what_deaths_parked(self) -> None:
        """A mail that was being examined whenever the process died waits for a person, and that person says: again."""
        for sha256 in parked_by_deaths(self.bureau):
            ruled(self.bureau.app, sha256, "retry")
        assert self.bureau.app.poll() is None

    def _without_faults(self, history: list[Turn], came: Outcome) -> Outcome:
        """The same mails decided in the same order and ruled about likewise, with nothing that goes wrong."""
        octets = {sha256_of(each): each for each in self.sent}
        bureau = Bureau(self.premises)
        waiting = set(came.mails)
        for turn in history:
            if turn.sha256 in waiting:
                waiting.remove(turn.sha256)
                bureau.server.deliver(octets[turn.sha256], came.mails[turn.sha256].received_at)
                bureau.app.receive()
            if turn.what in RULING_OF:
                ruled(bureau.app, turn.sha256, RULING_OF[turn.what] + (f" {turn.unit}" if turn.unit else ""))
            self._settle(bureau)
        reached = outcome(bureau)
        bureau.close()
        return reached

    @staticmethod
    def _settle(bureau: Bureau) -> None:
        """Until nothing is left to be examined: a mail that makes us fail is parked after the third time."""
        while waiting(bureau):
            bureau.app.examine()
            bureau.turn(timedelta(minutes=20))

    def _poll_while(self, step: str, action: Callable[[], object]) -> None:
        """Let something happen when the poll takes this step, if it does."""
        self.bureau.fuse.meanwhile(step, action)
        self.bureau.poll()
        self.bureau.fuse.disarm()

    @staticmethod
    def _deferring(work: Callable[[], object]) -> None:
        with suppress(Deferred):
            work()

    def _rule(self, app: FakedApp, octets: bytes, ruling: str) -> None:
        sha256 = sha256_of(octets)
        if is_there(app, sha256):
            self._deferring(lambda: ruled(app, sha256, ruling))

    def _delete(self, folder: str, which: int) -> None:
        uids = self._uids(folder)
        if uids:
            self.bureau.server.expunge(uids[which % len(uids)], folder)

    def _move(self, source: str, which: int) -> None:
        uids = self._uids(source)
        if uids:
            target = FOLDERS[1 - FOLDERS.index(source)]
            self.bureau.server.move(uids[which % len(uids)], source, target)

    def _uids(self, folder: str) -> list[int]:
        found = self.bureau.server.folders.get(folder)
        return sorted(found.mails) if found else []


class OnPostgres(NeverLoseNeverTwice):
    """The same on a server where several workers examine at once, in threads of their own."""

    @rule(workers=some.integers(2, 3))
    def several_workers_examine_at_once(self, workers: int) -> None:
        self._deferring(self.bureau.app.receive)
        others = [self.bureau.beside() for _ in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(self._deferring, other.examine) for other in others]:
                done.result(60)

    @rule(octets=NeverLoseNeverTwice.mails, ruling=some.sampled_from(sorted(RULINGS)))
    def staff_decide_during_a_poll(self, octets: bytes, ruling: str) -> None:  # type: ignore[override]
        """A mail that is being examined is locked: who rules about it waits until it is decided."""
        self._poll_while("imap download", lambda: self._rule(self.bureau.beside(), octets, ruling))
