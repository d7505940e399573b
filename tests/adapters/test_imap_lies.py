"""The mailbox adapter against answers that Dovecot never gives: each is a real server's habit or a broken line."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from intake.adapters import imap
from intake.adapters.imap import ImapSettings
from intake.adapters.imap.mailbox import CHUNK, ImapMailbox
from intake.domain.mail import Locator
from intake.domain.patience import Refusal
from intake.ports import Arrival, Deferred, LoginRefused, Oversized, Unreachable, Unusable
from tests.servers.certificate import Certificate
from tests.servers.liar import HANG_UP, Answer, Liar, Line, running_liar

NOW = datetime(2024, 6, 11, 8, 0, tzinfo=UTC)
FACTS = b'* 1 FETCH (UID 5 RFC822.SIZE 11 INTERNALDATE "10-Jun-2024 12:00:00 +0800")\r\n'
NO_CAP = 1 << 40


def settings(liar: Liar, **changes: Any) -> ImapSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": liar.port,
        "security": "none",
        "username": "office",
        "connect_timeout": 2.0,
        "read_timeout": 2.0,
        "grace": 2.0,
    }
    return ImapSettings(**(values | changes))


@contextmanager
def lying(liar: Liar | None = None, changes: dict[str, Any] | None = None, **answers: Answer) -> Iterator[ImapMailbox]:
    liar = liar or Liar()
    liar.answers |= {name.encode(): answer for name, answer in answers.items()}
    with running_liar(liar), imap.open_mailbox(settings(liar, **changes or {}), "s3cret", clock=lambda: NOW) as box:
        yield box


def arrivals(box: ImapMailbox, above: int = 0) -> list[tuple[int, int, datetime]]:
    state = box.select("INBOX")
    found = box.arrivals(state, box.uids(state, above + 1))
    return [(arrival.locator.uid, arrival.size, arrival.internal_date) for arrival in found]


def download(box: ImapMailbox, size: int = 11, cap: int = NO_CAP) -> tuple[int | None, bytes]:
    state = box.select("INBOX")
    sink = io.BytesIO()
    arrival = Arrival(Locator("INBOX", state.uidvalidity, 5), size, NOW)
    return box.download(arrival, sink, cap), sink.getvalue()


def body(octets: bytes, key: bytes) -> bytes:
    return b"* 1 FETCH (UID 5 %s {%d}\r\n%s)\r\n" % (key, len(octets), octets)


def offset_of(line: Line) -> int:
    return int(line.rest.split(b"<")[1].split(b".")[0])


def done(line: Line, answer: bytes = b"") -> bytes:
    return answer + line.tag + b" OK done\r\n"


def assert_ends_in_time(work: Callable[[], object], seconds: float) -> None:
    started = time.monotonic()
    with pytest.raises(Deferred):
        work()
    assert time.monotonic() - started < seconds
    assert not [thread for thread in threading.enumerate() if thread.name == "deadline"]


# Time


def test_a_server_that_does_not_greet_is_given_up() -> None:
    def work() -> None:
        with lying(Liar(greeting=b""), {"connect_timeout": 0.3}):
            pass

    assert_ends_in_time(work, 2)


def test_a_greeting_that_trickles_is_given_up() -> None:
    def work() -> None:
        with lying(Liar(greeting=b"* OK " + b"." * 1000, trickle=0.05), {"connect_timeout": 0.3, "grace": 0.2}):
            pass

    assert_ends_in_time(work, 2)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_body_that_trickles_is_given_up(certificate: Certificate, security: str) -> None:
    def trickling(line: Line) -> bytes:
        line.trickle(body(b"x" * 1000, b"BODY[]<0>"), 0.05)
        return done(line)

    liar = Liar(tls=certificate.server_context() if security == "tls" else None)
    fast = {"grace": 0.4, "minimum_pace": 1e9, "security": security, "ca_file": certificate.authority}
    with lying(liar, fast, FETCH=trickling) as box:
        assert_ends_in_time(lambda: download(box), 2)


def test_a_body_that_stops_is_given_up() -> None:
    with lying(changes={"read_timeout": 0.3}, FETCH=lambda _: b"* 1 FETCH (UID 5 BODY[]<0> {500}\r\nhalf") as box:
        assert_ends_in_time(lambda: download(box), 2)


def test_a_farewell_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.adapters.imap.session._FAREWELL_SECONDS", 0.2)
    started = time.monotonic()
    with lying(LOGOUT=lambda _: b"") as box:
        box.select("INBOX")
    assert time.monotonic() - started < 2


# Lost connections


@pytest.mark.parametrize(
    "answer",
    [
        b"* BYE maintenance\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0> {11}\r\nhalf" + HANG_UP,
        HANG_UP,
        b"complete nonsense\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0> {9}\r\nhello world)\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0> {99999999999999999999}\r\n",
        b"* 1 FETCH (UID NIL BODY[]<0> NIL)\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0>)\r\n",
        b"* 1 FETCH (UID 5 ENVELOPE (NIL NIL) BODY[]<0> NIL)\r\n",
        b"* 1 FETCH " + b"(" * 3000 + b"\r\n",
        b"* 1 FETCH (UID 5 BODYSTRUCTURE ())\r\n",
        b"x" * 1_000_100 + b"\r\n",
    ],
    ids=lambda answer: repr(answer[:40]),
)
def test_a_broken_answer_to_a_download_is_deferred(answer: bytes) -> None:
    with lying(FETCH=answer) as box, pytest.raises(Deferred):
        download(box)


@pytest.mark.parametrize("answer", [b"* OK [UIDVALIDITY NIL] x\r\n", b"* BYE\r\n", b"* NIL EXISTS\r\n", HANG_UP])
def test_a_broken_answer_to_select_is_deferred(answer: bytes) -> None:
    with lying(EXAMINE=answer) as box, pytest.raises(Deferred):
        box.select("INBOX")


# What is in a folder


def test_a_folder_without_uidvalidity_has_zero() -> None:
    with lying(EXAMINE=b"* 3 EXISTS\r\n") as box:
        assert (box.select("INBOX").uidvalidity, box.select("INBOX").uidnext) == (0, None)


def test_without_uidnext_the_range_is_open_and_lower_uids_are_dropped() -> None:
    liar = Liar()
    with lying(liar, EXAMINE=b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n") as box:
        assert arrivals(box, above=5) == []
    assert b"UID SEARCH UID 6:*" in liar.seen


def test_a_uidnext_below_the_number_of_mails_is_not_believed() -> None:
    with lying(EXAMINE=b"* 9 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 1] x\r\n", FETCH=FACTS) as box:
        assert [uid for uid, _, _ in arrivals(box)] == [5]


def test_an_answer_about_another_mail_is_not_taken_for_ours() -> None:
    # Sequence number 5, no UID: imapclient files it under 5, which is the UID asked for.
    with lying(FETCH=b"* 5 FETCH (FLAGS (\\Seen))\r\n") as box:
        assert arrivals(box) == [(5, 0, NOW)]
        with pytest.raises(Deferred, match="does not give its octets"):
            download(box)


@pytest.mark.parametrize(
    "facts",
    [
        b'* 1 FETCH (UID 5 RFC822.SIZE -1 INTERNALDATE "00-Jan-0000 00:00:00 +0000")\r\n',
        b"* 1 FETCH (UID 5 RFC822.SIZE NIL INTERNALDATE NIL)\r\n",
        b'* 1 FETCH (UID 5 INTERNALDATE "10-Jun-2024 12:00:00")\r\n',
        b"* 1 FETCH (UID 5 BODYSTRUCTURE ())\r\n",
        b"",
    ],
)
def test_a_mail_that_is_there_arrives_whatever_is_said_about_it(facts: bytes) -> None:
    with lying(FETCH=facts) as box:
        assert arrivals(box) == [(5, 0, NOW)]


def test_a_mail_that_search_does_not_find_again_is_gone() -> None:
    searches = iter([b"* SEARCH 5\r\n", b"* SEARCH\r\n", b"* SEARCH\r\n"])
    with lying(SEARCH=lambda line: done(line, next(searches))) as box:
        assert arrivals(box) == []
        assert download(box) == (None, b"")


def test_a_server_that_notices_only_with_noop_is_given_the_chance() -> None:
    noticed: list[bytes] = []

    def noop(line: Line) -> bytes:
        noticed.append(b"* 1 EXPUNGE\r\n")
        return done(line, noticed[-1])

    with lying(NOOP=noop, SEARCH=lambda line: done(line, b"* SEARCH\r\n" if noticed else b"* SEARCH 5\r\n")) as box:
        assert download(box) == (None, b"")


def test_one_bad_answer_does_not_spoil_the_batch() -> None:
    def fetch(line: Line) -> bytes:
        if line.rest.startswith(b"5,6 "):
            return done(line, FACTS + b"* 2 FETCH (UID 6 BODYSTRUCTURE ())\r\n")
        return done(line, FACTS if line.rest.startswith(b"5 ") else b"* 2 FETCH (UID 6 BODYSTRUCTURE ())\r\n")

    def search(line: Line) -> bytes:
        return done(line, b"* SEARCH 6\r\n" if line.rest == b"UID 6:6" else b"* SEARCH 5 6\r\n")

    two = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 7] ok\r\n"
    with lying(EXAMINE=two, SEARCH=search, FETCH=fetch) as box:
        first, second = arrivals(box)
    assert first[:2] == (5, 11)
    assert second == (6, 0, NOW)


# Octets


@pytest.mark.parametrize("size", [0, 500, CHUNK, CHUNK + 3, 3 * CHUNK])
@pytest.mark.parametrize("hint", [0, 1, None, 5 * CHUNK])
def test_a_server_without_ranges_gives_the_whole_mail_once(size: int, hint: int | None) -> None:
    whole = (b"Subject: x\r\n" + bytes(range(32, 127)) * (size // 95 + 1))[:size]
    with lying(FETCH=lambda line: done(line, body(whole, b"BODY[]"))) as box:
        if size:
            assert download(box, size if hint is None else hint) == (size, whole)
        else:
            with pytest.raises(Unusable, match="does not give its octets"):
                download(box, hint or 0)


def test_a_mail_of_no_octets_is_one_when_its_size_says_so() -> None:
    nothing = FACTS.replace(b"RFC822.SIZE 11", b"RFC822.SIZE 0").replace(b")\r\n", b' BODY[]<0> "")\r\n')
    with lying(FETCH=nothing) as box:
        assert download(box, 0) == (0, b"")


@pytest.mark.parametrize("size", [500, CHUNK, CHUNK + 3, 3 * CHUNK])
@pytest.mark.parametrize("end", [b'""', b"NIL"])
def test_a_server_that_does_not_say_where_a_chunk_begins(size: int, end: bytes) -> None:
    whole = b"".join(b"%09d\n" % number for number in range(size // 10 + 1))[:size]

    def fetch(line: Line) -> bytes:
        chunk = whole[offset_of(line) :][:CHUNK]
        return done(line, body(chunk, b"BODY[]") if chunk else b"* 1 FETCH (UID 5 BODY[] %s)\r\n" % end)

    with lying(FETCH=fetch) as box:
        assert download(box, size) == (size, whole)


def test_a_server_that_gives_small_chunks_is_asked_until_the_end() -> None:
    whole = b"".join(b"%09d\n" % number for number in range(100))

    def fetch(line: Line) -> bytes:
        start = offset_of(line)
        return done(line, body(whole[start : start + 300], b"BODY[]<%d>" % start))

    with lying(FETCH=fetch) as box:
        assert download(box, len(whole)) == (len(whole), whole)


def test_a_chunk_from_another_place_is_refused() -> None:
    with lying(FETCH=lambda line: done(line, body(b"x" * CHUNK, b"BODY[]<0>"))) as box, pytest.raises(Deferred):
        download(box, 2 * CHUNK)


def test_the_cap_holds_for_a_server_without_ranges() -> None:
    with lying(FETCH=body(b"x" * 5000, b"BODY[]")) as box, pytest.raises(Oversized):
        download(box, cap=4999)


# Login and providers


def test_id_is_sent_before_a_folder_is_opened() -> None:
    liar = Liar(capability=b"IMAP4rev1 ID", answers={b"ID": b'* ID ("name" "Coremail")\r\n'})
    with lying(liar) as box:
        box.select("INBOX")
    names = [command.split()[0] for command in liar.seen]
    assert names.index(b"LOGIN") < names.index(b"ID") < names.index(b"EXAMINE")
    assert names[-1] == b"LOGOUT"
    assert b"CLOSE" not in names


def test_id_is_not_sent_to_a_server_that_does_not_know_it() -> None:
    liar = Liar()
    with lying(liar):
        pass
    assert not [command for command in liar.seen if command.startswith(b"ID")]


@pytest.mark.parametrize("answer", [b"* ID NIL\r\n", b"* ID ()\r\n", b'* ID ("name" NIL)\r\n'])
def test_an_empty_id_is_no_trouble(answer: bytes) -> None:
    with lying(Liar(capability=b"IMAP4rev1 ID"), ID=answer) as box:
        assert box.select("INBOX").exists == 1


def test_an_unsafe_login_is_named() -> None:
    with (
        lying(EXAMINE=lambda line: line.tag + b" NO EXAMINE Unsafe Login. Please contact kefu@188.com\r\n") as box,
        pytest.raises(LoginRefused, match="wants the ID command and does not offer it") as error,
    ):
        box.select("INBOX")
    assert error.value.refusal is Refusal.CLIENT


def test_a_login_that_opens_nothing_is_refused() -> None:
    said = b" BAD User is authenticated but not connected.\r\n"
    with lying(EXAMINE=lambda line: line.tag + said) as box, pytest.raises(LoginRefused):
        box.select("INBOX")


def test_a_refusal_in_gbk_is_shown_in_chinese() -> None:
    refusal = "请使用授权码登录".encode("gbk")
    with (
        pytest.raises(LoginRefused, match="请使用授权码登录"),
        lying(LOGIN=lambda line: line.tag + b" NO " + refusal + b"\r\n"),
    ):
        pass


@pytest.mark.parametrize("word", [b"NO", b"BAD"])
def test_a_password_that_the_server_repeats_is_not_shown(word: bytes) -> None:
    def echo(line: Line) -> bytes:
        return line.tag + b" " + word + b" LOGIN " + line.rest + b"\r\n"

    with pytest.raises(LoginRefused) as refusal, lying(LOGIN=echo):
        pass
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_a_login_that_hangs_up_without_a_word_is_not_a_refusal() -> None:
    with pytest.raises(Unreachable) as error, lying(LOGIN=HANG_UP):
        pass
    assert not isinstance(error.value, LoginRefused)


QQ = "Login fail. Account is abnormal, password is incorrect, login frequency limited, or system is busy"


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("NO [UNAVAILABLE] Temporary authentication failure", Refusal.TEMPORARY),
        ("NO [INUSE] mailbox is locked", Refusal.TEMPORARY),
        ("NO [AUTHENTICATIONFAILED] Invalid credentials", Refusal.CREDENTIALS),
        ("NO LOGIN login frequency limited", Refusal.TEMPORARY),
        ("NO Too many simultaneous connections. (Failure)", Refusal.TEMPORARY),
        ("NO LOGIN 登录过于频繁", Refusal.TEMPORARY),
        (f"NO {QQ}.", Refusal.CREDENTIALS),
        ("NO LOGIN Login error or password error", Refusal.CREDENTIALS),
        ("NO 请使用授权码登录", Refusal.CREDENTIALS),
        ("NO LOGIN Unsafe Login. Please contact kefu@188.com for help", Refusal.CLIENT),
        ("BAD command", Refusal.CREDENTIALS),
    ],
)
@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_a_refused_login_is_told_by_its_words(words: str, refusal: Refusal, charset: str) -> None:
    with pytest.raises(LoginRefused) as error, lying(LOGIN=lambda line: line.tag + f" {words}\r\n".encode(charset)):
        pass
    assert error.value.refusal is refusal
    assert ("authorisation code" in str(error.value)) == (refusal is Refusal.CREDENTIALS)


def test_a_server_that_has_too_many_of_us_says_so_at_the_greeting_or_at_the_login() -> None:
    for liar in (
        Liar(greeting=b"* BYE [ALERT] Maximum number of connections from user+IP exceeded\r\n" + HANG_UP),
        Liar(answers={b"LOGIN": b"* BYE too many connections\r\n"}),
    ):
        with pytest.raises(LoginRefused) as error, lying(liar):
            pass
        assert error.value.refusal is Refusal.TEMPORARY


def test_a_probe_survives_folder_names_that_cannot_be_decoded() -> None:
    rows = b"".join(
        b'* LIST () "/" "%s"\r\n' % name
        for name in (b"INBOX", b"&g0l6P3ux-", b"&broken*-", "已发送".encode("gbk"), b"2024")
    )
    with running_liar(Liar(answers={b"LIST": rows})) as liar:
        found = imap.probe(settings(liar), "s3cret")
    assert [folder.name for folder in found.folders] == ["INBOX", "草稿箱", "&broken*-", "已发送", "2024"]
    assert found.errors == ()
