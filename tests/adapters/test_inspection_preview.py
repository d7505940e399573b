"""Small JPEGs of pictures and videos: what they show, how small they are, and that nothing depends on them."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from intake.adapters.inspection import ChildInspector
from intake.adapters.inspection.outcome import PREVIEW_OCTETS
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.domain.material import Condition, Facts
from tests.samples import documents, media


def inspected(folder: Path, octets: bytes, filename: str = "照片.jpg") -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector(previews=True)(path, filename)


def shown(facts: Facts) -> Image.Image:
    assert facts.preview is not None
    assert len(facts.preview) <= PREVIEW_OCTETS
    picture = Image.open(io.BytesIO(facts.preview), formats=["JPEG"])
    picture.load()
    assert max(picture.size) <= 320
    return picture


def distance(one: Image.Image, other: Image.Image) -> float:
    """How far apart two pictures are, point by point."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def noise(width: int, height: int) -> bytes:
    return media.saved(Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3)), "PNG")


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        (media.photo(), (320, 240)),
        (media.photo(orientation=6), (240, 320)),
        (media.photo(64, 48), (64, 48)),
        (media.png(), (320, 240)),
        (media.image("GIF"), (320, 240)),
        (media.image("WEBP"), (320, 240)),
        (media.heic(), (96, 64)),
        (media.heic(turned=1), (64, 96)),
        (media.pair_heic(), (320, 213)),
    ],
    ids=["jpg", "upright jpg", "small jpg", "png", "gif", "webp", "heic", "upright heic", "heic of two"],
)
def test_a_picture_is_shown_small_and_upright(tmp_path: Path, octets: bytes, size: tuple[int, int]) -> None:
    facts = inspected(tmp_path, octets)
    assert facts.condition is Condition.SOUND
    assert shown(facts).size == size


@pytest.mark.parametrize("ext", ["mp4", "mov", "3gp", "mkv", "webm", "avi", "wmv", "flv", "ts", "mpg"])
def test_a_video_is_shown_by_a_frame(tmp_path: Path, ext: str) -> None:
    facts = inspected(tmp_path, media.video(12, ext), f"视频.{ext}")
    assert facts.condition is Condition.SOUND
    picture = shown(facts).convert("L")
    assert picture.size == (160, 120)
    # The pictures have a bright bar of 8 lines, elsewhere stripes.
    assert max(picture.resize((1, 120)).tobytes()) > 150


def test_a_video_is_shown_as_it_is_held(tmp_path: Path) -> None:
    lying, upright = (inspected(tmp_path, made, "视频.mp4") for made in (media.video(5), media.upright(media.video(5))))
    assert shown(upright).size == (120, 160)
    # A quarter clockwise, as the matrix says: what was at the bottom is at the left.
    turned = shown(lying).rotate(-90, expand=True).convert("L")
    pairs = zip(turned.tobytes(), shown(upright).convert("L").tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) < 40


@pytest.mark.parametrize(("seconds", "each", "expected"), [(200, 5, 4), (4, 1, 1)], ids=["a tenth", "one second"])
def test_a_frame_is_taken_a_tenth_in_and_at_least_a_second(
    tmp_path: Path, seconds: int, each: int, expected: int
) -> None:
    picture = shown(inspected(tmp_path, media.slides(seconds, each), "视频.mp4"))
    slides = [media.picture(160, 120, number) for number in range(8)]
    assert min(range(8), key=lambda number: distance(picture, slides[number])) == expected


def test_an_unmeasured_video_is_shown_too(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.truncated(media.video(60, "mkv")), "视频.mkv")
    assert facts.condition is Condition.UNMEASURED
    shown(facts)


def test_all_detail_is_made_to_fit(tmp_path: Path) -> None:
    shown(inspected(tmp_path, noise(800, 800), "照片.png"))


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    octets = media.saved(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG")
    assert shown(inspected(tmp_path, octets, "章.png")).getpixel((25, 25)) == (255, 255, 255)


def test_a_preview_holds_nothing_but_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "someone's place"
    octets = media.saved(media.picture(640, 480, 1), "JPEG", exif=exif, comment=b"someone's name")
    assert b"someone's place" in octets
    preview = inspected(tmp_path, octets).preview
    assert preview is not None
    assert b"someone" not in preview


@pytest.mark.parametrize(
    ("octets", "filename"),
    [
        (documents.docx("总结"), "总结.docx"),
        (media.truncated(media.photo()), "照片.jpg"),
        (media.png_bomb(), "照片.png"),
        (media.audio(10), "视频.mp4"),
        (media.truncated(media.video(60), 0.7), "视频.mp4"),
    ],
    ids=["document", "cut photo", "bomb", "sound", "no index"],
)
def test_what_cannot_be_shown_is_measured_all_the_same(tmp_path: Path, octets: bytes, filename: str) -> None:
    facts = inspected(tmp_path, octets, filename)
    assert facts.preview is None
    path = tmp_path / "material"
    assert facts == ChildInspector()(path, filename)


def test_no_preview_is_made_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(media.photo())
    assert ChildInspector()(path, "照片.jpg").preview is None


def test_octets_stay_out_of_what_is_printed(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.photo())
    assert facts.preview is not None
    assert "preview" not in repr(facts)


def test_frames_that_do_not_decode_cost_only_the_preview(tmp_path: Path) -> None:
    mp4 = bytearray(media.video(10))
    start, end = mp4.index(b"mdat") + 4, mp4.index(b"moov") - 4
    mp4[start:end] = random.Random(1).randbytes(end - start)
    facts = inspected(tmp_path, bytes(mp4), "视频.mp4")
    assert (facts.condition, facts.seconds, facts.preview) == (Condition.SOUND, 10.0, None)


ENDS = {
    "raises": "raise ValueError",
    "cannot be loaded": "raise ImportError",
    "crashes": "os.kill(os.getpid(), 11)",
    "leaves": "os._exit(69)",
    "never ends": "time.sleep(60)",
    "says nonsense": "return b'?'",
    "makes no JPEG": "return binascii.b2a_base64(b'GIF89a', newline=False)",
    "makes too much": "return binascii.b2a_base64(bytes.fromhex('ffd8ff') + bytes(30_000) + bytes.fromhex('ffd9'))",
}


@pytest.mark.usefixtures("nurseries")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_whatever_happens_to_a_preview_the_facts_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The child finds another base64 than ours, and comes to it when the preview has been made."""
    (tmp_path / "base64.py").write_text(f"import binascii, os, time\ndef b64encode(_):\n    {end}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    path = tmp_path / "photo"
    path.write_bytes(media.photo(640, 480))
    facts = ChildInspector(lambda _: Limits(1024 * MIB, 20, 2), previews=True)(path, "照片.jpg")
    assert (facts.condition, facts.width, facts.height) == (Condition.SOUND, 640, 480)
    assert facts.preview is None
