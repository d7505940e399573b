"""What only a database of several processes meets: locks, lost connections, commits of unknown outcome, conflicts."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from intake.adapters.records import database as database_module
from intake.adapters.records.database import Database
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.tables import EventRow, ExaminationRow, LetterRow, MailRow, SightingRow, SubmissionRow
from intake.adapters.records.troubles import TRIES
from intake.ports import Claim, Deferred, Desk, Pending
from tests.adapters.box import NOW, Box
from tests.adapters.test_claims import draft, letter
from tests.servers.cutter import Cutter, running_cutter
from tests.servers.postgres import Postgres
from tests.unit.builders import NOTICE, ROSTER, WEISHAN, message, report

pytestmark = pytest.mark.server


@pytest.fixture
def box(server: Database) -> Box:
    return Box(server)


@pytest.fixture
def other(server: Database) -> Iterator[SqlRecords]:
    """Another process, as far as the server can tell."""
    database = Database(server.url.render_as_string())
    yield SqlRecords(database, ROSTER)
    database.close()


def with_settings(server: Database, **settings: str) -> Database:
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return Database(f"{server.url.render_as_string()}?options={quote(options)}")


def settled(records: SqlRecords, result: Callable[[Desk], object], meanwhile: Callable[[Claim], object]) -> object:
    """Claim a mail, let something happen, and write a result."""
    with records.claim(NOW) as claim:
        assert claim is not None
        meanwhile(claim)
        return claim.settle(result)


# The lock


def test_a_claimed_mail_is_nobody_elses_and_nobody_waits(box: Box, other: SqlRecords) -> None:
    box.take(1)
    box.take(2)
    with box.records.claim(NOW) as mine, other.claim(NOW) as theirs:
        assert mine is not None
        assert theirs is not None
        assert (mine.pending.id, theirs.pending.id) == (1, 2)
        with SqlRecords(box.database, ROSTER).claim(NOW) as nothing:
            assert nothing is None
        with other.claim(NOW, only=1) as nothing:
            assert nothing is None
        assert mine.settle(letter) == "decided"
        with SqlRecords(box.database, ROSTER).claim(NOW, only=1) as again:
            assert again is not None, "the test's result leaves the state as it was: only the lock is gone"


def test_a_mail_is_seen_again_and_its_letters_are_settled_while_it_is_examined(box: Box) -> None:
    """Rows that refer to it are written: FOR UPDATE would keep them waiting."""
    box.take(1, "x")
    with box.records.claim(NOW) as claim:
        box.take(2, "x")
        with box.records.desk() as desk:
            assert desk.post(draft("a"), 1, NOW)
        assert claim is not None
        assert claim.settle(letter) == "decided"

    assert box.events() == ["taken", "seen again", "letter owed", "letter owed"]


def test_a_ruling_waits_for_the_result_and_no_longer_than_is_bearable(box: Box, server: Database) -> None:
    box.take(1)
    hasty = with_settings(server, lock_timeout="50ms")
    with box.records.claim(NOW), pytest.raises(Deferred, match="held by another process for too long"):
        Box(hasty).ruled(lambda rulings: rulings.retry(1, NOW))
    hasty.close()


def test_the_lock_goes_with_the_connection_and_with_it_the_result(box: Box, postgres: Postgres) -> None:
    box.take(1)
    with pytest.raises(Deferred, match="database"):
        settled(box.records, letter, lambda _claim: terminate(postgres, box.database))

    assert box.count(LetterRow) == 0
    assert box.count(ExaminationRow) == 0, "the world's doing is not the mail's"
    pending = box.next_pending()
    assert pending is not None
    assert pending.attempts == 0


def test_so_it_does_in_the_middle_of_the_result(box: Box, postgres: Postgres) -> None:
    box.take(1)

    def interrupted(desk: Desk) -> None:
        letter(desk)
        terminate(postgres, box.database)
        desk.post(draft("another"), 1, NOW)

    with pytest.raises(Deferred, match="database"):
        settled(box.records, interrupted, lambda _claim: None)

    assert (box.count(LetterRow), box.count(ExaminationRow)) == (0, 0)


def terminate(postgres: Postgres, database: Database) -> None:
    """End every connection to the database, as a restart of the server does."""
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.url.database}'")


def test_who_is_away_for_too_long_loses_the_claim_and_can_write_nothing(
    box: Box, server: Database, other: SqlRecords
) -> None:
    """Twice the same mail: whoever examines it is told that it was tried before, and the third time it is parked."""
    box.take(1)
    sleepy = with_settings(server, idle_in_transaction_session_timeout="100ms")
    tried = []
    for _twice in "12":
        with pytest.raises(Deferred, match="claim lost after"):
            settled(
                SqlRecords(sleepy, ROSTER),
                letter,
                lambda claim: (tried.append(claim.pending.attempts), time.sleep(0.5)),
            )
    assert (tried, box.count(LetterRow)) == ([0, 1], 0)
    with other.claim(NOW, only=1) as claim:
        assert claim is not None
        assert claim.pending.attempts == 2
        claim.settle(letter)
    sleepy.close()

    assert (box.count(LetterRow), box.count(ExaminationRow)) == (1, 0)


def test_who_says_that_he_is_at_it_keeps_the_claim(box: Box, server: Database) -> None:
    box.take(1)
    sleepy = with_settings(server, idle_in_transaction_session_timeout="1500ms")
    with SqlRecords(sleepy, ROSTER).claim(NOW) as claim:
        assert claim is not None
        for _material in range(7):
            time.sleep(0.3)
            claim.keep()
        assert claim.settle(letter) == "decided"
    sleepy.close()


def test_who_looks_in_too_late_learns_it_before_the_work_is_done(box: Box, server: Database) -> None:
    box.take(1)
    sleepy = with_settings(server, idle_in_transaction_session_timeout="100ms")
    with pytest.raises(Deferred):
        settled(SqlRecords(sleepy, ROSTER), pytest.fail, lambda claim: (time.sleep(0.5), claim.keep()))
    sleepy.close()


def test_eight_threads_give_each_mail_to_one(box: Box, server: Database) -> None:
    for uid in range(1, 61):
        box.take(uid)
    start = threading.Barrier(8)

    def work(_number: int) -> list[int]:
        done = []
        records = SqlRecords(server, ROSTER)
        start.wait(10)
        while True:
            with records.claim(NOW) as claim:
                if claim is None:
                    return done
                mail_id = claim.pending.id
                assert claim.pending.attempts == 0
                claim.settle(lambda desk: desk.failed(claim.pending, "x", None, NOW))
                done.append(mail_id)

    with ThreadPoolExecutor(8) as pool:
        done = [mail_id for each in pool.map(work, range(8)) for mail_id in each]

    assert sorted(done) == list(range(1, 61))
    assert box.count(ExaminationRow) == 0


# The outcome of a commit


@pytest.fixture
def cutter(postgres: Postgres) -> Iterator[Cutter]:
    with running_cutter(postgres.port) as cutter:
        yield cutter


@pytest.mark.parametrize("arrives", [True, False])
def test_when_the_commit_is_not_answered_the_next_look_tells(
    box: Box, server: Database, cutter: Cutter, arrives: bool
) -> None:
    ref = box.take(1)
    far = Box(Database(server.url.set(port=cutter.port).render_as_string()))
    pendings: list[Pending] = []

    def decide(desk: Desk) -> None:
        far._decided(desk, pendings[-1], message(), (report(),))
        letter(desk)

    def cut(claim: Claim) -> None:
        pendings.append(claim.pending)
        cutter.cut_at(b"COMMIT", arrives=arrives)

    with pytest.raises(Deferred, match="database"):
        settled(far.records, decide, cut)
    assert [row.state for row in box.rows(MailRow)] == ["decided" if arrives else "received"]
    pending = far.next_pending()
    assert (pending is None) == arrives
    if pending is not None:
        assert (pending.ref, pending.attempts) == (ref, 0)
        settled(far.records, decide, lambda _claim: None)
    far.database.close()

    assert box.events() == ["taken", "decided", "letter owed"]
    assert box.count(LetterRow) == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_so_it_does_for_a_mail_that_is_taken_and_a_letter_that_is_posted(
    box: Box, server: Database, cutter: Cutter, arrives: bool
) -> None:
    far = Box(Database(server.url.set(port=cutter.port).render_as_string()))
    for write in (lambda: far.take(1), lambda: posted(far)):
        cutter.cut_at(b"COMMIT", arrives=arrives)
        with pytest.raises(Deferred, match="database"):
            write()
        write()
    far.database.close()

    assert (box.count(MailRow), box.count(LetterRow)) == (1, 1)
    assert box.opened() == 1


def posted(box: Box) -> None:
    with box.records.desk() as desk:
        desk.post(draft("a"), None, NOW)


# Conflicts


def test_who_loses_a_deadlock_does_it_again(box: Box, server: Database) -> None:
    box.take(1)
    crossing = with_settings(server, deadlock_timeout="20s")
    with crossing.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
        runs = []

        def crossed(desk: Desk) -> str:
            runs.append(1)
            desk._session.execute(text("SELECT pg_advisory_xact_lock(2)"))  # type: ignore[attr-defined]
            if len(runs) == 1:
                thread.start()
                time.sleep(0.2)
                desk._session.execute(text("SELECT pg_advisory_xact_lock(1)"))  # type: ignore[attr-defined]
            return letter(desk)

        def cross() -> None:
            connection.execute(text("SELECT pg_advisory_xact_lock(2)"))
            connection.rollback()

        thread = threading.Thread(target=cross)
        with box.records.claim(NOW) as claim:
            assert claim is not None
            assert claim.settle(crossed) == "decided"
        thread.join(10)
    crossing.close()

    assert (len(runs), box.count(LetterRow)) == (2, 1)


def raising(state: str) -> str:
    """A trigger on letters that fails as the server itself does."""
    return (
        "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE EXCEPTION 'as it comes' USING ERRCODE = '{state}'; END$$; "
        "CREATE TRIGGER trouble BEFORE INSERT ON letter FOR EACH ROW EXECUTE FUNCTION trouble()"
    )


@pytest.fixture
def trouble(server: Database, postgres: Postgres) -> Iterator[Callable[[str], None]]:
    name = str(server.url.database)
    yield lambda state: postgres.sql(raising(state), name) and None
    postgres.sql("DROP TRIGGER IF EXISTS trouble ON letter; DROP FUNCTION IF EXISTS trouble", name)


@pytest.mark.parametrize(
    ("state", "tries"), [("40001", TRIES), ("40P01", TRIES), ("53100", 1), ("53200", 1), ("58030", 1), ("57014", 1)]
)
def test_a_server_in_trouble_is_the_worlds_failure_and_conflicts_are_tried_again(
    box: Box, trouble: Callable[[str], None], state: str, tries: int
) -> None:
    box.take(1)
    trouble(state)
    runs = []
    with pytest.raises(Deferred, match="as it comes"):
        settled(box.records, lambda desk: (runs.append(1), letter(desk)), lambda _claim: None)

    assert len(runs) == tries
    assert (box.count(ExaminationRow), box.count(LetterRow)) == (0, 0)
    with pytest.raises(Deferred, match="as it comes"):
        posted(box)


def test_a_server_that_only_reads_is_the_worlds_failure(box: Box, server: Database) -> None:
    box.take(1)
    reading = with_settings(server, default_transaction_read_only="on")
    with pytest.raises(Deferred, match="read-only"), SqlRecords(reading, ROSTER).claim(NOW):
        pass
    with pytest.raises(Deferred, match="read-only"):
        Box(reading).take(2)
    reading.close()


def test_a_server_that_is_not_there_is_the_worlds_failure(postgres: Postgres) -> None:
    for url in ("postgresql+psycopg://intake@127.0.0.1:1/x", postgres.url("nowhere")):
        database = Database(url)
        with pytest.raises(Deferred, match="database not available"):
            database.migrate()
        database.close()


def test_a_bug_of_ours_is_not_called_the_worlds(box: Box, trouble: Callable[[str], None]) -> None:
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError), box.database.writing() as session:
        session.execute(text("SELECT * FROM no_such_table"))


TWICE = "CREATE TEMP TABLE twice (word text UNIQUE DEFERRABLE INITIALLY DEFERRED)"


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (("INSERT INTO event (what, detail) VALUES (:word, '{}')",), "violates not-null"),
        ((TWICE, "INSERT INTO twice VALUES (:word), (:word)"), "violates unique"),
    ],
    ids=["at once", "at the commit"],
)
def test_no_error_of_the_server_tells_what_is_in_a_row(box: Box, statements: tuple[str, ...], says: str) -> None:
    """Its further lines do: "Failing row contains (1, ..., the subject)"."""
    word = uuid4().hex
    with pytest.raises(IntegrityError, match=says) as caught:
        execute(box, statements, word)

    assert word not in "".join(traceback.format_exception(caught.value))


def execute(box: Box, statements: tuple[str, ...], word: str) -> None:
    with box.database.writing() as session:
        for statement in statements:
            session.execute(text(statement), {"word": word})


def test_two_that_make_the_same_row_at_once_both_find_it(box: Box, server: Database) -> None:
    start = threading.Barrier(4)

    def make(number: int) -> tuple[bytes, bool]:
        records = SqlRecords(server, ROSTER)
        start.wait(10)
        key = records.message_key()
        start.wait(10)
        with records.desk() as desk:
            desk.deadline(WEISHAN, NOTICE)
            time.sleep(0.05)
        start.wait(10)
        with records.desk() as desk:
            posted = desk.post(draft("reply:1:0"), None, NOW)
            time.sleep(0.05)
        return key, posted

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))

    assert len({key for key, _posted in made}) == 1
    assert [posted for _key, posted in made].count(True) == 1
    assert (box.count(SubmissionRow), box.count(LetterRow)) == (1, 1)


def test_two_that_read_the_mailbox_at_once_take_each_mail_once(box: Box, server: Database) -> None:
    """A leader that has not noticed yet that it leads no more, and its successor."""
    start = threading.Barrier(3)

    def read(_number: int) -> list[bool]:
        start.wait(10)
        reader = Box(server)
        return [reader.take(uid, str(uid % 7)) != "" for uid in range(1, 31)]

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(read, range(3)))

    assert (box.count(MailRow), box.count(SightingRow), box.opened()) == (7, 30, 30)
    assert box.events().count("taken") == 7


def test_two_that_migrate_at_once_make_one_schema(postgres: Postgres) -> None:
    databases = [Database(postgres.url(name)) for name in [postgres.create()] for _twice in "12"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Database.migrate, databases))
    with databases[0].reading() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == database_module.NEWEST
        assert list(session.scalars(select(EventRow))) == []
    for each in databases:
        each.close()


def test_what_a_connection_is_set_to(server: Database) -> None:
    with server.engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit", "timezone")
        }
        name = connection.exec_driver_sql("SHOW application_name").scalar()

    assert told == {
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "10min",
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    assert str(name).startswith("intake ")


def test_a_dead_server_is_found_again_when_it_is_back(postgres: Postgres, server: Database) -> None:
    box = Box(server)
    box.take(1)
    postgres.stop(signal.SIGQUIT)
    with suppress(Deferred):
        box.take(2)
    postgres.start()
    box.take(2)

    assert box.count(MailRow) == 2
