"""Who wrote a mail: one address in one From header, or nobody."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from intake.adapters.mail.blocks import MAX_BLOCK
from intake.adapters.mail.sender import read_sender
from intake.domain.mail import Address
from tests.samples import mails

KJJ = b"wskj@weishan.gov.cn"
HIDDEN = b"=?utf-8?B?" + base64.b64encode(b'"x" <wskj@weishan.gov.cn> (') + b"?="
FORWARD = mails.part(mails.mail(b"\r\nx"), b"Content-Type: message/rfc822", "8bit")


def sender(value: bytes, before: bytes = b"Subject: x\r\n", after: bytes = b"\r\nTo: y@z.cn") -> Address | None:
    return read_sender(before + b"From: " + value + after)


@pytest.mark.parametrize(
    ("value", "name", "spec"),
    [
        (KJJ, "", "wskj@weishan.gov.cn"),
        (b"<" + KJJ + b">", "", "wskj@weishan.gov.cn"),
        (b"  WSKJ@Weishan.GOV.CN  ", "", "wskj@weishan.gov.cn"),
        (mails.word("微山县科技局") + b"\r\n <" + KJJ + b">", "微山县科技局", "wskj@weishan.gov.cn"),
        (b'"' + mails.word("微山县科技局") + b'" <' + KJJ + b">", "微山县科技局", "wskj@weishan.gov.cn"),
        ("微山县科技局".encode("gbk") + b"<" + KJJ + b">", "微山县科技局", "wskj@weishan.gov.cn"),
        (b'"' + bytes([0x95, 0x5C]) + b'" <' + KJJ + b">", bytes([0x95, 0x5C]).decode("gbk"), "wskj@weishan.gov.cn"),
        (b'"a \\"b\\", c; d:" <' + KJJ + b">", 'a "b", c; d:', "wskj@weishan.gov.cn"),
        (KJJ + b" (" + mails.word("张三") + b")", "张三", "wskj@weishan.gov.cn"),
        (b"wskj@weishan.gov.cn <evil@x.cn>", "wskj@weishan.gov.cn", "evil@x.cn"),
        (b'"wskj@weishan.gov.cn" <evil@x.cn>', "wskj@weishan.gov.cn", "evil@x.cn"),
        (b"=?utf-8?B?d3NrakB3ZWlzaGFuLmdvdi5jbg==?= <evil@x.cn>", "wskj@weishan.gov.cn", "evil@x.cn"),
        (HIDDEN + b" <evil@x.cn>", '"x" <wskj@weishan.gov.cn> (', "evil@x.cn"),
        (b"a.b+c_d@sub-1.xn--fiqs8s.cn", "", "a.b+c_d@sub-1.xn--fiqs8s.cn"),
    ],
)
def test_one_plain_address_is_known(value: bytes, name: str, spec: str) -> None:
    assert sender(value) == Address(name, spec)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"   ",
        b"<>",
        b"wskj",
        b"wskj@localhost",
        b"@weishan.gov.cn",
        b"wskj@",
        b"a@b.cn, wskj@weishan.gov.cn",
        b"<a@b.cn> <wskj@weishan.gov.cn>",
        b"a@b.cn wskj@weishan.gov.cn",
        b"county: wskj@weishan.gov.cn;",
        b"undisclosed-recipients:;",
        b"<@a.cn,@b.cn:wskj@weishan.gov.cn>",
        b'"wskj"@weishan.gov.cn',
        b'"a b" <"w s"@weishan.gov.cn>',
        b"(wskj@weishan.gov.cn)",
        b"wskj(a)@weishan.gov.cn",
        b"(a) <evil@x.cn",
        b"evil@x.cn (a (b))",
        b"a (b) <evil@x.cn>",
        b"wskj@weishan@gov.cn",
        b"wskj@[10.0.0.1]",
        b"wskj@weishan.gov.cn.",
        b".wskj@weishan.gov.cn",
        b"w..skj@weishan.gov.cn",
        b"wskj@-weishan.gov.cn",
        b"wskj@weishan..cn",
        b"wskj@weishan.gov.cn>",
        "wskj@weishаn.gov.cn".encode(),
        "wskj＠weishan.gov.cn".encode(),
        "wskj@微山.中国".encode(),
        "王@weishan.gov.cn".encode(),
        b"=?utf-8?Q?wskj?=@weishan.gov.cn",
        b"=?utf-8?B?d3NrakB3ZWlzaGFuLmdvdi5jbg==?=",
        HIDDEN + b" <evil@x.cn>)",
        b"w\0skj@weishan.gov.cn",
        b"evil@x.cn\rFrom: wskj@weishan.gov.cn",
        b"w" * 65 + b"@weishan.gov.cn",
        b"w@" + b"a." * 200 + b"cn",
        b"a" * 3_000 + b" <wskj@weishan.gov.cn>",
        b"a; <wskj@weishan.gov.cn>",
        b'"a <wskj@weishan.gov.cn>',
    ],
)
def test_whatever_else_is_nobody(value: bytes) -> None:
    assert sender(value) is None


@pytest.mark.parametrize(
    "block",
    [
        b"Subject: x",
        b"",
        b"From: evil@x.cn\r\nSubject: x\r\nFrom: wskj@weishan.gov.cn",
        b"From: wskj@weishan.gov.cn\r\nfrom: wskj@weishan.gov.cn",
        b"Subject: x\rFrom: wskj@weishan.gov.cn",
        b"Subject: x\rFrom: wskj@weishan.gov.cn\r\nFrom: evil@x.cn",
        b"Subject: x\r\r\nFrom: wskj@weishan.gov.cn",
        b"Subject: x\nFrom: wskj@weishan.gov.cn\r\nFrom: evil@x.cn",
        b"Subject: x\r\n From: wskj@weishan.gov.cn",
        b"Subject: x\r\n From: wskj@weishan.gov.cn\r\nFrom: evil@x.cn",
        b" From: wskj@weishan.gov.cn",
        b"From : wskj@weishan.gov.cn",
        b"From wskj@weishan.gov.cn",
        b"From: evil@x.cn\r\nodd line\r\nFrom: wskj@weishan.gov.cn",
        b"X: \0\r\nFrom: wskj@weishan.gov.cn",
        b"Sender: wskj@weishan.gov.cn\r\nReply-To: wskj@weishan.gov.cn",
    ],
)
def test_a_block_with_doubt_is_nobody(block: bytes) -> None:
    assert read_sender(block) is None


def test_a_block_that_was_cut_is_nobody() -> None:
    block = b"From: wskj@weishan.gov.cn\r\nX: "
    assert read_sender(block + b"a" * (MAX_BLOCK - len(block) - 1)) is not None
    assert read_sender(block + b"a" * (MAX_BLOCK - len(block))) is None


def test_line_ends_may_be_either() -> None:
    assert read_sender(b"A: b\nFrom: wskj@weishan.gov.cn\nC: d\n") == Address("", "wskj@weishan.gov.cn")


@pytest.mark.parametrize(
    "value", [b"(" * 1_900, b"<" * 1_900, b'"' + b"\\" * 1_900, b"a " * 950, b"a@" * 950, b"a." * 950]
)
def test_hostile_values_take_no_time(value: bytes) -> None:
    start = time.perf_counter()
    assert sender(value) is None
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("octets", "spec"),
    [
        (mails.mail(b"\r\nFrom: wskj@weishan.gov.cn\r\n", sender=b"evil@x.cn"), "evil@x.cn"),
        (mails.mail(b"\r\nx", subject=b"x\rFrom: wskj@weishan.gov.cn", sender=b"evil@x.cn"), None),
        (mails.mail(b"\r\nx", subject=b"x\r\nodd\r\nFrom: wskj@weishan.gov.cn", sender=b"evil@x.cn"), None),
        (mails.mail(FORWARD, sender=b"evil@x.cn"), "evil@x.cn"),
        (b"\xef\xbb\xbfFrom: wskj@weishan.gov.cn\r\n\r\nx", "wskj@weishan.gov.cn"),
        (b"From evil@x.cn Tue Jun  4 09:30:00 2024\nFrom: wskj@weishan.gov.cn\n\nx", "wskj@weishan.gov.cn"),
        (b"\r\n\r\nFrom: wskj@weishan.gov.cn\r\n\r\nx", "wskj@weishan.gov.cn"),
        (b"From: wskj@weishan.gov.cn", "wskj@weishan.gov.cn"),
        (b"", None),
    ],
)  # fmt: skip
def test_the_sender_of_a_whole_mail(tmp_path: Path, octets: bytes, spec: str | None) -> None:
    message = mails.read(octets, tmp_path).message
    assert (message.sender.spec if message.sender else None) == spec


def test_what_a_reader_sees_is_shown_also_when_it_is_nobody(tmp_path: Path) -> None:
    octets = mails.mail(b"\r\nx", sender=mails.word("张三") + b" <a@b.cn>, c@d.cn")
    message = mails.read(octets, tmp_path).message
    assert (message.sender, message.shown_sender) == (None, "张三 <a@b.cn>, c@d.cn")
