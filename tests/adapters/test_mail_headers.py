"""Subjects and file names as Chinese mailers write them, and as no library reads them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from intake.adapters.mail.charsets import decode, label
from intake.adapters.mail.headers import fields, words
from intake.adapters.mail.names import LONGEST_NAME, base_name
from intake.adapters.mail.parameters import filename, parameter, parameters
from tests.samples import mails
from tests.samples.mails import NAMES, TITLE

GBK, UTF8 = TITLE.encode("gb18030"), TITLE.encode()
GB_LABELS = ("gb2312", "GB2312", "gbk", "x-gbk", "cp936", "gb_2312", "gb_2312-80", "windows-936", "euc-cn", "gb18030",
             "ms936", "chinese", '"gb2312"', "gb2312;")  # fmt: skip


@pytest.mark.parametrize("charset", GB_LABELS)
def test_every_gb_label_means_gb18030(charset: str) -> None:
    assert decode(GBK, charset) == (TITLE, True)


@pytest.mark.parametrize(
    "charset", ["utf8mb4", "utf-8;", "no-such-charset", "ut\0f", "idna", "undefined", "rot13", "hex"]
)
def test_an_unusable_label_is_no_reason_to_lose_text(charset: str) -> None:
    assert decode(UTF8, charset) == (TITLE, True)
    assert decode(GBK, charset) == (TITLE, True)


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "iso-8859-1", "us-ascii", ""])
def test_a_wrong_label_on_utf8_is_seen_through(charset: str) -> None:
    assert decode(UTF8, charset) == (TITLE, True)
    assert decode("总结".encode(), charset) == ("总结", True)


def test_gb_octets_labelled_latin_1_are_read_but_latin_1_stays() -> None:
    assert decode("工作总结".encode("gb2312"), "iso-8859-1") == ("工作总结", True)
    assert decode("Fröche Müller".encode("latin-1"), "iso-8859-1") == ("Fröche Müller", True)


def test_gb_octets_that_could_be_utf8_stay_gb() -> None:
    """路 in GB is the octets of "·" in UTF-8."""
    assert decode("路".encode("gb2312"), "gb2312") == ("路", True)
    assert decode("开路".encode("gb2312"), "gb2312") == ("开路", True)


@pytest.mark.parametrize(
    ("text", "charset"),
    [("日本語テスト", "iso-2022-jp"), ("中文总结", "hz"), ("中文总结", "hz-gb-2312"), ("中文总结", "utf-7"),
     ("中文总结", "unicode-1-1-utf-7"), ("總結", "big5"), ("總結", "x-windows-950"), ("한국어", "ks_c_5601-1987")],
)  # fmt: skip
def test_other_charsets_are_decoded(text: str, charset: str) -> None:
    assert decode(text.encode(label(charset)), charset) == (text, True)


def test_utf8_that_was_cut_is_not_taken_for_gb_which_it_also_could_be() -> None:
    octets = ("总结" * 9).encode() + b"\xe4\xb8"
    assert "总" not in octets.decode("gb18030")
    assert decode(octets, "utf-8") == ("总结" * 9 + "\ufffd", False)


@pytest.mark.parametrize("cut", range(20, len(UTF8)))
def test_damaged_utf8_loses_only_what_is_damaged(cut: int) -> None:
    assert decode(UTF8 * 4 + UTF8[:cut], "")[0].startswith(TITLE * 4)
    assert decode(UTF8[:cut] + b"\xb2" + UTF8 * 4, "utf-8")[0].endswith(TITLE * 4)


def test_half_characters_are_no_text() -> None:
    assert decode(b"+2AA-", "utf-7") == ("+2AA-", True)


def test_what_is_lost_is_marked_and_the_rest_stays() -> None:
    assert decode(GBK + b"\x81", "gb2312") == (TITLE + "\ufffd", False)
    assert decode(UTF8 * 9 + b"\xe4\xb8", "") == (TITLE * 9 + "\ufffd", False)


@pytest.mark.parametrize("cut", range(1, len(GBK)))
def test_words_cut_inside_a_character_are_joined(cut: int) -> None:
    assert words(mails.split_words(GBK, cut, (b"gb2312", b"GBK"))) == TITLE


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (mails.word(TITLE), TITLE),
        (GBK, TITLE),
        (UTF8, TITLE),
        (b"=?utf-8?Q?=E6=80=BB=E7=BB?= \r\n\t=?UTF8*zh?q?=93?=", "总结"),
        ("答复: ".encode() + "金乡县工作总结".encode("gbk"), "答复: 金乡县工作总结"),
        ("答复：总结".encode() + "镕基".encode("gbk"), "答复：总结镕基"),
        ("关于工作".encode("gbk") + "总结报送".encode(), "关于工作总结报送"),
        (b"Re: =?gb2312?B?" + mails.word("总结")[11:], "Re: 总结"),
        (mails.word("总") + mails.word("结"), "总结"),
        (mails.word("总") + b" a " + mails.word("结"), "总 a 结"),
        (b"=?gb2312?B?19y9\r\n 4Q==?=", "总结"),
        (b"=?gb2312?B?????= =?gb2312??x?=", "=?gb2312?B?????= =?gb2312??x?="),
        (b"\r\n folded\r\n  twice ", "folded twice"),
        (b"", ""),
    ],
)
def test_header_text(octets: bytes, text: str) -> None:
    assert words(octets) == text


def test_a_subject_that_lost_octets_is_a_defect(tmp_path: Path) -> None:
    message = mails.read(mails.mail(b"\r\nx", subject=b"=?gb2312?B?19y94f8=?="), tmp_path).message
    assert message.subject == "总结\ufffd"
    assert "lossy subject" in message.defects
    assert "lossy subject" not in mails.read(mails.mail(b"\r\nx", subject=GBK), tmp_path).message.defects


def name(value: bytes, header: bytes = b"Content-Disposition: attachment;") -> str:
    return filename(fields(header + value))


TRAIL_5C = bytes([0x95, 0x5C]).decode("gbk")
"""A character whose second octet in GBK is a backslash."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b' filename="' + GBK + b'.docx"', f"{TITLE}.docx"),
        (b' filename="' + UTF8 + b'.docx"', f"{TITLE}.docx"),
        (b" filename=" + GBK + b".docx", f"{TITLE}.docx"),
        (b'\r\n filename="' + mails.split_words(GBK, 7, (b"gb2312", b"GB2312")) + b'"', TITLE),
        (b" filename*=gb2312''" + quote(GBK).encode(), TITLE),
        (b" filename*=UTF-8''" + quote(UTF8).encode(), TITLE),
        (b" filename*=" + quote(UTF8).encode(), TITLE),
        (mails.continued(TITLE), TITLE),
        (mails.continued(TITLE, "utf-8", "utf-8", 1), TITLE),
        (b' filename*0="' + mails.word(NAMES)[:20] + b'"; filename*1="' + mails.word(NAMES)[20:] + b'"', NAMES),
        (b" filename*=utf-8''" + quote(mails.word(NAMES)).encode(), NAMES),
        (b' filename="' + f"{TRAIL_5C}总结.doc".encode("gbk") + b'"', f"{TRAIL_5C}总结.doc"),
        (b' filename="' + f"总结{TRAIL_5C}".encode("gbk") + b'"; size=1', f"总结{TRAIL_5C}"),
        (b' filename*0="a b"; filename*1=".doc"', "a b.doc"),
        (b' filename="a\\"b.doc"', 'a"b.doc'),
        (b' filename="\xe7\xbb\x93\\"b.doc"', '结"b.doc'),
        (b" filename*=undefined''%D6%D0.doc", "中.doc"),
        (b" filename*=idna''%D6%D0.doc", "中.doc"),
        (b" filename*=ut\0f''%D6%D0.doc", "中.doc"),
        (b" size=3; FileName = x.doc ; y", "x.doc"),
        (b' filename="open.doc', "open.doc"),
        (b" filename=a b c.doc", "a b c.doc"),
        (b" filename*0*=gbk''%D6; filename*1*=%D0; filename*99999999999*=%41", "中"),
        (b' name="\xff\xff"\r\nContent-Type: a/b; name="good.doc"', "good.doc"),
        (b"\r\nContent-Type: a/b; name=" + mails.word("总结"), "总结"),
        (b"", ""),
    ],
)  # fmt: skip
def test_file_names(value: bytes, expected: str) -> None:
    assert name(value) == expected


def test_parameters_of_all_kinds() -> None:
    assert parameter(b'multipart/mixed boundary="x y"', "boundary") == "x y"
    assert parameter(b"a/b; boundary*0=x; boundary*1=y", "boundary") == "xy"
    assert parameters(b"a/b;;x=1;y; z=\t2;") == [("x", b"1"), ("z", b"2")]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../etc/cron.d/x", "x"),
        ("C:\\文档\\总结.doc", "总结.doc"),
        ("a.pdf\0.exe", "a.pdf.exe"),
        ("总结\u202efdp.exe", "总结fdp.exe"),
        ("a\r\nb\u200b.doc", "ab.doc"),
        (" .doc. ", "doc"),
        ("/", ""),
        ("..", ""),
    ],
)
def test_names_are_shown_without_path_and_tricks(raw: str, shown: str) -> None:
    assert base_name(raw) == shown


def test_a_long_name_keeps_its_ending() -> None:
    assert base_name("总" * 9_000 + ".docx").endswith("总.docx")
    assert len(base_name("总" * 9_000 + ".docx")) <= LONGEST_NAME
    assert len(base_name("总" * 9_000)) <= LONGEST_NAME


def test_the_rare_names_come_through_everywhere(tmp_path: Path) -> None:
    content = mails.multipart(
        [mails.text_part(TITLE, charset="gb2312"), mails.attachment(b"x", b'"' + mails.word(f"{TITLE}.docx") + b'"')]
    )
    reading = mails.read(mails.mail(content, subject=mails.word(TITLE)), tmp_path)
    assert (reading.message.subject, reading.message.text) == (TITLE, TITLE)
    assert reading.names == [f"{TITLE}.docx"]
    assert not [defect for defect in reading.message.defects if "lossy" in defect]


def test_a_file_name_that_lost_octets_is_a_defect(tmp_path: Path) -> None:
    reading = mails.read(mails.mail(mails.attachment(b"x", b'"\xff\xff.doc"')), tmp_path)
    assert "lossy file name" in reading.message.defects
