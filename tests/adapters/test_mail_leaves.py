"""Every file of a mail is found, with its exact octets, whatever it is called and however it lies there."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from intake.adapters.mail.blocks import top_block
from intake.adapters.mail.splitter import MAX_LEAVES, split
from intake.adapters.mail.spool import Spool
from intake.adapters.mail.transfer import decode_base64, decoded, encoding_name
from intake.adapters.mail.uuencode import separated
from intake.ports import Deferred
from tests.samples import mails
from tests.samples.mails import PHOTO, VIDEO, Sample

JPEG = b"Content-Type: image/jpeg"
SAMPLES = [*mails.well_formed(), *mails.awkward()]


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_every_file_is_found(tmp_path: Path, sample: Sample) -> None:
    reading = mails.read(sample.octets, tmp_path)
    assert [each for each in reading.contents if len(each) > 10] == list(sample.files)
    assert sample.text in reading.message.text


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("boundary", [b"B", b"----=_Part_1.2", b"a b?=+", b"=_x:1", b"\xd7\xdc", b"B" * 200])
def test_any_boundary(tmp_path: Path, boundary: bytes, line_end: bytes) -> None:
    octets = mails.mail(mails.multipart([mails.text_part("正文"), mails.part(PHOTO, JPEG)], boundary=boundary))
    reading = mails.read(octets.replace(b"\r\n", line_end), tmp_path)
    assert (reading.message.text, reading.contents) == ("正文", (PHOTO,))


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Type: image/jpeg",
        b"Content-Type: image/jpeg\r\nContent-Disposition: inline",
        b"Content-Type: image/jpeg\r\nContent-ID: <a@b>",
        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment",
        b"Content-Type: text/plain; name=a.jpg",
        b"Content-Type: text/plain\r\nContent-Disposition: attachment",
        b"Content-Type: text/plain",
        b"Content-Type: text/html",
        b"Content-Type: nonsense",
        b"Content-Disposition: bogus; filename=x",
        b"Content-Type: multipart/mixed",
        b"",
    ],
)
def test_a_photo_is_a_material_whatever_it_is_called(tmp_path: Path, headers: bytes) -> None:
    for octets in (mails.part(PHOTO, headers), mails.multipart([mails.part(PHOTO, headers)])):
        assert mails.read(mails.mail(octets), tmp_path).contents == (PHOTO,)


def test_octets_that_no_text_has_make_a_file(tmp_path: Path) -> None:
    reading = mails.read(mails.mail(mails.part(VIDEO, b"Content-Type: text/plain")), tmp_path)
    assert (reading.contents, reading.message.text) == ((VIDEO,), "")
    assert "file declared as text" in reading.message.defects


def test_multiparts_of_one_boundary_are_closed_from_inside(tmp_path: Path) -> None:
    inner = mails.multipart([mails.text_part("正文"), mails.text_part("<p>正文</p>", "html")], "alternative")
    octets = mails.mail(mails.multipart([inner, mails.part(PHOTO, JPEG)]))
    (tmp_path / "one.eml").write_bytes(octets)
    with Spool(tmp_path / "one.eml") as spool:
        found = split(spool, top_block(spool))
    assert [[each.kind for each in leaf.around] for leaf in found.leaves] == [
        ["multipart/mixed", "multipart/alternative"],
        ["multipart/mixed", "multipart/alternative"],
        ["multipart/mixed"],
    ]
    assert found.defects == []


def test_what_a_material_tells(tmp_path: Path) -> None:
    headers = b'Content-Type: image/PNG; name="a.png"\r\nContent-Disposition: INLINE; x=y\r\nContent-ID: <a@b>'
    (material,) = mails.read(mails.mail(mails.part(PHOTO, headers)), tmp_path).materials
    assert (material.origin, material.filename, material.size) == ("a.png", "a.png", len(PHOTO))
    assert (material.declared_type, material.disposition, material.content_id) == ("image/png", "inline", "a@b")


def test_names_may_repeat_and_may_be_missing(tmp_path: Path) -> None:
    parts = [mails.attachment(PHOTO, b"image.png"), mails.attachment(VIDEO, b"image.png"), mails.part(PHOTO, JPEG)]
    reading = mails.read(mails.mail(mails.multipart(parts)), tmp_path)
    assert reading.names == ["image.png", "image.png", "unnamed-3.jpg"]


def test_an_empty_attachment_is_a_material_and_an_empty_part_is_none(tmp_path: Path) -> None:
    parts = [mails.attachment(b"", b"empty.docx"), mails.part(b"", JPEG), mails.part(b"", b"")]
    reading = mails.read(mails.mail(mails.multipart(parts)), tmp_path)
    assert [(each.filename, each.size) for each in reading.materials] == [("empty.docx", 0)]


def forward(content: bytes, headers: bytes = b"", encoding: str = "8bit") -> bytes:
    return mails.multipart([mails.part(content, b"Content-Type: message/rfc822" + headers, encoding)], boundary=b"F")


def test_forwarded_mails_are_opened_to_three_levels(tmp_path: Path) -> None:
    octets = mails.mail(mails.attachment(PHOTO, b"a.jpg"), subject=b"innermost", sender=b"inner@x.cn")
    for level in range(3):
        name = b"\r\nContent-Disposition: attachment; filename=%d.eml" % level
        octets = mails.mail(forward(octets, name), sender=b"outer@x.cn").replace(b'"F"', b'"F%d"' % level)
        octets = octets.replace(b"--F", b"--F%d" % level)
    reading = mails.read(octets, tmp_path)
    assert reading.materials[0].origin == "2.eml/1.eml/0.eml/a.jpg"
    assert reading.message.sender is not None
    assert (reading.message.sender.spec, reading.message.subject) == ("outer@x.cn", "总结")


@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_what_is_forwarded_too_deep_is_kept_whole_and_told(tmp_path: Path, encoding: str) -> None:
    octets = inner = mails.mail(mails.attachment(PHOTO, b"a.jpg"))
    for level in range(4):
        inner = octets
        content = mails.part(inner, b"Content-Type: message/rfc822", encoding)
        octets = mails.mail(mails.multipart([content], boundary=b"F%d" % level))
    reading = mails.read(octets, tmp_path)
    assert [each.declared_type for each in reading.materials] == ["message/rfc822"]
    assert base64.encodebytes(PHOTO)[:60] in reading.contents[0].replace(b"=\n", b"")
    assert "forwarded too deep" in reading.message.defects


def test_text_of_a_forwarded_mail_is_not_text_of_this_one(tmp_path: Path) -> None:
    inner = mails.mail(mails.text_part("邹城市的总结"), subject=b"inner")
    reading = mails.read(mails.mail(forward(inner)), tmp_path)
    assert reading.message.text == ""
    assert reading.contents == ("邹城市的总结".encode(),)
    assert reading.message.part_types == ("multipart/mixed", "message/rfc822")


def test_a_bounce_that_is_forwarded_does_not_make_a_mail_a_bounce(tmp_path: Path) -> None:
    status = mails.part(b"Action: failed", b"Content-Type: message/delivery-status", "7bit")
    bounce = mails.mail(mails.multipart([status], "report"))
    assert "message/delivery-status" in mails.read(bounce, tmp_path).message.part_types
    forwarded = mails.read(mails.mail(forward(bounce)), tmp_path).message
    assert forwarded.part_types == ("multipart/mixed", "message/rfc822")


def test_a_multipart_without_any_delimiter_is_text(tmp_path: Path) -> None:
    reading = mails.read(mails.mail("Content-Type: multipart/mixed; boundary=B\r\n\r\n总结".encode()), tmp_path)
    assert (reading.message.text, reading.materials) == ("总结", ())
    assert "multipart without its boundary" in reading.message.defects


def test_parts_of_a_digest_are_mails(tmp_path: Path) -> None:
    parts = [b"\r\n" + mails.mail(mails.part(PHOTO, JPEG)), b"\r\n" + mails.mail(mails.part(VIDEO, JPEG))]
    reading = mails.read(mails.mail(mails.multipart(parts, "digest")), tmp_path)
    assert reading.contents == (PHOTO, VIDEO)
    assert [each.origin for each in reading.materials] == ["message.eml/unnamed-1.jpg", "message.eml/unnamed-2.jpg"]


def test_only_parts_of_a_digest_are_mails_by_default(tmp_path: Path) -> None:
    octets = mails.mail(mails.multipart([b"\r\nSubject: a\r\n\r\nB: c"], "digest"))
    (material,) = mails.read(octets, tmp_path).materials
    assert (material.origin, material.size) == ("message.eml/unnamed-1.txt", 4)


def test_a_damaged_inner_multipart_costs_nothing(tmp_path: Path) -> None:
    inner = mails.part(PHOTO, b"Content-Type: multipart/related; boundary=nowhere", "8bit")
    reading = mails.read(mails.mail(mails.multipart([inner, mails.part(VIDEO, JPEG)])), tmp_path)
    assert reading.contents == (PHOTO, VIDEO)
    assert "multipart without its boundary" in reading.message.defects


@pytest.mark.parametrize(
    "kind", [b"message/partial; id=x; number=1; total=2", b"message/external-body; access-type=URL"]
)
def test_parts_that_point_elsewhere_are_kept_as_they_are(tmp_path: Path, kind: bytes) -> None:
    content = b"Content-Type: video/mp4\r\n\r\nhere"
    reading = mails.read(mails.mail(mails.part(content, b"Content-Type: " + kind, "8bit")), tmp_path)
    assert reading.contents == (content,)
    assert ("message in parts" in reading.message.defects) == kind.startswith(b"message/partial")


def test_too_many_parts_are_told(tmp_path: Path) -> None:
    octets = mails.mail(mails.multipart([b"\r\nx"] * (MAX_LEAVES + 10)))
    assert "too many parts" in mails.read(octets, tmp_path).message.defects
    octets = mails.mail(mails.multipart([b"\r\nx"] * (MAX_LEAVES - 10)))
    assert "too many parts" not in mails.read(octets, tmp_path).message.defects


def test_too_many_mails_inside_are_told_and_kept(tmp_path: Path) -> None:
    inner = mails.mail(mails.part(PHOTO, JPEG))
    reading = mails.read(mails.mail(mails.multipart([mails.attachment(inner, b"a.eml")] * 110)), tmp_path)
    assert "too many mails inside" in reading.message.defects
    assert (len(reading.contents), set(reading.contents)) == (110, {PHOTO, inner})


def test_a_thousand_levels_are_told_and_kept(tmp_path: Path) -> None:
    content = mails.part(PHOTO, JPEG)
    for level in range(1_000):
        content = mails.multipart([content], boundary=b"L%d." % level)
    reading = mails.read(mails.mail(content), tmp_path)
    assert "nested too deep" in reading.message.defects
    assert mails.encoded(PHOTO)[:70] in reading.contents[0]


def test_an_eml_that_is_no_mail_is_left_alone(tmp_path: Path) -> None:
    reading = mails.read(mails.mail(mails.attachment(VIDEO, b"a.eml")), tmp_path)
    assert (reading.contents, reading.materials[0].origin) == ((VIDEO,), "a.eml")


HUGE = {
    "header of 20 MB": b"X: " + b"a" * 20_000_000,
    "header of a million lines": b"X: a" + b"\r\n a" * 1_000_000,
    "100,000 recipients": b"To: " + b",\r\n ".join(b"u%d <u%d@example.com>" % (n, n) for n in range(100_000)),
    "50,000 encoded words": b"Subject: " + b"\r\n ".join([b"=?utf-8?B?5LiA?="] * 50_000),
    "20,000 Received": b"\r\n".join([b"Received: from a by b; Mon, 3 Jun 2024 10:00:00 +0800"] * 20_000),
    "100,000 parameters": b"Content-Disposition: inline" + b"; a=b" * 100_000,
}


@pytest.mark.parametrize("header", HUGE.values(), ids=HUGE.keys())
def test_a_huge_header_hides_no_file_takes_no_time_and_names_nobody(tmp_path: Path, header: bytes) -> None:
    octets = header + b"\r\n" + mails.mail(mails.multipart([mails.part(PHOTO, JPEG)]))
    start = time.perf_counter()
    reading = mails.read(octets, tmp_path)
    assert time.perf_counter() - start < 3
    assert reading.contents == (PHOTO,)
    assert (reading.message.sender, "header too long" in reading.message.defects) == (None, True)


def chunked(octets: bytes, width: int) -> list[bytes]:
    return [octets[at : at + width] for at in range(0, len(octets), width)]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 64, 77, 10_000])
@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("base64", mails.encoded(VIDEO)),
        ("base64", mails.padded_by_line(VIDEO)),
        ("base64", mails.encoded(VIDEO) + b"\r\n--\r\nA footer of the list.\r\n"),
        ("quoted-printable", mails.encoded(VIDEO, "quoted-printable")),
        ("x-uuencode", b"see below\n" + mails.uuencoded(VIDEO, b"a.mp4") + b"bye\n"),
        ("8bit", VIDEO),
        ("", VIDEO),
        ("no-such-encoding", VIDEO),
    ],
)
def test_chunks_may_end_anywhere(encoding: str, octets: bytes, width: int) -> None:
    assert b"".join(decoded(chunked(octets, width), encoding)) == VIDEO


@pytest.mark.parametrize(
    ("octets", "content"),
    [
        (b"QUJD", b"ABC"),
        (b"QUI=", b"AB"),
        (b"QUI", b"AB"),
        (b"QQ", b"A"),
        (b"QUJDR", b"ABC"),
        (b"Q=UJD", b"ABC"),
        (b"QUI=\r\nQ0Q=", b"ABCD"),
        (b"QUI=\r\nfooter text", b"AB"),
        (b"QUI=\r\n\r\n-- \r\nabcd", b"AB"),
        (b"\xef\xbb\xbfQU\0JD!", b"ABC"),
        (b"====", b""),
        (b"", b""),
    ],
)
def test_base64_of_any_length_and_with_junk(octets: bytes, content: bytes) -> None:
    assert decode_base64(octets) == content


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b" Base64;", "base64"),
        (b'"base64"', "base64"),
        (b"base64 (MIME)", "base64"),
        (b"\r\n quoted-printable", "quoted-printable"),
        (b"", ""),
    ],
)
def test_encoding_names(value: bytes, name: str) -> None:
    assert encoding_name(value) == name


def test_broken_escapes_stay_as_they_are() -> None:
    assert b"".join(decoded([b"a=ZZb=\r\nc=4", b"1=\n", b"="], "quoted-printable")) == b"a=ZZbcA"


def pieces(octets: bytes) -> list[tuple[str | None, bytes]]:
    found: list[tuple[str | None, bytes]] = []
    last: object = found
    for file, piece in separated([octets]):
        if file is last:
            found[-1] = (found[-1][0], found[-1][1] + piece)
        else:
            found.append((file.name if file else None, piece))
        last = file
    return [(name, piece) for name, piece in found if piece or name]


def test_files_in_a_text_are_separated() -> None:
    octets = b"a\n" + mails.uuencoded(PHOTO, "总结 1.jpg".encode("gbk")) + mails.uuencoded(VIDEO, b"b") + b"c\nend\n"
    assert pieces(octets) == [(None, b"a\n"), ("总结 1.jpg", PHOTO), ("b", VIDEO), (None, b"c\nend\n")]


@pytest.mark.parametrize(
    "text",
    [b"begin 644 people\nwere there\n", b"begin 644 x", b"begin 644 x\nbegin 644 y\n", b"begin again\n`\nend\n", b""],
)
def test_a_text_that_only_begins_is_text(text: bytes) -> None:
    assert b"".join(piece for name, piece in pieces(text)) == text
    assert all(name is None for name, _piece in pieces(text))


def test_a_uuencoded_file_without_its_end_is_kept(tmp_path: Path) -> None:
    octets = mails.mail(b"\r\n" + mails.uuencoded(VIDEO, b"a.mp4").removesuffix(b"`\nend\n") + b"\nThe end.\n")
    reading = mails.read(octets, tmp_path)
    assert (reading.names, reading.contents, reading.message.text) == (["a.mp4"], (VIDEO,), "The end.")


def test_spaces_that_were_lost_at_line_ends_come_back() -> None:
    content = bytes(45) + b"x" * 44 + b"\0"
    octets = mails.uuencoded(content, b"a").replace(b"`", b" ").replace(b" \n", b"\n")
    assert b"".join(decoded([octets], "x-uuencode")) == content


def test_a_disk_that_fails_is_deferred(tmp_path: Path) -> None:
    from intake.adapters.blobs import BlobStore
    from intake.adapters.mail.reader import read_mail

    with pytest.raises(Deferred):
        read_mail(tmp_path / "missing", BlobStore(tmp_path / "blobs"))


def test_the_chatter_of_the_library_stays_out_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    octets = mails.mail(
        b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n--B\r\nContent-Type: model/x\r\n\r\nx\r\n--B--'
    )
    mails.read(octets, tmp_path)
    assert caplog.records == []
