"""Letters through a server that fails at every stage: what is in the outbox afterwards, and how many copies it took."""

from __future__ import annotations

import shutil
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import EventRow, LetterRow
from intake.adapters.smtp import SmtpSettings, open_courier
from intake.domain.alarm import Rules, Trouble, troubles
from intake.domain.letter import LetterKind
from intake.domain.notice import Roster
from intake.domain.outcome import ASK_AGAIN_AFTER
from intake.pipeline.deliver import Post, deliver
from intake.pipeline.patience import Gate
from intake.ports import BeforeDot, Courier, Deferred, Draft
from tests.servers.moody import LAST_LINE, Act, Moody, Stage, running_moody
from tests.servers.smtp import Received

START = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
COUNTY, OTHER = "kjj@weishan.test", "kjj@zoucheng.test"
OCTETS = b"Message-ID: <reply.1@ji.test>\r\n\r\n.\r\n..\r\n" + LAST_LINE


@dataclass
class Office:
    """An outbox, a server, a clock that the test turns, and rounds of deliver between them."""

    records: SqlRecords
    database: Database
    server: Moody
    now: datetime = START
    settings: dict[str, Any] = field(default_factory=dict)
    before_dot: Callable[[], None] = lambda: None
    seconds: float = 10.0

    def meets(self, stage: Stage, *acts: Act) -> None:
        """What the server will do; we are the less patient the slower it is."""
        self.server.script[stage] = list(acts)
        self.seconds = 0.5 if any(act.pause or act.then == "stall" for act in acts) else 10.0

    def post(self, *to: str, key: str = "reply:1:0", octets: bytes = OCTETS) -> None:
        with self.records.desk() as desk:
            draft = Draft(key, LetterKind.RECEIPT, "x", f"<{key}@ji.test>", octets, "", to or (COUNTY,), COUNTY)
            desk.post(draft, None, self.now)

    def round(self, later: timedelta = timedelta()) -> str | None:
        """One round of deliver; what failed in the world."""
        self.now += later
        try:
            deliver(Post(self._open, self.records, lambda: self.now))
        except Deferred as error:
            return str(error)
        return None

    def rounds(self, count: int = 6) -> None:
        """Rounds over hours, with a server that is well again."""
        self.server.script.clear()
        self.seconds = 10.0
        for _ in range(count):
            self.round(timedelta(hours=2))

    @contextmanager
    def _open(self) -> Iterator[Courier]:
        quick = {"connect_timeout": 0.4, "command_timeout": 0.4, "final_timeout": 0.4}
        settings = SmtpSettings(
            **({"host": "127.0.0.1", "port": self.server.port, "security": "none"} | quick | self.settings)
        )
        gate = Gate("smtp", self.records, lambda: "c", lambda: self.now, lambda: 0.0, UTC)
        with gate.passing(), open_courier(settings, "secret", gate.logged_in) as courier:
            yield Watched(courier, self)

    def until_it_acted(self) -> None:
        """Wait until what the server did before the final dot has arrived here."""
        if self.server.acted.wait(0.2):
            time.sleep(0.03)
        self.before_dot = lambda: None

    def jumping(self, jump: timedelta) -> Callable[[], None]:
        """Set the clock when the next letter is about to leave."""

        def jumped() -> None:
            self.now += jump
            self.before_dot = lambda: None

        return jumped

    @property
    def letters(self) -> list[LetterRow]:
        with self.database.reading() as session:
            return list(session.scalars(select(LetterRow).order_by(LetterRow.id)))

    @property
    def letter(self) -> LetterRow:
        (letter,) = self.letters
        return letter

    @property
    def standing(self) -> tuple[str, int, int]:
        """State, attempts and doubts of the one letter."""
        return self.letter.state, self.letter.attempts, self.letter.doubts

    @property
    def events(self) -> list[str]:
        with self.database.reading() as session:
            what = session.scalars(select(EventRow.what).order_by(EventRow.id))
            return [each for each in what if each != "letter owed"]

    @property
    def copies(self) -> list[bytes]:
        return [received.octets for received in self.server.taken]


@dataclass
class Watched:
    """A courier that lets the test look on, and interfere, when the doubt is committed and the dot has not left."""

    courier: Courier
    office: Office

    def send(self, envelope_from: str, to: Any, octets: bytes, before_dot: BeforeDot) -> None:
        def watched() -> None:
            before_dot()
            self.office.before_dot()

        self.courier.send(envelope_from, to, octets, watched)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "intake.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def office(tmp_path: Path, migrated: Path) -> Iterator[Office]:
    shutil.copy(migrated, tmp_path / "intake.db")
    database = Database(f"sqlite:///{tmp_path}/intake.db")
    with running_moody(Moody()) as server:
        yield Office(SqlRecords(database, Roster(())), database, server)
    database.close()


LATER = Act(b"451 4.3.0 later\r\n")
LINES = Act(b"451-4.3.0 two\r\n451 4.3.0 lines\r\n")
NEVER = Act(b"554 5.6.0 no\r\n")
CLOSING = Act(b"421 4.3.2 closing\r\n", "hang up")
HANG_UP = Act(then="hang up")
RESET = Act(then="reset")
STALL = Act(then="stall")
HALF = Act(b"45", "hang up")
UNENDED = Act(b"451-more\r\n", "hang up")
GARBAGE = Act(b"\x00\xff what?\r\n")
CLOSING_WITHOUT_A_WORD = Act(b"\r\n", "hang up")
TRICKLE_OF_NOTHING = Act(b"250-wait\r\n" * 9, pause=0.05)
TRICKLE = Act(b"250 slow\r\n" * 9, pause=0.1)
BROKEN = (HANG_UP, RESET, STALL, HALF, UNENDED, GARBAGE)


def each(stages: tuple[Stage, ...], *acts: Act) -> list[tuple[Stage, Act]]:
    return [(stage, act) for stage in stages for act in acts]


NOT_ABOUT_A_LETTER = [
    *each(("connect",), HANG_UP, RESET, STALL),
    *each(("greeting",), LATER, NEVER, CLOSING, TRICKLE, *BROKEN),
    *each(("EHLO",), CLOSING, TRICKLE, *BROKEN),
    *each(("AUTH",), LATER, NEVER, CLOSING, TRICKLE, *BROKEN),
    ("MAIL", NEVER),
]


@pytest.mark.parametrize(("stage", "act"), NOT_ABOUT_A_LETTER, ids=str)
def test_what_is_not_about_a_letter_costs_it_no_attempt(office: Office, stage: Stage, act: Act) -> None:
    office.settings["username"] = "office"
    office.post()
    office.meets(stage, act)
    assert office.round() is not None
    assert office.standing == ("due", 0, 0)
    office.rounds()
    assert office.standing == ("sent", 1, 0)
    assert office.copies == [OCTETS]


PUT_OFF = [
    *each(("MAIL", "RCPT"), LATER, LINES, CLOSING, TRICKLE, *BROKEN),
    *each(("DATA",), LATER, LINES, CLOSING, Act(b"250 what\r\n"), *BROKEN),
    *each(("octets", "before dot"), LATER, CLOSING, HANG_UP, RESET, HALF, UNENDED, GARBAGE),
    *each(("dot",), LATER, LINES, CLOSING, Act(b"451 no line end", "hang up")),
]


@pytest.mark.parametrize(("stage", "act"), PUT_OFF, ids=str)
def test_what_fails_before_the_dot_is_tried_again_and_arrives_once(office: Office, stage: Stage, act: Act) -> None:
    office.post()
    office.meets(stage, act)
    office.before_dot = office.until_it_acted
    office.round()
    assert office.copies == []
    assert office.standing == ("due", 1, 0)
    assert office.events == ["letter deferred"]
    office.rounds()
    assert office.standing == ("sent", 2, 0)
    assert office.copies == [OCTETS]


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "octets", "before dot", "dot"])
def test_a_letter_refused_for_good_is_never_tried_again(office: Office, stage: Stage) -> None:
    office.post()
    office.meets(stage, NEVER)
    office.before_dot = office.until_it_acted
    office.round()
    assert office.standing == ("failed", 1, 0)
    assert "554 5.6.0 no" in (office.letter.error or "")
    office.rounds()
    assert (office.copies, office.events) == ([], ["letter failed"])


MUTE = [
    *each(("dot",), *BROKEN, CLOSING_WITHOUT_A_WORD, Act(b"354 more?\r\n"), TRICKLE_OF_NOTHING),
    *each(("octets", "before dot"), STALL),
]


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize(("stage", "act"), MUTE, ids=str)
def test_a_letter_whose_fate_is_unknown_is_sent_once_more(office: Office, stage: Stage, act: Act, taken: bool) -> None:
    taken &= stage == "dot"
    office.post()
    office.meets(stage, replace(act, take=taken))
    assert "no answer to the final dot" in (office.round() or "")
    assert office.standing == ("due", 1, 1)
    assert len(office.copies) == taken
    office.server.script.clear()
    office.round(ASK_AGAIN_AFTER - timedelta(seconds=1))
    assert office.standing == ("due", 1, 1), "not at once"
    office.rounds()
    assert office.standing == ("sent", 2, 1)
    assert office.copies == [OCTETS] * (1 + taken)
    assert office.events == ["letter in doubt", "letter sent once more", "letter sent"]


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("act", [HANG_UP, STALL], ids=str)
def test_a_letter_in_doubt_twice_is_left_to_people(office: Office, act: Act, taken: bool) -> None:
    office.post()
    office.meets("dot", *[replace(act, take=taken)] * 9)
    for _ in range(9):
        office.round(timedelta(hours=2))
    assert office.standing == ("failed", 2, 2)
    assert "no answer" in (office.letter.error or "")
    office.rounds()
    assert office.copies == [OCTETS] * (2 * taken)
    assert office.events == ["letter in doubt", "letter sent once more", "letter failed"]
    with office.records.chronicle() as chronicle:
        (line,) = chronicle.failed_letters(None)
    assert line.doubts == 2


def test_an_answer_cut_short_is_an_answer(office: Office) -> None:
    """RFC 5321 section 4.2: the code decides, the words do not matter."""
    office.post()
    office.meets("dot", Act(b"250 2.0.0 que", "hang up", take=True))
    office.round()
    assert (office.standing, office.copies) == (("sent", 1, 0), [OCTETS])


def test_a_refusal_between_two_doubts_takes_back_only_its_own(office: Office) -> None:
    office.post()
    office.meets("dot", replace(HANG_UP, take=True), LATER, replace(HANG_UP, take=True))
    standings = []
    for _ in range(3):
        office.round(timedelta(hours=2))
        standings.append(office.standing)
    assert standings == [("due", 1, 1), ("due", 2, 1), ("failed", 3, 2)]
    office.rounds()
    assert office.copies == [OCTETS, OCTETS]


@pytest.mark.parametrize("act", [HANG_UP, RESET, STALL, GARBAGE, NEVER, CLOSING], ids=str)
@pytest.mark.parametrize("stage", ["QUIT", "NOOP", "RSET"])
def test_trouble_between_letters_costs_none_of_them_anything(
    office: Office, stage: Stage, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.adapters.smtp.connection._FAREWELL_SECONDS", 0.3)
    for number in range(3):
        office.post(key=f"reply:{number}:0")
    if stage == "RSET":
        office.meets("RCPT", LATER)
    office.meets(stage, act)
    assert office.round() is None
    assert [letter.state for letter in office.letters].count("sent") == 3 - (stage == "RSET")
    office.rounds()
    assert [letter.state for letter in office.letters] == ["sent"] * 3
    assert [letter.attempts for letter in office.letters] == [1 + (stage == "RSET"), 1, 1]
    assert len(office.copies) == 3


def test_a_server_that_swallows_letters_makes_few_of_them_doubtful(office: Office) -> None:
    for number in range(20):
        office.post(key=f"reply:{number}:0")
    office.meets("dot", *[replace(HANG_UP, take=True)] * 20)
    for _ in range(120):
        office.round(timedelta(seconds=30))
    assert [letter.doubts for letter in office.letters].count(1) == 3
    office.rounds()
    assert [letter.state for letter in office.letters] == ["sent"] * 20
    assert len(office.copies) == 23


def test_a_server_that_hangs_up_on_everybody_is_left_alone_for_the_round(office: Office) -> None:
    for number in range(20):
        office.post(key=f"reply:{number}:0")
    office.meets("MAIL", *[HANG_UP] * 20)
    assert "in a row" in (office.round() or "")
    assert office.server.connections == 3
    assert sorted(letter.attempts for letter in office.letters) == [0] * 17 + [1] * 3


LIMITS = [
    ("greeting", Act(b"421 HL:ICC 163 smtp3\r\n", "hang up")),
    ("greeting", Act(b"554 HL:ITC\r\n", "hang up")),
    ("AUTH", Act(b"451 Requested mail action not taken: too much fail authentication\r\n")),
    ("AUTH", Act(b"454 4.7.0 Temporary authentication failure\r\n")),
    ("MAIL", Act(b"451 MI:SFQ 163 smtp5\r\n")),
    ("MAIL", Act(b"550 MI:STC 163 smtp5\r\n")),
    ("RCPT", Act(b"550 RP:TRC 163 smtp5\r\n")),
    ("DATA", Act(b"450 4.7.1 Rate limit exceeded\r\n")),
    ("dot", Act(b"450 MI:SFQ 163 smtp5\r\n")),
    ("dot", Act(b"550 Sender frequency limited\r\n")),
    ("dot", Act(b"454 Throttling failure: Maximum sending rate exceeded\r\n")),
    ("dot", Act(b"421 4.4.5 HL:IFC\r\n", "hang up")),
]


@pytest.mark.parametrize(("stage", "act"), LIMITS, ids=str)
def test_a_rate_limit_is_a_growing_wait_for_all_and_no_attempt(office: Office, stage: Stage, act: Act) -> None:
    office.settings["username"] = "office"
    for number in range(3):
        office.post(key=f"reply:{number}:0")
    office.meets(stage, *[act] * 9)
    asked = []
    for minute in range(0, 120, 5):
        office.now = START + timedelta(minutes=minute)
        before = office.server.connections
        office.round()
        asked += [minute] * (office.server.connections - before)
    assert asked == [0, 15, 45, 105], "a quarter of an hour, then twice as long each time, an hour at most"
    assert [letter.attempts for letter in office.letters] == [0, 0, 0]
    words = act.say.decode().strip().removeprefix("4").removeprefix("5")
    with office.records.chronicle() as chronicle:
        assert words in (chronicle.letter_counts(None).waiting_for or "")
    office.rounds()
    assert [(letter.state, letter.attempts) for letter in office.letters] == [("sent", 1)] * 3
    assert len(office.copies) == 3


def test_a_refused_login_is_not_repeated_before_its_time(office: Office) -> None:
    office.settings["username"] = "office"
    for number in range(3):
        office.post(key=f"reply:{number}:0")
    office.meets("AUTH", *[Act(b"535 5.7.8 no\r\n")] * 9)
    for minute in range(0, 60, 5):
        office.now = START + timedelta(minutes=minute)
        office.round()
    assert sum(command.startswith("AUTH") for command in office.server.commands) == 4, "after 0, 5, 15 and 35 minutes"
    office.rounds()
    assert [letter.state for letter in office.letters] == ["sent"] * 3


def test_a_refused_login_is_forgotten_with_the_next_that_is_taken_whatever_comes_then(office: Office) -> None:
    """It would keep standing in the alarm and in the digest beside letters that go out."""
    office.settings["username"] = "office"
    for number in range(20):
        office.post(key=f"reply:{number}:0")
    office.meets("AUTH", Act(b"535 5.7.8 no\r\n"))
    assert "535" in (office.round() or "")
    office.meets("MAIL", *[HANG_UP] * 20)
    assert "in a row" in (office.round(timedelta(hours=1)) or "")
    with office.records.chronicle() as chronicle:
        assert chronicle.waits() == ()


@pytest.mark.parametrize("code", [b"530 5.7.0", b"535 5.7.139", b"538 5.7.11"])
@pytest.mark.parametrize("username", ["office", None])
def test_what_is_refused_behind_a_login_that_was_taken_waits_like_a_refused_login(
    office: Office, code: bytes, username: str | None
) -> None:
    """The login that is taken each time must not make each refusal the first."""
    office.settings["username"] = username
    office.post()
    office.meets("MAIL", *[Act(code + b" no\r\n")] * 20)
    for minute in range(0, 60, 5):
        office.now = START + timedelta(minutes=minute)
        office.round()
    assert sum(command.startswith("MAIL") for command in office.server.commands) == 4, "after 0, 5, 15 and 35 minutes"
    with office.records.chronicle() as chronicle:
        vitals = chronicle.vitals(office.now)
    assert Trouble.LOGIN_SMTP in troubles(replace(vitals, free_bytes=1), Rules())
    office.rounds()
    assert [letter.state for letter in office.letters] == ["sent"]


@pytest.mark.parametrize(("announced", "state"), [(b"20", "failed"), (b"0", "sent"), (b"", "sent"), (b"lots", "sent")])
def test_a_letter_larger_than_the_server_announces_is_not_even_tried(
    office: Office, announced: bytes, state: str
) -> None:
    office.post()
    office.meets("EHLO", Act(b"250-moody\r\n250 SIZE " + announced + b"\r\n"))
    office.round()
    assert office.letter.state == state
    if state == "failed":
        assert "too large for the server: 55 octets, it takes 20" in (office.letter.error or "")
        assert not any(command.startswith("MAIL") for command in office.server.commands)


NOBODY = [
    ("MAIL", Act(b"553 Requested action not taken: NULL sender is not allowed\r\n")),
    ("MAIL", Act(b"501 mail from address must be same as authorization user\r\n")),
    ("MAIL", Act(b"451 NULL sender is not allowed\r\n")),
    ("MAIL", Act(b"550 5.7.1 not wanted\r\n")),
    ("RCPT", Act(b"553 5.7.1 <>: Sender address rejected: not owned by user office\r\n")),
    ("DATA", Act(b"553 Mail from must equal authorized user\r\n")),
    ("dot", Act(b"554 DT:SUM 163 smtp5\r\n")),
]


@pytest.mark.parametrize(("stage", "act"), NOBODY, ids=str)
def test_where_the_null_sender_is_refused_the_account_writes(
    office: Office, stage: Stage, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    office.settings["envelope_from"] = "account@ji.test"
    for number in range(3):
        office.post(key=f"reply:{number}:0")
    office.meets(stage, act)
    assert office.round() is None
    assert office.server.taken == [Received("account@ji.test", (COUNTY,), OCTETS)] * 3
    assert [(letter.state, letter.attempts, letter.doubts) for letter in office.letters] == [("sent", 1, 0)] * 3
    assert sum(command.startswith("MAIL FROM:<>") for command in office.server.commands) == 1, (
        "remembered for the round"
    )
    assert caplog.text.count("null-sender-refused") == 1


def test_where_the_account_may_not_write_either_nothing_is_lost(office: Office) -> None:
    office.settings["envelope_from"] = "wrong@ji.test"
    office.post()
    office.meets("MAIL", *[Act(b"553 Mail from must equal authorized user\r\n")] * 9)
    assert "must equal authorized user" in (office.round() or "")
    assert office.standing == ("due", 0, 0)
    office.rounds()
    assert office.copies == [OCTETS]


def test_nobody_gets_a_letter_twice_because_another_one_was_deferred(office: Office) -> None:
    office.post(COUNTY, OTHER)
    office.meets("RCPT", Act(b"250 OK\r\n"), Act(b"452 4.2.2 full\r\n"), Act(b"450 4.2.1 busy\r\n"))
    office.round()
    assert office.standing == ("due", 1, 0)
    assert office.events == ["letter sent to some"]
    office.round(timedelta(hours=2))
    office.rounds()
    assert office.standing == ("sent", 3, 0)
    assert [each.recipients for each in office.server.taken] == [(COUNTY,), (OTHER,)]


def test_a_doubt_about_some_recipients_is_kept_for_all(office: Office) -> None:
    office.post(COUNTY, OTHER)
    office.meets("dot", replace(HANG_UP, take=True))
    office.round()
    office.meets("RCPT", Act(b"250 OK\r\n"), Act(b"450 4.2.1 busy\r\n"))
    office.round(timedelta(hours=2))
    assert office.standing == ("due", 2, 1)
    office.rounds()
    assert office.standing == ("sent", 3, 1)
    counts = [sum(who in each.recipients for each in office.server.taken) for who in (COUNTY, OTHER)]
    assert counts == [2, 2]


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(days=-400), timedelta(days=3), timedelta(days=400)])
@pytest.mark.parametrize("mood", ["well", "deferring", "mute"])
def test_no_jump_of_the_clock_changes_how_many_letters_leave(office: Office, jump: timedelta, mood: str) -> None:
    """Jumps between rounds, and in the middle of one."""
    for number in range(3):
        office.post(key=f"reply:{number}:0")
    acts = {"well": [], "deferring": [LATER] * 4, "mute": [HANG_UP]}[mood]
    office.server.script["dot"] = list(acts)
    office.before_dot = office.jumping(jump)
    office.round()
    attempts = sum(letter.attempts for letter in office.letters)
    assert attempts <= 3, "one real attempt for each"
    office.round(-jump)
    office.round(jump)
    office.rounds(8)
    assert [letter.state for letter in office.letters] == ["sent"] * 3
    assert office.copies == [OCTETS] * 3
    assert max(letter.attempts for letter in office.letters) <= 4


class Shredder:
    """A courier that takes everything and keeps nothing."""

    def send(self, envelope_from: str, to: Any, octets: bytes, before_dot: BeforeDot) -> None:
        before_dot()


def test_letters_are_in_memory_one_at_a_time(office: Office) -> None:
    for number in range(8):
        office.post(key=f"reply:{number}:0", octets=b"x" * 4_000_000)
    tracemalloc.start()
    deliver(Post(lambda: nullcontext(Shredder()), office.records, lambda: office.now))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [letter.state for letter in office.letters] == ["sent"] * 8
    assert peak < 3 * 4_000_000
