"""When operators are warned, and when not: one trouble is one alarm, and a turned clock is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from intake.domain.alarm import (
    ALARMS,
    Changes,
    Rules,
    Standing,
    Trouble,
    changes,
    clearing,
    raising,
    reminder_owed,
    reminding,
    troubles,
)
from intake.domain.patience import Refusal, Wait
from intake.domain.vitals import Streak, Stuck, Vitals
from tests.unit.builders import MONDAY, ZONE

NOW = MONDAY
RULES = Rules()
MINUTE = timedelta(minutes=1)
WELL = Vitals(NOW, Streak(), Stuck(), free_bytes=5 << 30, reserve=1 << 30)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def failing(count: int, ago: timedelta) -> Vitals:
    return replace(WELL, polls=Streak(count, NOW - ago, "no route"))


def refused(server: str, failures: int, refusal: Refusal = Refusal.CREDENTIALS) -> Wait:
    return Wait(server, refusal, failures, NOW + minutes(30), "", "NO login error")


def stuck(letters: int, recipients: int, ago: timedelta, *, untried: bool = False, tries: int = 4) -> Vitals:
    found = Stuck(letters, recipients, untried, Streak(tries, NOW - ago, "450 later"))
    return replace(WELL, stuck=found)


def test_all_well_is_no_trouble() -> None:
    assert troubles(WELL, RULES) == {}
    assert changes(WELL, (), RULES) == Changes((), (), ())


@pytest.mark.parametrize(
    ("count", "ago", "raised"),
    [
        (2, minutes(600), False),
        (3, minutes(14.9), False),
        (3, minutes(15), True),
        (900, minutes(900), True),
        (3, -minutes(3), True),
    ],
    ids=["two may be chance", "not yet", "long enough", "a whole night", "the clock went back: the count decides"],
)
def test_mail_that_does_not_come_in_is_an_alarm_after_a_while(count: int, ago: timedelta, raised: bool) -> None:
    assert (Trouble.POLLING in troubles(failing(count, ago), RULES)) is raised


def test_a_clock_that_jumps_while_all_is_well_raises_nothing() -> None:
    for jump in (timedelta(days=400), -timedelta(days=3)):
        assert troubles(replace(WELL, now=NOW + jump, last_poll_at=NOW, last_success_at=NOW), RULES) == {}


@pytest.mark.parametrize(
    ("wait", "raised"),
    [
        (refused("imap", 2), set()),
        (refused("imap", 3), {Trouble.LOGIN_IMAP}),
        (refused("smtp", 3, Refusal.CLIENT), {Trouble.LOGIN_SMTP}),
        (refused("imap", 9, Refusal.TEMPORARY), set()),
        (refused("smtp", 9, Refusal.RATE), set()),
        (refused("smtp", 9, Refusal.MUTE), set()),
    ],
)
def test_the_third_refused_login_is_an_alarm(wait: Wait, raised: set[Trouble]) -> None:
    assert troubles(replace(WELL, waits=(wait,)), RULES).keys() == raised


@pytest.mark.parametrize("failures", [1, 2])
def test_a_login_that_was_refused_long_ago_hides_no_other_trouble(failures: int) -> None:
    """One refusal as the provider went down, and then the server could not be reached for days."""
    old = {server: replace(refused(server, failures), until=NOW - minutes(2_000)) for server in ("imap", "smtp")}
    away = replace(failing(3_000, minutes(3_000)), waits=(old["imap"],))
    assert troubles(away, RULES).keys() == {Trouble.POLLING}
    waiting = replace(stuck(5, 5, minutes(120), untried=True), waits=(old["smtp"],))
    assert troubles(waiting, RULES).keys() == {Trouble.SENDING}


def test_one_trouble_is_not_told_twice() -> None:
    """A refused login makes every poll and every letter fail."""
    polls = replace(failing(20, minutes(20)), waits=(refused("imap", 3),))
    assert troubles(polls, RULES).keys() == {Trouble.LOGIN_IMAP}
    letters = replace(stuck(5, 5, minutes(120), untried=True), waits=(refused("smtp", 3),))
    assert troubles(letters, RULES).keys() == {Trouble.LOGIN_SMTP}
    soon = replace(failing(20, minutes(20)), waits=(refused("imap", 1),))
    assert troubles(soon, RULES) == {}, "the next login is about to tell"
    busy = replace(failing(20, minutes(20)), waits=(refused("imap", 9, Refusal.TEMPORARY),))
    assert troubles(busy, RULES).keys() == {Trouble.POLLING}


@pytest.mark.parametrize(
    ("vitals", "raised"),
    [
        (stuck(3, 3, minutes(59)), False),
        (stuck(3, 3, minutes(60)), True),
        (stuck(1, 1, minutes(60), untried=True), True),
        (stuck(1, 1, minutes(200)), False),
        (stuck(1, 1, minutes(360)), True),
        (stuck(3, 3, timedelta(days=400), tries=2), False),
        (replace(WELL, stuck=Stuck(refused=4)), False),
        (replace(WELL, stuck=Stuck(refused=5)), True),
    ],
    ids=[
        "not yet",
        "several",
        "no connection",
        "one recipient's own trouble",
        "for too long",
        "hardly tried: a jump of the clock",
        "four refusals may be four bad addresses",
        "five in a row are not",
    ],
)
def test_letters_that_do_not_get_out_are_an_alarm(vitals: Vitals, raised: bool) -> None:
    assert (Trouble.SENDING in troubles(vitals, RULES)) is raised


def test_disk_parked_and_postponed_mails_are_alarms_with_their_figures() -> None:
    low = replace(
        WELL,
        free_bytes=(1 << 30) - 1,
        parked=tuple(f"M{number:06}" for number in range(7)),
        postponed=Streak(2, NOW, "server says nothing"),
    )
    found = troubles(low, RULES)
    assert found.keys() == {Trouble.DISK, Trouble.PARKED, Trouble.POSTPONED}
    assert found[Trouble.DISK] == {"free_bytes": (1 << 30) - 1, "reserve": 1 << 30, "error": ""}
    assert found[Trouble.PARKED] == {"count": 7, "refs": [f"M{number:06}" for number in range(5)]}
    assert found[Trouble.POSTPONED] == {"count": 2, "since": NOW.isoformat(), "error": "server says nothing"}
    assert Trouble.DISK in troubles(replace(WELL, disk_error="input/output error"), RULES)


def test_mails_that_cannot_be_examined_are_an_alarm_although_mail_comes_in() -> None:
    waiting = replace(WELL, examinations=Streak(4, NOW - minutes(15), "no child can be started"), backlog=3)
    assert troubles(waiting, RULES)[Trouble.EXAMINING]["backlog"] == 3
    assert troubles(replace(waiting, now=NOW - minutes(1)), RULES) == {}


@pytest.mark.parametrize(("job", "raised"), [("summarise", {Trouble.CRASHING}), ("poll", set())])
def test_a_job_that_fails_for_a_reason_of_ours_is_an_alarm_and_a_poll_is_a_poll_that_failed(
    job: str, raised: set[Trouble]
) -> None:
    crashes = {"deliver": Streak(2, NOW - minutes(60)), job: Streak(15, NOW - minutes(15), "KeyError: 'x'")}
    assert troubles(replace(WELL, crashes=crashes), RULES).keys() == raised


class Watch:
    """A succession of looks, a minute apart; what was raised and cleared."""

    def __init__(self) -> None:
        self.now = NOW
        self.known: dict[Trouble, Standing] = {}
        self.said: list[str] = []

    def look(self, vitals: Vitals, times: int = 1, apart: timedelta = MINUTE) -> None:
        for _ in range(times):
            since = vitals.polls.since and vitals.polls.since + (self.now - NOW)
            here = replace(vitals, now=self.now, polls=replace(vitals.polls, since=since))
            found = changes(here, self.known.values(), RULES)
            self.said += [raising(each, self.now).key for each in found.raised]
            self.said += [clearing(each, self.now).key for each in found.cleared]
            self.known |= {each.name: each for each in found.kept}
            self.now += apart


@pytest.fixture
def watch() -> Watch:
    return Watch()


FAILING = failing(20, minutes(20))


def test_a_trouble_is_told_once_and_its_end_once_and_the_next_one_is_another(watch: Watch) -> None:
    watch.look(FAILING, 100)
    assert watch.said == ["alarm:polling:1"]
    watch.look(WELL, 100)
    assert watch.said == ["alarm:polling:1", "alarm:polling:1:over"]
    watch.look(FAILING)
    assert watch.said[2:] == ["alarm:polling:2"]


def test_the_all_clear_waits_until_nothing_failed_for_a_while(watch: Watch) -> None:
    watch.look(FAILING)
    for _ in range(20):
        watch.look(WELL, 10)
        watch.look(failing(1, minutes(1)))
    assert watch.said == ["alarm:polling:1"], "what comes and goes is one trouble"
    watch.look(WELL, 15)
    assert len(watch.said) == 1
    watch.look(WELL)
    assert watch.said[1:] == ["alarm:polling:1:over"]


def test_a_jump_of_the_clock_does_not_end_an_alarm(watch: Watch) -> None:
    watch.look(FAILING)
    watch.look(WELL, 2, timedelta(days=400))
    watch.look(WELL, 2, -timedelta(days=400))
    assert watch.said == ["alarm:polling:1"]
    watch.look(WELL, 14)
    assert watch.said[1:] == ["alarm:polling:1:over"]


def test_looks_that_are_far_apart_count_for_five_minutes(watch: Watch) -> None:
    watch.look(FAILING)
    watch.look(WELL, 3, minutes(30))
    assert len(watch.said) == 1
    watch.look(WELL, 1, minutes(30))
    assert watch.said[1:] == ["alarm:polling:1:over"]


def test_space_at_the_very_limit_does_not_come_and_go(watch: Watch) -> None:
    watch.look(replace(WELL, free_bytes=(1 << 30) - 1))
    watch.look(replace(WELL, free_bytes=(1 << 30) + 1), 60)
    assert watch.said == ["alarm:disk:1"]
    watch.look(WELL, 60)
    assert watch.said[1:] == ["alarm:disk:1:over"]


def test_one_letter_that_stays_stuck_does_not_come_and_go(watch: Watch) -> None:
    one = stuck(1, 1, minutes(400))
    watch.look(one, 200)
    assert watch.said == ["alarm:sending:1"]


def test_an_alarm_that_stands_tells_the_latest_figures(watch: Watch) -> None:
    watch.look(FAILING)
    watch.look(replace(FAILING, polls=replace(FAILING.polls, count=21, error="no such host")))
    assert watch.known[Trouble.POLLING].facts["count"] == 21
    assert watch.known[Trouble.POLLING].facts["error"] == "no such host"
    assert watch.known[Trouble.POLLING].raised_at == NOW


def test_every_trouble_has_its_alarm() -> None:
    assert [alarm.name for alarm in ALARMS] == list(Trouble)


def standing(at: datetime) -> Standing:
    return Standing(Trouble.DISK, at, 1)


MORNING = datetime(2024, 6, 4, 8, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "alarms", "day"),
    [
        (MORNING, (standing(MORNING - timedelta(days=1)),), date(2024, 6, 4)),
        (MORNING + timedelta(hours=12), (standing(MORNING - timedelta(days=1)),), date(2024, 6, 4)),
        (MORNING - minutes(1), (standing(MORNING - timedelta(days=1)),), None),
        (MORNING, (standing(MORNING - timedelta(hours=8)),), None),
        (MORNING, (standing(MORNING - timedelta(hours=9)),), date(2024, 6, 4)),
        (MORNING, (), None),
        (MORNING, (Standing(Trouble.DISK),), None),
        (MORNING - timedelta(days=9), (standing(MORNING),), date(2024, 5, 26)),
    ],
    ids=["a day", "later", "too early", "raised today", "raised last night", "none", "none stands", "clock back"],
)
def test_operators_are_reminded_once_a_day_of_what_stands_since_an_earlier_one(
    now: datetime, alarms: Iterable[Standing], day: date | None
) -> None:
    assert reminder_owed(now, alarms, time(8, 30), ZONE) == day
    if day:
        assert reminding(alarms, now, day).key == f"alarm:standing:{day}"


def held(**refs: tuple[str, ...]) -> Vitals:
    return replace(WELL, held={rule.replace("_", "-"): found for rule, found in refs.items()})


def test_when_every_answer_is_held_operators_are_told_although_those_to_one_address_were_before(watch: Watch) -> None:
    watch.look(held(address_day=("L000001",)), 5)
    assert watch.said == ["alarm:held:1"]
    watch.look(held(address_day=("L000001",), all_day=("L000500", "L000501")), 5)
    assert watch.said[1:] == ["alarm:held:2"], "once"
    facts = watch.known[Trouble.HELD].facts
    assert facts == {"count": 3, "refs": ["L000500", "L000501", "L000001"], "rule": "all-day"}
    watch.look(held(address_day=("L000001",)), 5)
    watch.look(WELL, 60)
    assert watch.said[2:] == ["alarm:held:2:over"], "what gets better is no news until it is over"


def test_an_alarm_that_an_earlier_release_raised_without_a_rule_can_get_graver(watch: Watch) -> None:
    watch.known[Trouble.HELD] = Standing(Trouble.HELD, NOW, 1, {"count": 1, "refs": ["L000001"], "rule": ""})
    watch.look(held(all_day=("L000001",)))
    assert watch.said == ["alarm:held:2"]
