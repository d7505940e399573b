"""Rows 24 to 30: how mails are built so that two readers see two things, or one reads for ever."""

from __future__ import annotations

import base64

import pytest

from tests.e2e.world import report
from tests.hostile.ordeal import KNOWN, Ordeal, own_mail
from tests.samples import archives, containers, mails, media

pytestmark = pytest.mark.server
SUBJECT = mails.word("微山县2024年科技活动周总结材料", "utf-8", "utf-8")
OWN = b"<%s>" % KNOWN.encode()


def built(content: bytes) -> bytes:
    """A mail of the victim's about the notice; `content` begins with the header fields of its body."""
    return mails.mail(content, subject=SUBJECT, sender=OWN)


def deep(levels: int) -> bytes:
    inner = b"".join(
        b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (level, level) for level in range(levels)
    )
    return built(inner + b"Content-Type: text/plain\r\n\r\ndeep\r\n")


def test_row_24_what_is_nested_without_end_is_held(ordeal: Ordeal) -> None:
    many = built(mails.multipart([mails.part(b"x", b"Content-Type: image/jpeg")] * 20_000))
    for seen in ordeal.suffer(deep(3_000), many):
        assert seen.is_held
        assert "not-all-read" in seen.codes


@pytest.mark.parametrize(
    "kind",
    [
        b'message/partial; id="a"; number=1; total=2',
        b'message/external-body; access-type=URL; URL="http://x.example/report.docx"',
        b"message/external-body; access-type=local-file; name=/etc/passwd",
    ],
)
def test_row_24_what_points_elsewhere_is_not_fetched(ordeal: Ordeal, kind: bytes) -> None:
    part = b"Content-Type: " + kind + b"\r\n\r\nContent-Type: image/jpeg\r\n\r\n"
    (seen,) = ordeal.suffer(built(mails.multipart([mails.text_part("请查收"), part])))
    assert seen.counted == []
    assert all(each["size"] < 1_000 for each in seen["materials"])


@pytest.mark.parametrize("boundary", [b"B", b"a'b(c)+_,-./:=?"])
def test_row_25_what_hides_behind_the_end_is_looked_at_too(ordeal: Ordeal, boundary: bytes) -> None:
    """There is one reading and no second opinion: it takes more for parts than others do, so that no program that opens
    the mail shows a file which was not looked at.
    """
    hidden = mails.attachment(b"MZ" + b"x" * 5_000, b"evil.exe")
    parts = [mails.text_part("请查收"), mails.attachment(report("微山县"), b"report.docx")]
    whole = mails.multipart(parts, boundary=boundary)
    (seen,) = ordeal.suffer(built(whole + b"\r\n--other\r\n" + hidden + b"\r\n--other--\r\n"))
    assert {each["origin"] for each in seen["materials"]} == {"report.docx", "evil.exe"}
    assert seen.counted == ["report.docx"]
    assert "format-not-accepted" in seen.codes


def test_row_25_two_multiparts_with_one_boundary_hide_nothing(ordeal: Ordeal) -> None:
    hidden = mails.attachment(b"MZ" + b"x" * 5_000, b"evil.exe")
    inner = mails.multipart([mails.text_part("请查收"), hidden], boundary=b"B")
    whole = mails.multipart([inner, mails.attachment(report("微山县"), b"report.docx")], boundary=b"B")
    (seen,) = ordeal.suffer(built(whole))
    assert {each["origin"] for each in seen["materials"]} == {"report.docx", "evil.exe"}
    assert seen.counted == ["report.docx"]


def test_row_25_a_boundary_without_end_is_not_read_and_said_so(ordeal: Ordeal) -> None:
    parts = [mails.text_part("请查收"), mails.attachment(report("微山县"), b"report.docx")]
    (seen,) = ordeal.suffer(built(mails.multipart(parts, boundary=b"x" * 2_000)))
    assert seen.is_held
    assert "not-all-read" in seen.codes


@pytest.mark.parametrize("charset", ["utf-7", "idna", "undefined", "x-none", "a\\0b", "unicode_escape", "zlib"])
def test_row_26_a_charset_that_is_none_breaks_nothing(ordeal: Ordeal, charset: str) -> None:
    text = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n+ADw-script+AD4- \\x41 \xff\xfe\r\n"
    subject = b"=?" + charset.encode() + b"?Q?=5Cx41=FF?= " + SUBJECT
    octets = mails.mail(mails.multipart([text, mails.attachment(report("微山县"), b"report.docx")]), subject, OWN)
    (seen,) = ordeal.suffer(octets)
    assert seen.tier == "known"
    assert seen.counted == ["report.docx"]
    assert "<script" not in str(seen["subject"])


REPORT = mails.attachment(report("微山县"), b"report.docx")
JUNK = b"Content-Type: application/octet-stream; name=report.docx\r\nContent-Transfer-Encoding: base64\r\n\r\n!!"
SIGNED = containers.signed(mails.mail(mails.multipart([REPORT])))
TNEF = containers.tnef([containers.Attached(report("微山县"), long_name="report.docx")])
ODD = {
    "uuencode": b"\r\n" + mails.uuencoded(report("微山县"), b"report.docx"),
    "junk": mails.multipart([JUNK + base64.encodebytes(report("微山县"))]),
    "winmail": mails.multipart([mails.attachment(TNEF, b"winmail.dat", b"application/ms-tnef")]),
    "signed": mails.multipart(
        [mails.attachment(SIGNED, b"smime.p7m", b"application/pkcs7-mime; smime-type=signed-data")]
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_row_27_odd_encodings_are_decoded_in_the_child(ordeal: Ordeal, name: str) -> None:
    """More than the table asks for: clerks do send these, and staff would have to open them by hand."""
    (seen,) = ordeal.suffer(built(ODD[name]))
    assert any(origin.endswith("report.docx") for origin in seen.counted), name


YENC = b"=ybegin line=128 size=3 name=report.docx\r\n\x8c\x8d\x8e\r\n=yend size=3 crc32=00000000\r\n"


def test_row_27_what_nobody_sends_by_mail_is_text(ordeal: Ordeal) -> None:
    """yEnc is of news, and no program for mail decodes it: it is read as the text that it is."""
    (seen,) = ordeal.suffer(built(b"Content-Type: text/plain; charset=gb18030\r\n\r\n" + YENC))
    assert seen["materials"] == []
    assert seen.counted == []


PGP = b"-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n"


@pytest.mark.parametrize("octets", [containers.enveloped(), PGP], ids=["smime", "pgp"])
def test_row_27_what_is_encrypted_is_kept_and_asked_for_otherwise(ordeal: Ordeal, octets: bytes) -> None:
    part = mails.attachment(octets, b"smime.p7m", b"application/pkcs7-mime")
    (seen,) = ordeal.suffer(built(mails.multipart([mails.text_part("请查收"), part])))
    assert seen.counted == []
    assert seen["disposition"] in ("HELD", "RETURNED")


def test_row_28_a_zero_in_a_name_ends_nothing(ordeal: Ordeal) -> None:
    """Neither the name nor the row, the line or the letter that tell of it."""
    part = mails.attachment(report("微山县"), b"x").replace(b"filename=x", b"filename*=utf-8''a%00b.docx")
    assert b"%00" in part
    (seen,) = ordeal.suffer(built(mails.multipart([mails.text_part("请查收"), part])))
    assert len(seen.counted) == 1
    assert "\0" not in str(seen.story)


PATHS = (
    "../../../etc/passwd.docx",
    "/etc/report.docx",
    "C:\\windows\\report.docx",
    "CON.docx",
    "-rf.docx",
    ".docx",
    "x" * 300 + ".docx",
)


@pytest.mark.parametrize("name", PATHS, ids=range(len(PATHS)))
def test_row_28_a_name_is_no_path(ordeal: Ordeal, name: str) -> None:
    """Stored under its hash; exported under the unit's and the requirement's name; shown cleaned."""
    (seen,) = ordeal.suffer(own_mail({name: report("微山县")}))
    assert len(seen.counted) == 1
    world, out = ordeal.office.world, ordeal.office.world.folder / "out"
    world.run("export", out)
    exported = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert any(path.endswith("总结报告.docx") for path in exported)
    assert not [path for path in exported if "passwd" in path or "CON" in path or "-rf" in path or ".." in path]
    assert not list(world.folder.rglob("*passwd*"))


@pytest.mark.parametrize("name", ["年报\u202efdp.exe", "年报\u200b.e\u200bxe", "年报.ехе", "年报.exe"])
def test_row_29_a_program_is_one_by_its_content_whatever_its_name_shows(ordeal: Ordeal, name: str) -> None:
    (seen,) = ordeal.suffer(own_mail({"总结报告.docx": report("微山县"), name: b"MZ" + bytes(range(256)) * 40}))
    assert "format-not-accepted" in seen.codes or "file-damaged" in seen.codes
    assert seen.counted == ["总结报告.docx"]
    (letter,) = ordeal.answers(KNOWN)
    body = letter.get_body(("plain",)).get_content()
    assert not {"\u202e", "\u200b"} & set(body)


def test_row_30_a_double_ending_and_a_polyglot_are_what_they_are(ordeal: Ordeal) -> None:
    """Content decides; a name that ends like a program is returned whatever it holds."""
    polyglot = media.photo(seed=3) + archives.zipped({"evil.exe": b"MZ" + b"x" * 900})
    files = {"总结报告.docx.exe": report("微山县"), "1.jpg": polyglot, "照片.pdf": media.photo(seed=4)}
    (seen,) = ordeal.suffer(own_mail(files))
    by_name = {each["origin"]: each for each in seen["materials"]}
    assert [code["code"] for code in by_name["总结报告.docx.exe"]["findings"]] == ["format-not-accepted"]
    assert by_name["1.jpg"]["facts"]["format"] == "jpg"
    assert by_name["照片.pdf"]["facts"]["format"] == "jpg"
    assert "evil.exe" not in str(seen.story)
