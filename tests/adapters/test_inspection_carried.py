"""What documents carry beside their text: photos, macros, nothing but scanned pages."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from tests.samples import documents, media

TITLE = "微山县2024年科技活动周总结报告"
PHOTO, OTHER, LOGO = media.photo(1280, 960), media.photo(1280, 960, 2), media.photo(300, 200)


def inspected(folder: Path, octets: bytes, filename: str = "总结报告.docx") -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, filename)


def broken(jpeg: bytes) -> bytes:
    return jpeg[:3] + bytes(len(jpeg) - 3)


@pytest.mark.parametrize(
    "octets",
    [
        documents.docx_with_pictures(TITLE, [PHOTO, OTHER, LOGO]),
        documents.odt([TITLE], [PHOTO, OTHER, LOGO]),
        documents.ofd([[TITLE]], [PHOTO, OTHER, LOGO]),
        documents.pdf_of_pictures([(PHOTO, 1280, 960), (OTHER, 1280, 960), (LOGO, 300, 200), (PHOTO, 1280, 960)]),
    ],
    ids=["docx", "odt", "ofd", "pdf"],
)
def test_photos_are_counted_and_logos_are_not(tmp_path: Path, octets: bytes) -> None:
    facts = inspected(tmp_path, octets)
    assert (facts.condition, facts.photos_inside) == (Condition.SOUND, 2)


@pytest.mark.parametrize(
    "picture",
    [
        broken(PHOTO),
        media.truncated(PHOTO),
        media.png_bomb() + bytes(30_000),
        bytes(30_000),
        b"\xd7\xcd\xc6\x9a" + bytes(30_000),
        media.video(60),
    ],
    ids=["broken", "cut", "bomb", "zeros", "wmf", "video"],
)
def test_what_does_not_decode_is_no_photo_and_harms_no_text(tmp_path: Path, picture: bytes) -> None:
    facts = inspected(tmp_path, documents.docx_with_pictures(TITLE, [picture, PHOTO]))
    assert (facts.condition, facts.photos_inside, facts.text) == (Condition.SOUND, 1, TITLE)


def test_a_small_file_of_many_pixels_is_no_photo(tmp_path: Path) -> None:
    drawing = media.photo(640, 8)
    assert len(drawing) < 20_000
    assert inspected(tmp_path, documents.docx_with_pictures(TITLE, [drawing])).photos_inside == 0


def test_counting_ends(tmp_path: Path) -> None:
    photo = media.photo(800, 600)
    assert inspected(tmp_path, documents.docx_with_pictures(TITLE, [photo] * 70)).photos_inside == 60


@pytest.mark.parametrize(
    ("octets", "filename", "expected"),
    [
        (documents.zipped({**documents.docx_parts(TITLE, []), "word/vbaProject.bin": b"?"}), "总结.docx", True),
        (documents.ole({"Workbook": b"?", "_VBA_PROJECT_CUR": b"?"}), "表格.xls", True),
        (documents.ole({"Workbook": b"?"}), "表格.xls", False),
        (documents.odt([TITLE], macro=True), "总结.odt", True),
        (documents.odt([TITLE]), "总结.odt", False),
        (documents.docx(TITLE), "总结.docx", False),
        (documents.doc([TITLE]), "总结.doc", False),
    ],
)
def test_macros_are_told(tmp_path: Path, octets: bytes, filename: str, expected: bool) -> None:
    facts = inspected(tmp_path, octets, filename)
    assert (facts.condition, facts.macros) == (Condition.SOUND, expected)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (documents.pdf_of_pictures([(PHOTO, 1280, 960)] * 3), True),
        (documents.pdf(["扫描件"], pages=3), True),
        (documents.pdf([TITLE], pages=3), False),
        (documents.ofd([["九个字不到十个字"], []]), True),
        (documents.ofd([[TITLE]]), False),
        (documents.docx(""), False),
    ],
    ids=["pictures", "stamp", "pdf", "empty ofd", "ofd", "docx has no pages"],
)
def test_pages_next_to_without_text_are_scans(tmp_path: Path, octets: bytes, expected: bool) -> None:
    assert inspected(tmp_path, octets, "总结").scanned is expected


def test_a_picture_that_claims_more_than_it_has_counts_by_what_it_is(tmp_path: Path) -> None:
    """The size in a JPEG's own header is what Pillow believes; 65,500 squared is too much for it."""
    jpeg = bytearray(PHOTO)
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, 65_500, 65_500)
    assert inspected(tmp_path, documents.docx_with_pictures(TITLE, [bytes(jpeg)])).photos_inside == 0
