"""Pixels and condition of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("octets", [media.photo(), media.png()], ids=["jpg", "png"])
@pytest.mark.parametrize("part", [0.5, 0.99])
def test_half_a_picture_is_damaged(tmp_path: Path, octets: bytes, part: float) -> None:
    facts = inspected(tmp_path, media.truncated(octets, part))
    assert (facts.condition, facts.note) == (Condition.DAMAGED, "truncated")
    assert facts.kind is Kind.IMAGE


def test_a_header_without_a_picture_is_damaged(tmp_path: Path) -> None:
    assert inspected(tmp_path, b"\xff\xd8\xff" + bytes(100)).condition is Condition.DAMAGED


def test_a_decompression_bomb_is_not_measured(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.png_bomb(), "照片.png")
    assert (facts.condition, facts.note, facts.format) == (Condition.UNMEASURED, "too-large", "png")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [(b"%!PS-Adobe-3.0 EPSF-3.0\n", "ps"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg")],
    ids=["eps", "svg"],
)
def test_programs_that_draw_are_no_photos(tmp_path: Path, octets: bytes, expected: str) -> None:
    facts = inspected(tmp_path, octets)
    assert (facts.format, facts.kind) == (expected, Kind.OTHER)
