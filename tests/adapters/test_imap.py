"""The mailbox adapter against a real Dovecot: what is read, and that reading changes nothing."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from intake.adapters import imap
from intake.adapters.imap import ImapSettings, mailbox
from intake.adapters.imap.mailbox import CHUNK, ImapMailbox
from intake.domain.mail import Locator
from intake.ports import Arrival, Deferred, LoginRefused, Oversized
from tests.servers.certificate import Certificate
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import free_ports

pytestmark = pytest.mark.server

SMALL = b"Subject: hello\r\n\r\nhello\r\n"
NOON = datetime(2024, 6, 10, 12, 0, tzinfo=timezone(timedelta(hours=8)))
NO_CAP = 1 << 40


class Hashing:
    """A sink that keeps nothing but the hash."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()
        self.widest = 0

    def write(self, data: bytes, /) -> int:
        self.sha256.update(data)
        self.widest = max(self.widest, len(data))
        return len(data)


def mail_of(size: int) -> bytes:
    """A mail of exactly `size` octets, no two lines alike."""
    head = b"Subject: large\r\n\r\n"
    lines = b"".join(b"%076d\r\n" % number for number in range(size // 78 + 1))
    text = (head + lines)[: size - 2]
    return (text[:-1] + b"." if text.endswith(b"\r") else text) + b"\r\n"


def settings(server: Dovecot, user: str, **changes: Any) -> ImapSettings:
    values: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": user}
    return ImapSettings(**(values | changes))


@pytest.fixture
def box(dovecot: Dovecot, user: str) -> Iterator[ImapMailbox]:
    with imap.open_mailbox(settings(dovecot, user), PASSWORD) as opened:
        yield opened


def listed(box: ImapMailbox, folder: str = "INBOX") -> Iterator[Arrival]:
    state = box.select(folder)
    return box.arrivals(state, box.uids(state, 1))


def only(box: ImapMailbox, folder: str = "INBOX") -> Arrival:
    (arrival,) = listed(box, folder)
    return arrival


def test_reading_leaves_flags_and_mails_as_they_were(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(user, SMALL)
    dovecot.deliver(user, SMALL, flags=(rb"\Seen", rb"\Flagged"))
    dovecot.deliver(user, SMALL, flags=(rb"\Deleted",))
    before = dovecot.flags(user)
    with imap.open_mailbox(settings(dovecot, user), PASSWORD) as box:
        for arrival in listed(box):
            assert box.download(arrival, io.BytesIO(), NO_CAP) == len(SMALL)
    assert dovecot.flags(user) == before
    assert len(before) == 3


def test_arrivals_tell_place_size_and_date(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, SMALL, NOON)
    state = box.select("INBOX")
    assert (state.exists, state.uidnext) == (1, 2)
    assert state.uidvalidity > 0
    (arrival,) = box.arrivals(state, box.uids(state, 1))
    assert arrival == Arrival(Locator("INBOX", state.uidvalidity, 1), len(SMALL), NOON)
    assert arrival.internal_date.tzinfo is not None


@pytest.mark.parametrize("widest", [2, 50_000])
def test_only_mails_above_the_watermark_arrive(
    dovecot: Dovecot, user: str, box: ImapMailbox, monkeypatch: pytest.MonkeyPatch, widest: int
) -> None:
    monkeypatch.setattr(mailbox, "_WIDEST", widest)
    monkeypatch.setattr(mailbox, "_BATCH", 2)
    for _ in range(7):
        dovecot.deliver(user, SMALL)
    dovecot.expunge(user, 4)
    state = box.select("INBOX")
    assert [arrival.locator.uid for arrival in listed(box)] == [1, 2, 3, 5, 6, 7]
    assert box.uids(state, 4) == [5, 6, 7]
    assert box.uids(state, 8) == []
    assert box.uids(state, 1, 5) == [1, 2, 3, 5]
    assert box.uids(state, 5) == [5, 6, 7]
    assert box.uids(state, 1, 0) == []


def test_an_empty_folder_has_no_arrivals(box: ImapMailbox) -> None:
    state = box.select("INBOX")
    assert state.exists == 0
    assert box.uids(state, 1, 99) == []


@pytest.mark.parametrize("size", [100, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 20_000_000])
def test_octets_come_as_they_were_sent(dovecot: Dovecot, user: str, box: ImapMailbox, size: int) -> None:
    sent = mail_of(size)
    dovecot.deliver(user, sent)
    sink = Hashing()
    assert box.download(only(box), sink, NO_CAP) == size
    assert sink.sha256.digest() == hashlib.sha256(sent).digest()
    assert sink.widest <= CHUNK


@pytest.mark.parametrize("hint", [0, 10, 5 * CHUNK])
def test_a_wrong_size_is_only_a_hint(dovecot: Dovecot, user: str, box: ImapMailbox, hint: int) -> None:
    sent = mail_of(2 * CHUNK + 5)
    dovecot.deliver(user, sent)
    arrival = only(box)
    sink = io.BytesIO()
    assert box.download(Arrival(arrival.locator, hint, arrival.internal_date), sink, NO_CAP) == len(sent)
    assert sink.getvalue() == sent


def test_more_octets_than_the_cap_are_not_taken(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, mail_of(3 * CHUNK))
    arrival = only(box)
    sink = io.BytesIO()
    with pytest.raises(Oversized, match="more than 2097152 octets"):
        box.download(arrival, sink, 2 * CHUNK)
    assert len(sink.getvalue()) <= 2 * CHUNK
    assert box.download(arrival, io.BytesIO(), 3 * CHUNK) == 3 * CHUNK


def test_a_download_keeps_little_in_memory(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, mail_of(60_000_000))
    arrival = only(box)
    tracemalloc.start()
    try:
        assert box.download(arrival, Hashing(), NO_CAP) == 60_000_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * CHUNK


def test_a_mail_gone_before_the_download_is_none(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, SMALL)
    dovecot.deliver(user, SMALL + b"second\r\n")
    first, second = listed(box)
    dovecot.expunge(user, 1)
    assert box.download(first, io.BytesIO(), NO_CAP) is None
    assert box.download(second, io.BytesIO(), NO_CAP) == second.size


def test_a_mail_that_goes_away_meanwhile_does_not_stop_the_others(
    dovecot: Dovecot, user: str, box: ImapMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "_BATCH", 2)
    for _ in range(5):
        dovecot.deliver(user, SMALL)
    arrivals = listed(box)
    taken = [next(arrivals)]
    dovecot.expunge(user, 2, 4)
    taken += [arrival for arrival in arrivals if box.download(arrival, io.BytesIO(), NO_CAP) is not None]
    assert [arrival.locator.uid for arrival in taken] == [1, 3, 5]


def test_folders_have_chinese_names(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, SMALL, folder="垃圾邮件")
    assert only(box, "垃圾邮件").locator.folder == "垃圾邮件"


def test_a_new_uidvalidity_is_told(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, SMALL)
    arrival = only(box)
    dovecot.renew_uidvalidity(user, 424242)
    with imap.open_mailbox(settings(dovecot, user), PASSWORD) as later:
        assert only(later).locator == Locator("INBOX", 424242, 1)
    with pytest.raises(Deferred):
        box.download(arrival, io.BytesIO(), NO_CAP)


def test_asking_about_a_folder_that_is_not_selected_is_our_fault(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    dovecot.deliver(user, SMALL)
    dovecot.deliver(user, SMALL, folder="Junk")
    state = box.select("INBOX")
    arrival = only(box)
    box.select("Junk")
    with pytest.raises(ValueError, match="not the selected folder"):
        list(box.arrivals(state, [1]))
    with pytest.raises(ValueError, match="not the selected folder"):
        box.download(arrival, io.BytesIO(), NO_CAP)


def test_a_missing_folder_is_deferred_and_the_next_one_opens(box: ImapMailbox) -> None:
    with pytest.raises(Deferred, match="opening folder Nowhere"):
        box.select("Nowhere")
    assert box.select("INBOX").exists == 0


def test_a_wrong_password_is_a_refused_login_that_keeps_the_secret(dovecot: Dovecot, user: str) -> None:
    with (
        pytest.raises(LoginRefused, match="logging in") as refusal,
        imap.open_mailbox(settings(dovecot, user), "hunter2"),
    ):
        pass
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("password", ["密码", "two\r\nlines", ""])
def test_a_password_that_cannot_be_sent_is_refused_at_once(dovecot: Dovecot, user: str, password: str) -> None:
    with pytest.raises(LoginRefused, match="printable ASCII"), imap.open_mailbox(settings(dovecot, user), password):
        pass


def test_a_user_name_is_quoted(dovecot: Dovecot, user: str) -> None:
    strange = user + " (office)"
    dovecot.deliver(strange, SMALL)
    with imap.open_mailbox(settings(dovecot, strange), PASSWORD) as box:
        assert box.select("INBOX").exists == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_with_the_right_authority(dovecot: Dovecot, user: str, security: str, host: str) -> None:
    dovecot.deliver(user, mail_of(2 * CHUNK))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    secure = settings(dovecot, user, host=host, security=security, port=port, ca_file=dovecot.certificate.authority)
    with imap.open_mailbox(secure, PASSWORD) as box:
        assert box.download(only(box), Hashing(), NO_CAP) == 2 * CHUNK


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_with_another_authority_is_deferred(
    dovecot: Dovecot, user: str, certificate: Certificate, security: str
) -> None:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    for ca_file in (certificate.authority, None):
        insecure = settings(dovecot, user, security=security, port=port, ca_file=ca_file)
        with pytest.raises(Deferred, match="not trusted"), imap.open_mailbox(insecure, PASSWORD):
            pass


def test_an_authority_that_cannot_be_read_is_deferred(dovecot: Dovecot, user: str, tmp_path: Any) -> None:
    missing = settings(dovecot, user, security="tls", port=dovecot.tls_port, ca_file=tmp_path / "no.pem")
    with pytest.raises(Deferred, match="certificate authorities in"), imap.open_mailbox(missing, PASSWORD):
        pass


def test_nobody_listening_is_deferred(dovecot: Dovecot, user: str) -> None:
    with (
        pytest.raises(Deferred, match="cannot connect: Connection refused"),
        imap.open_mailbox(settings(dovecot, user, port=free_ports(1)[0]), PASSWORD),
    ):
        pass


def test_a_probe_tells_what_is_there(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(user, SMALL)
    dovecot.deliver(user, SMALL, folder="垃圾邮件")
    found = imap.probe(settings(dovecot, user), PASSWORD, ["INBOX", "Nowhere", "垃圾邮件"])
    assert "Dovecot" in found.greeting
    assert "ID" in found.capabilities
    assert "Dovecot" in found.server_id
    assert {folder.name: folder.junk for folder in found.folders} == {"INBOX": False, "垃圾邮件": True}
    assert [(state.folder, state.exists) for state in found.states] == [("INBOX", 1), ("垃圾邮件", 1)]
    assert len(found.errors) == 1
    assert "Nowhere" in found.errors[0]


def test_a_probe_without_a_login_tells_why(dovecot: Dovecot, user: str) -> None:
    found = imap.probe(settings(dovecot, user), "wrong")
    assert found.states == ()
    assert "logging in" in found.errors[0]


def test_the_clock_is_not_asked_when_the_server_tells_the_date(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(user, SMALL, NOON)

    def never() -> datetime:
        raise AssertionError(datetime.now(UTC))

    with imap.open_mailbox(settings(dovecot, user), PASSWORD, clock=never) as box:
        assert only(box).internal_date == NOON
