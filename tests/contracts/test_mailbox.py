"""ports.Mailbox: Dovecot through the adapter, and tests/fakes/mailbox.py."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import pytest

from intake.adapters.imap import ImapSettings, open_mailbox
from intake.ports import Arrival, Deferred, Disconnected, LoginRefused, Mailbox, Oversized, Unreachable, Unusable
from tests.fakes.mailbox import FakeServer
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import free_ports

NOON = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
SMALL = b"Subject: small\r\n\r\nsmall\r\n"
OTHER = b"Subject: other\r\n\r\nanother one\r\n"
NO_CAP = 1 << 40


class Server(Protocol):
    """What people and other programs do to the mailbox, and the way in."""

    def deliver(self, octets: bytes, when: datetime, folder: str = "INBOX") -> int: ...

    def expunge(self, uid: int, folder: str = "INBOX") -> None: ...

    def move(self, uid: int, source: str, target: str) -> int: ...

    def renumber(self, folder: str = "INBOX") -> None: ...

    def open(self) -> AbstractContextManager[Mailbox]: ...


@dataclass
class DovecotServer:
    """A real account in the same words."""

    dovecot: Dovecot
    user: str

    def deliver(self, octets: bytes, when: datetime, folder: str = "INBOX") -> int:
        return self.dovecot.deliver(self.user, octets, when, folder)

    def expunge(self, uid: int, folder: str = "INBOX") -> None:
        self.dovecot.expunge(self.user, uid, folder=folder)

    def move(self, uid: int, source: str, target: str) -> int:
        with self.dovecot.client(self.user) as client:
            if not client.folder_exists(target):
                client.create_folder(target)
            client.select_folder(source)
            client.move([uid], target)
            client.select_folder(target, readonly=True)
            return max(client.search(["UID", "*"]))

    def renumber(self, folder: str = "INBOX") -> None:
        self.dovecot.renew_uidvalidity(self.user, 4_000_000_000, folder)

    def open(self, password: str = PASSWORD, port: int = 0) -> AbstractContextManager[Mailbox]:
        return open_mailbox(ImapSettings("127.0.0.1", port or self.dovecot.port, "none", self.user), password)


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.server), "fake"])
def server(request: pytest.FixtureRequest) -> Server:
    if request.param == "fake":
        return FakeServer()
    return DovecotServer(request.getfixturevalue("dovecot"), request.getfixturevalue("user"))


def listed(box: Mailbox, above: int = 0, folder: str = "INBOX") -> list[Arrival]:
    state = box.select(folder)
    return list(box.arrivals(state, box.uids(state, above + 1)))


def octets_of(box: Mailbox, arrival: Arrival) -> bytes | None:
    sink = io.BytesIO()
    found = box.download(arrival, sink, NO_CAP)
    assert found is None or found == len(sink.getvalue())
    return None if found is None else sink.getvalue()


def test_an_empty_folder(server: Server) -> None:
    with server.open() as box:
        state = box.select("INBOX")
        assert (state.folder, state.exists, state.uidnext) == ("INBOX", 0, 1)
        assert state.uidvalidity > 0
        assert box.uids(state, 1) == []
        assert list(box.arrivals(state, [])) == []


def test_mails_are_listed_in_order_with_place_size_and_date(server: Server) -> None:
    assert [server.deliver(each, NOON) for each in (SMALL, OTHER, SMALL)] == [1, 2, 3]
    with server.open() as box:
        state = box.select("INBOX")
        found = list(box.arrivals(state, [1, 2, 3]))
        assert [each.locator.uid for each in found] == [1, 2, 3]
        assert [each.size for each in found] == [len(SMALL), len(OTHER), len(SMALL)]
        assert {each.internal_date for each in found} == {NOON}
        assert {each.locator.uidvalidity for each in found} == {state.uidvalidity}
        assert list(box.arrivals(state, [1, 2, 3], singly=True)) == found


def test_mails_are_found_by_ranges_of_uids(server: Server) -> None:
    for _ in range(4):
        server.deliver(SMALL, NOON)
    server.expunge(2)
    with server.open() as box:
        state = box.select("INBOX")
        assert (state.exists, state.uidnext) == (3, 5)
        assert (box.uids(state, 1), box.uids(state, 2, 3), box.uids(state, 5)) == ([1, 3, 4], [3], [])
        assert [each.locator.uid for each in box.arrivals(state, [1, 2, 4])] == [1, 4]


def test_octets_come_as_they_were_delivered(server: Server) -> None:
    server.deliver(SMALL, NOON)
    with server.open() as box:
        (arrival,) = listed(box)
        assert octets_of(box, arrival) == SMALL
        assert box.look(arrival) == arrival
        assert (box.exceeds(arrival, len(SMALL) - 1), box.exceeds(arrival, len(SMALL))) == (True, False)


def test_more_than_the_cap_is_refused_and_its_beginning_given(server: Server) -> None:
    octets = SMALL + b"x" * (1 << 20)
    server.deliver(octets, NOON)
    with server.open() as box:
        (arrival,) = listed(box)
        with pytest.raises(Oversized):
            box.download(arrival, io.BytesIO(), 1 << 20)
        sink = io.BytesIO()
        assert box.beginning(arrival, sink) == 1 << 20
        assert sink.getvalue() == octets[: 1 << 20]


def test_a_mail_that_is_deleted_meanwhile_is_gone(server: Server) -> None:
    server.deliver(SMALL, NOON)
    server.deliver(OTHER, NOON)
    with server.open() as box:
        gone, stays = listed(box)
        server.expunge(gone.locator.uid)
        assert octets_of(box, gone) is None
        assert box.look(gone) is None
        assert box.beginning(gone, io.BytesIO()) is None
        assert octets_of(box, stays) == OTHER


def test_a_mail_that_is_moved_has_another_place(server: Server) -> None:
    server.deliver(SMALL, NOON)
    server.deliver(OTHER, NOON, "Kept")
    new = server.move(1, "INBOX", "Kept")
    with server.open() as box:
        assert listed(box) == []
        moved = listed(box, 1, "Kept")[0]
        assert (moved.locator.uid, moved.internal_date) == (new, NOON)
        assert octets_of(box, moved) == SMALL


def test_a_uid_is_not_used_again(server: Server) -> None:
    server.deliver(SMALL, NOON)
    server.expunge(1)
    assert server.deliver(OTHER, NOON) == 2


def test_new_numbers_cut_off_who_is_there_and_are_told_to_who_comes(server: Server) -> None:
    server.deliver(SMALL, NOON)
    with server.open() as box:
        (arrival,) = listed(box)
        server.renumber()
        with pytest.raises(Disconnected):
            octets_of(box, arrival)
        with pytest.raises(Disconnected):
            box.select("INBOX")
    with server.open() as box:
        (again,) = listed(box)
        assert again.locator.uidvalidity != arrival.locator.uidvalidity
        assert octets_of(box, again) == SMALL


def test_a_folder_that_is_not_there_leaves_the_others(server: Server) -> None:
    server.deliver(SMALL, NOON)
    with server.open() as box:
        with pytest.raises(Unusable):
            box.select("gone")
        assert len(listed(box)) == 1


def test_another_folder_than_the_selected_one_is_a_mistake_of_ours(server: Server) -> None:
    server.deliver(SMALL, NOON)
    server.deliver(SMALL, NOON, "Kept")
    with server.open() as box:
        (arrival,) = listed(box)
        box.select("Kept")
        with pytest.raises(ValueError, match="not the selected folder"):
            box.download(arrival, io.BytesIO(), NO_CAP)


def test_what_comes_while_we_are_there_comes_now_or_next_time(server: Server) -> None:
    server.deliver(SMALL, NOON)
    with server.open() as box:
        state = box.select("INBOX")
        server.deliver(OTHER, NOON)
        assert box.uids(state, 1) in ([1], [1, 2])
        assert [each.locator.uid for each in listed(box, above=1)] == [2]


@pytest.mark.server
@pytest.mark.parametrize("refused", [False, True])
def test_a_fake_server_fails_as_a_real_one_does(dovecot: Dovecot, user: str, refused: bool) -> None:
    """No login or no server: the block is never entered."""
    real, fake = DovecotServer(dovecot, user), FakeServer()
    failure: Deferred = LoginRefused("scripted") if refused else Unreachable("scripted")
    fake.fail("open", failure)
    opened: list[Callable[[], AbstractContextManager[Mailbox]]] = [
        fake.open,
        lambda: real.open("wrong") if refused else real.open(port=free_ports(1)[0]),
    ]
    for opening in opened:
        with pytest.raises(type(failure)), opening():
            pytest.fail("the door was open")
