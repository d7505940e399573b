"""Pixels and condition of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind
from tests.samples import media


def inspected(folder: Path, octets: bytes, filename: str = "照片.jpg") -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, filename)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (media.image("JPEG"), "jpg"),
        (media.image("PNG"), "png"),
        (media.image("GIF"), "gif"),
        (media.image("WEBP"), "webp"),
        (media.image("BMP"), "bmp"),
        (media.image("TIFF"), "tiff"),
        (media.image("AVIF"), "avif"),
    ],
    ids=["jpg", "png", "gif", "webp", "bmp", "tiff", "avif"],
)
def test_pixels_are_measured(tmp_path: Path, octets: bytes, expected: str) -> None:
    facts = inspected(tmp_path, octets, "照片.jpg")
    assert (facts.condition, facts.kind, facts.format) == (Condition.SOUND, Kind.IMAGE, expected)
    assert (facts.width, facts.height) == (320, 240)


@pytest.mark.parametrize(("orientation", "size"), [(1, (400, 300)), (3, (400, 300)), (6, (300, 400)), (8, (300, 400))])
def test_pixels_are_as_displayed(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    facts = inspected(tmp_path, media.photo(400, 300, orientation=orientation))
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize(("turned", "size"), [(0, (96, 64)), (1, (64, 96)), (2, (96, 64)), (3, (64, 96))])
def test_a_telephones_heic_is_measured_as_displayed(tmp_path: Path, turned: int, size: tuple[int, int]) -> None:
    facts = inspected(tmp_path, media.heic(turned), "IMG_0001.HEIC")
    assert (facts.condition, facts.kind, facts.format) == (Condition.SOUND, Kind.IMAGE, "heic")
    assert (facts.width, facts.height) == size


def test_a_live_photo_is_a_picture_and_a_video(tmp_path: Path) -> None:
    picture = inspected(tmp_path, media.heic(), "IMG_0001.HEIC")
    moving = inspected(tmp_path, media.slides(3, 1, "libx265", "mov"), "IMG_0001.MOV")
    assert (picture.kind, picture.seconds) == (Kind.IMAGE, None)
    assert (moving.kind, moving.format, moving.codec) == (Kind.VIDEO, "mov", "hevc")
    assert moving.seconds == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_half_a_heic_is_damaged(tmp_path: Path, part: float) -> None:
    facts = inspected(tmp_path, media.truncated(media.heic(), part), "IMG_0001.HEIC")
    assert (facts.condition, facts.format) == (Condition.DAMAGED, "heic")


def taken(told: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = told
    return media.saved(media.picture(320, 240, 1), "JPEG", exif=exif)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (media.heic(), "2024:05:28 10:11:12"),
        (taken("2024:06:01 23:59:59"), "2024:06:01 23:59:59"),
        (taken("0000:00:00 00:00:00"), None),
        (taken("    :  :     :  :  "), None),
        (taken("2024:06:01"), None),
        (media.photo(), None),
        (media.png(), None),
    ],
)
def test_the_cameras_clock_is_told(tmp_path: Path, octets: bytes, expected: str | None) -> None:
    facts = inspected(tmp_path, octets)
    assert (facts.condition, facts.taken_at) == (Condition.SOUND, expected)


@pytest.mark.parametrize("octets", [media.photo(), media.png()], ids=["jpg", "png"])
@pytest.mark.parametrize("part", [0.5, 0.99])
def test_half_a_picture_is_damaged(tmp_path: Path, octets: bytes, part: float) -> None:
    facts = inspected(tmp_path, media.truncated(octets, part))
    assert (facts.condition, facts.note) == (Condition.DAMAGED, "truncated")
    assert facts.kind is Kind.IMAGE


def test_a_header_without_a_picture_is_damaged(tmp_path: Path) -> None:
    assert inspected(tmp_path, b"\xff\xd8\xff" + bytes(100)).condition is Condition.DAMAGED


@pytest.mark.parametrize(("octets", "expected"), [(media.png_bomb(), "png"), (media.heic_bomb(), "heic")])
def test_a_decompression_bomb_is_not_measured(tmp_path: Path, octets: bytes, expected: str) -> None:
    facts = inspected(tmp_path, octets, "照片.png")
    assert (facts.condition, facts.note, facts.format) == (Condition.UNMEASURED, "too-large", expected)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [(b"%!PS-Adobe-3.0 EPSF-3.0\n", "ps"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg")],
    ids=["eps", "svg"],
)
def test_programs_that_draw_are_no_photos(tmp_path: Path, octets: bytes, expected: str) -> None:
    facts = inspected(tmp_path, octets)
    assert (facts.format, facts.kind) == (expected, Kind.OTHER)
