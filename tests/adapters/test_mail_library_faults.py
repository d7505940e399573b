"""What mail-parser 4.8 and the standard library get wrong about real mail, and what we read instead.

Each test shows the library's fault first: when one of them fails there, the library has changed and the own
code that stands in for it may go.
"""

from __future__ import annotations

import base64
import email
import unicodedata
from pathlib import Path

import mailparser
import pytest
from mailparser.exceptions import MailParserError

from tests.samples import mails
from tests.samples.mails import NAMES, PHOTO, TITLE, VIDEO

GBK = TITLE.encode("gb18030")
JPEG = b"Content-Type: image/jpeg"
TWO = mails.multipart([mails.text_part("正文"), mails.attachment(PHOTO, b"a.jpg")])


def library(octets: bytes) -> mailparser.MailParser:
    return mailparser.parse_from_bytes(octets)


def test_m1_a_gb2312_subject_with_one_gbk_character(tmp_path: Path) -> None:
    octets = mails.mail(b"\r\nx", subject=mails.word(TITLE))
    assert NAMES[1] not in str(library(octets).subject)
    assert mails.read(octets, tmp_path).message.subject == TITLE


def test_m2_the_same_in_a_file_name(tmp_path: Path) -> None:
    octets = mails.mail(mails.attachment(b"x", b'"' + mails.word("兖州区喆镕.docx") + b'"'))
    assert library(octets).attachments[0]["filename"] != "兖州区喆镕.docx"
    assert mails.read(octets, tmp_path).names == ["兖州区喆镕.docx"]


def test_m3_the_same_in_a_body(tmp_path: Path) -> None:
    octets = mails.mail(mails.text_part(TITLE, charset="gb2312"))
    assert "\ufffd" in library(octets).body
    assert mails.read(octets, tmp_path).message.text == TITLE


def test_m4_a_raw_gbk_subject(tmp_path: Path) -> None:
    octets = mails.mail(b"\r\nx", subject="金乡县工作总结".encode("gbk"))
    assert library(octets).subject != "金乡县工作总结"
    assert mails.read(octets, tmp_path).message.subject == "金乡县工作总结"


def test_m5_a_raw_gbk_file_name(tmp_path: Path) -> None:
    octets = mails.mail(mails.attachment(b"x", b'"' + "总结.doc".encode("gbk") + b'"'))
    assert library(octets).attachments[0]["filename"] != "总结.doc"
    assert mails.read(octets, tmp_path).names == ["总结.doc"]


def test_m6_an_extended_parameter_in_gbk(tmp_path: Path) -> None:
    octets = mails.mail(
        mails.attachment(b"x", b"y").replace(b" filename=y", mails.continued("喆.doc", charset="gb2312"))
    )
    assert library(octets).attachments[0]["filename"] != "喆.doc"
    assert mails.read(octets, tmp_path).names == ["喆.doc"]


@pytest.mark.parametrize("charset", ["x-gbk", "gb_2312", "windows-936", "hz-gb-2312", "utf8mb4", "utf-8;"])
def test_m7_labels_it_does_not_know(tmp_path: Path, charset: str) -> None:
    octets = mails.mail(b"\r\nx", subject=mails.word("工作", charset, "gbk"))
    assert library(octets).subject != "工作"
    assert mails.read(octets, tmp_path).message.subject == "工作"


def test_m8_a_character_cut_between_words_whose_labels_differ(tmp_path: Path) -> None:
    octets = mails.mail(b"\r\nx", subject=mails.split_words("总结".encode(), 4, (b"UTF-8", b"utf8")))
    assert library(octets).subject != "总结"
    assert mails.read(octets, tmp_path).message.subject == "总结"


@pytest.mark.parametrize(("charset", "text"), [("iso-2022-jp", "日本語"), ("hz", "总结"), ("utf-7", "总结")])
def test_m9_seven_bit_charsets(tmp_path: Path, charset: str, text: str) -> None:
    octets = mails.mail(mails.text_part(text, charset=charset, encoding="7bit"))
    assert text not in library(octets).body
    assert mails.read(octets, tmp_path).message.text == text


@pytest.mark.parametrize("kind", [b"image/jpeg", b"video/mp4\r\nContent-Disposition: inline", b"application/pdf"])
def test_m10_a_leaf_without_a_name(tmp_path: Path, kind: bytes) -> None:
    octets = mails.mail(mails.part(VIDEO, b"Content-Type: " + kind))
    assert library(octets).attachments == []
    assert mails.read(octets, tmp_path).contents == (VIDEO,)


def test_m11_names_that_change_from_reading_to_reading(tmp_path: Path) -> None:
    octets = mails.mail(mails.part(VIDEO, b"Content-Type: video/mp4\r\nContent-Disposition: attachment"))
    assert len({library(octets).attachments[0]["filename"] for _time in range(9)}) > 1
    assert {name for _time in range(9) for name in mails.read(octets, tmp_path).names} == {"unnamed-1.mp4"}


def test_m12_a_forwarded_mail_is_told_from_the_mail_itself(tmp_path: Path) -> None:
    inner = mails.mail(mails.multipart([mails.text_part("里面"), mails.attachment(PHOTO, b"a.jpg")], boundary=b"I"))
    octets = mails.mail(
        mails.multipart([mails.text_part("外面"), mails.part(inner, b"Content-Type: message/rfc822", "8bit")])
    )
    assert "里面" in library(octets).body
    reading = mails.read(octets, tmp_path)
    assert reading.message.text == "外面"
    assert [each.origin for each in reading.materials] == ["message.eml/unnamed-1.txt", "message.eml/a.jpg"]


def test_m12_a_forwarded_mail_in_base64(tmp_path: Path) -> None:
    octets = mails.mail(mails.part(mails.mail(TWO), b"Content-Type: message/rfc822"))
    assert library(octets).attachments == []
    assert PHOTO in mails.read(octets, tmp_path).contents


INNER = b"--B\r\nContent-Type: multipart/alternative; boundary=Z\r\n\r\nx"
NO_START = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + INNER
NUL = mails.part("中".encode("gbk"), b'Content-Type: text/plain; charset="ut\0f"')
UNDEFINED = mails.attachment(b"x", b"y").replace(b"filename=y", b"filename*=undefined''%D6%D0.doc")


@pytest.mark.parametrize(
    ("octets", "error", "text", "names"),
    [(NO_START, AttributeError, "x", []), (NUL, ValueError, "中", []), (UNDEFINED, UnicodeError, "", ["中.doc"])],
    ids=["no start boundary", "NUL in a charset", "undefined charset"],
)
def test_m13_exceptions_of_foreign_kinds(
    tmp_path: Path, octets: bytes, error: type[Exception], text: str, names: list[str]
) -> None:
    with pytest.raises(error) as caught:
        library(octets)
    assert not isinstance(caught.value, MailParserError)
    reading = mails.read(octets, tmp_path)
    assert (reading.message.text, reading.names) == (text, names)
    assert f"mail-parser: {type(caught.value).__name__}" in reading.message.defects


def test_m14_duplicate_and_absent_headers(tmp_path: Path) -> None:
    octets = b"Subject: a\r\nSubject: b\r\nFrom: a@b.cn\r\nFrom: c@d.cn\r\n\r\nx"
    assert isinstance(library(octets).subject, list)
    assert library(octets).from_ == [("", "a@b.cn")]
    message = mails.read(octets, tmp_path).message
    assert (message.subject, message.sender, message.headers["subject"]) == ("a", None, ("a", "b"))
    assert mails.read(b"\r\nx", tmp_path).message.subject == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'boundary="B"', b'boundary="C"'),
        (b'; boundary="B"', b""),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"),
    ],
)
def test_m15_a_wrong_missing_or_second_boundary(tmp_path: Path, old: bytes, new: bytes) -> None:
    octets = mails.mail(TWO).replace(old, new)
    assert library(octets).attachments == []
    assert mails.read(octets, tmp_path).contents == (PHOTO,)


def test_m16_an_encoding_with_a_semicolon(tmp_path: Path) -> None:
    octets = mails.mail(TWO).replace(b": base64", b": base64;")
    assert base64.b64decode(library(octets).attachments[0]["payload"]) != PHOTO
    assert mails.read(octets, tmp_path).contents == (PHOTO,)


def test_m17_base64_padded_line_by_line(tmp_path: Path) -> None:
    octets = mails.mail(mails.attachment(b"", b"a.jpg") + mails.padded_by_line(PHOTO))
    assert mailparser.utils.decode_base64_payload(library(octets).attachments[0]["payload"]) != PHOTO
    assert mails.read(octets, tmp_path).contents == (PHOTO,)


def test_m18_compatibility_ideographs_stay_what_they_are(tmp_path: Path) -> None:
    text = "\uf9d8 e\u0301"
    octets = mails.mail(mails.text_part(text))
    assert library(octets).body.strip() == unicodedata.normalize("NFC", text)
    assert mails.read(octets, tmp_path).message.text == text


def test_m19_names_with_control_and_bidi_characters(tmp_path: Path) -> None:
    octets = mails.mail(mails.attachment(b"x", b'"' + "总结\u202efdp.exe".encode() + b'"'))
    assert "\u202e" in library(octets).attachments[0]["filename"]
    assert mails.read(octets, tmp_path).names == ["总结fdp.exe"]


def test_m19_uuencoded_files_and_a_byte_order_mark(tmp_path: Path) -> None:
    octets = b"\xef\xbb\xbf" + mails.mail(b"\r\nx\r\n" + mails.uuencoded(PHOTO, b"a.jpg"))
    assert library(octets).attachments == []
    assert library(octets).subject == ""
    reading = mails.read(octets, tmp_path)
    assert (reading.message.subject, reading.names, reading.contents) == ("总结", ["a.jpg"], (PHOTO,))


def test_r34_base64_of_invalid_length_comes_back_undecoded(tmp_path: Path) -> None:
    text = base64.b64encode(PHOTO[:-1]) + b"Q"
    octets = mails.mail(JPEG + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + text)
    assert email.message_from_bytes(octets).get_payload(decode=True) == text
    (content,) = mails.read(octets, tmp_path).contents
    assert content == PHOTO[:-1]


@pytest.mark.parametrize(
    "header", [b"From: a:b:;", b"Date: Mon, 1 Jan 99999999999999999999 00:00:00 +0000", b"To: <\r\n\t"]
)
def test_r34_the_default_policy_raises_on_headers(tmp_path: Path, header: bytes) -> None:
    octets = header + b"\r\nSubject: x\r\n\r\ny"
    message = mails.read(octets, tmp_path).message
    assert (message.subject, message.text, message.sender) == ("x", "y", None)
