"""Which folders are for unwanted mail, whatever a server says of them and however it writes their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intake.adapters.imap import open_mailbox
from intake.adapters.imap.junk import is_junk
from intake.ports import Unusable
from tests.adapters.test_imap_lies import settings
from tests.servers import scripted
from tests.servers.liar import HANG_UP, Liar, Line, running_liar
from tests.servers.scripted import Folder, Mail, Scripted


@pytest.mark.parametrize(
    "name",
    ["Junk", "junk e-mail", "Spam", "Bulk Mail", "INBOX/垃圾邮件", "垃圾邮件", "广告邮件", "订阅邮件", "其他/垃圾邮件"],
)
def test_a_name_tells(name: str) -> None:
    assert is_junk((b"\\HasNoChildren",), "/", name)


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ((), "INBOX"),
        ((), "Junkyard"),
        ((), "Junk/2023"),
        ((), "垃圾箱"),
        ((b"\\Trash",), "Junk"),
        ((b"\\Sent",), "垃圾邮件"),
        ((b"\\Drafts", b"\\Junk"), "x"),
        ((b"\\Noselect",), "Junk"),
        ((b"\\NonExistent", b"\\Junk"), "Junk"),
        ((b"\\All",), "Spam"),
    ],
)
def test_what_is_sent_drafted_thrown_away_or_closed_is_never_read(attributes: tuple[bytes, ...], name: str) -> None:
    assert not is_junk(attributes, "/", name)


@pytest.mark.parametrize("attribute", [b"\\Junk", b"\\junk", b"\\Spam"])
def test_an_attribute_tells_whatever_the_name(attribute: bytes) -> None:
    assert is_junk((attribute,), "", "未读")


def junk_of(liar: Liar) -> tuple[str, ...]:
    with running_liar(liar), open_mailbox(settings(liar), "s3cret") as box:
        return box.junk()


PLAIN = b'* LIST () "/" INBOX\r\n* LIST () "/" Quarantine\r\n* LIST () "/" "Sent"\r\n'


def test_special_use_is_asked_for_where_lists_are_extended() -> None:
    def answer(line: Line) -> bytes:
        marked = PLAIN.replace(b'() "/" Q', b'(\\Junk) "/" Q')
        return (marked if b"SPECIAL-USE" in line.rest else PLAIN) + line.tag + b" OK done\r\n"

    liar = Liar(capability=b"IMAP4rev1 LIST-EXTENDED SPECIAL-USE", answers={b"LIST": answer})
    assert junk_of(liar) == ("Quarantine",)


def test_xlist_is_asked_where_it_is_offered() -> None:
    xlist = b'* XLIST (\\Inbox) "/" INBOX\r\n* XLIST (\\Spam) "/" Quarantine\r\n'
    liar = Liar(capability=b"IMAP4rev1 XLIST", answers={b"LIST": PLAIN, b"XLIST": xlist})
    assert junk_of(liar) == ("Quarantine",)


def test_nothing_optional_is_asked_where_it_is_not_offered() -> None:
    liar = Liar(answers={b"LIST": PLAIN, b"XLIST": HANG_UP})
    assert junk_of(liar) == ()
    assert not [command for command in liar.seen if b"XLIST" in command or b"RETURN" in command]


def test_what_is_optional_may_fail() -> None:
    refused = {b"LIST": b'* LIST () "/" Spam\r\n', b"XLIST": lambda line: line.tag + b" BAD what\r\n"}
    assert junk_of(Liar(capability=b"IMAP4rev1 XLIST", answers=refused)) == ("Spam",)


def test_a_name_in_no_known_writing_is_opened_by_its_octets_and_hides_no_other() -> None:
    gbk = "垃圾邮件".encode("gbk")
    folders = {
        b"&broken*-": Folder(),
        gbk: Folder([Mail(5, b"Subject: x\r\n\r\nx\r\n")]),
        b"&V4NXPpCuTvY-": Folder([Mail(6, b"Subject: y\r\n\r\ny\r\n")], attributes=b"\\Junk"),
    }
    with scripted.running(Scripted(folders)) as server:
        where = replace(settings(Liar()), port=server.port)
        with open_mailbox(where, "s3cret") as box:
            assert set(box.junk()) == {"垃圾邮件"}
            assert box.select("垃圾邮件").exists == 1


def test_a_name_that_the_records_cannot_keep_is_left_out() -> None:
    row = b'* LIST (\\Junk) "/" "' + b"x" * 256 + b'"\r\n* LIST () "/" "Spam"\r\n'
    assert junk_of(Liar(answers={b"LIST": row})) == ("Spam",)


@pytest.mark.parametrize("row", [b'* LIST HasNoChildren "/" INBOX', b"* LIST () 7 INBOX", b"* LIST ()"])
def test_a_list_that_cannot_be_read_is_the_servers_trouble(row: bytes) -> None:
    with pytest.raises(Unusable):
        junk_of(Liar(answers={b"LIST": row + b"\r\n"}))
