"""Where it was taken goes out of a copy, whatever the format; everything else stays, octet for octet."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from intake.adapters.geotags import erase, eraser
from intake.adapters.geotags.finder import patches
from tests.samples import media

PLACE = {1: "N", 2: (35.0, 24.0, 53.5), 3: "E", 4: (116.0, 35.0, 12.25), 29: "2024:06:05"}
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="35,24.9N" exif:GPSLongitude=\'116,35.2E\' '
    b'dc:title="x"><exif:GPSAltitude>41/1</exif:GPSAltitude></rdf:Description></x:xmpmeta>'
)


def photo(form: str, *, big_endian: bool = False) -> bytes:
    """A photo with its place, its turn and its camera."""
    exif = Image.Exif()
    exif.endian = ">" if big_endian else "<"
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "Camera", PLACE
    made = io.BytesIO()
    Image.open(io.BytesIO(media.photo(320, 240))).save(made, form, exif=exif)
    return made.getvalue()


def boxed(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def film(place: bytes) -> bytes:
    """A film whose description has one more box at its end, which comes last in the file."""
    whole = media.video(5)
    start = whole.rindex(b"moov") - 4
    (size,) = struct.unpack_from(">I", whole, start)
    assert start + size == len(whole)
    moov = whole[start + 8 :] + boxed(b"udta", place)
    return whole[:start] + boxed(b"moov", moov)


SPOT = b"+35.4149+116.5869+041.000/"
APPLE = boxed(b"meta", boxed(b"ilst", boxed(b"\0\0\0\1", boxed(b"data", b"\0\0\0\1\0\0\0\0" + SPOT))))
LOCI = boxed(b"loci", b"\0\0\0\0\x55\xc4Jining\0\0" + struct.pack(">iii", 7640000, 2320000, 0) + b"earth\0\0")
FILMS = {
    "quicktime": film(boxed(b"\xa9xyz", struct.pack(">HH", len(SPOT), 0x15C7) + SPOT)),
    "apple": film(APPLE),
    "3gp": film(LOCI),
}


def erased(folder: Path, octets: bytes) -> bytes:
    (folder / "from").write_bytes(octets)
    assert erase(folder / "from", folder / "to") is True
    assert (folder / "from").read_bytes() == octets
    return (folder / "to").read_bytes()


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_keeps_its_picture_its_turn_and_its_camera(tmp_path: Path, form: str, big_endian: bool) -> None:
    octets = photo(form, big_endian=big_endian)
    before, after = Image.open(io.BytesIO(octets)), Image.open(io.BytesIO(erased(tmp_path, octets)))
    assert before.getexif().get_ifd(0x8825)
    assert dict(after.getexif().get_ifd(0x8825)) == {}
    assert (after.getexif()[0x0112], after.getexif()[0x010F]) == (6, "Camera")
    assert after.tobytes() == before.tobytes()
    assert b"2024:06:05" in octets
    assert b"2024:06:05" not in (tmp_path / "to").read_bytes()


def test_what_xmp_tells_becomes_blanks(tmp_path: Path) -> None:
    made = io.BytesIO()
    Image.open(io.BytesIO(media.photo(320, 240))).save(made, "JPEG", xmp=XMP)
    after = erased(tmp_path, made.getvalue())
    assert len(after) == len(made.getvalue())
    assert b'dc:title="x"' in after
    for told in (b"35,24.9N", b"116,35.2E", b"41/1"):
        assert told in made.getvalue()
        assert told not in after


def test_png_chunks_have_their_checksums(tmp_path: Path) -> None:
    after = erased(tmp_path, photo("PNG"))
    start = 8
    while start < len(after):
        (length,) = struct.unpack_from(">I", after, start)
        end = start + 8 + length
        assert struct.unpack_from(">I", after, end)[0] == zlib.crc32(after[start + 4 : end])
        start = end + 4


@pytest.mark.parametrize("name", FILMS)
def test_a_film_keeps_its_pictures(tmp_path: Path, name: str) -> None:
    after = erased(tmp_path, FILMS[name])
    assert len(after) == len(FILMS[name])
    assert b"116.5869" not in after
    assert b"loci" not in after
    assert after[: after.rindex(b"udta")] == FILMS[name][: after.rindex(b"udta")]


PLACELESS = (media.photo(), media.video(5), media.heic(), b"", b"\x89PNG\r\n\x1a\n", b"Exif\0\0II*\0")
HEADS = (b"Exif\0\0II*\0", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x40moov", b"<x:xmpmeta ")


@pytest.mark.parametrize("octets", PLACELESS, ids=range(len(PLACELESS)))
def test_what_tells_no_place_is_copied_as_it_is(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "from").write_bytes(octets)
    assert erase(tmp_path / "from", tmp_path / "to") is False
    assert (tmp_path / "to").read_bytes() == octets


@given(st.binary(max_size=300), st.sampled_from(HEADS))
def test_whatever_comes_is_looked_through(octets: bytes, head: bytes) -> None:
    for offset, new in patches(head + octets):
        assert offset >= 0
        assert new


@pytest.mark.parametrize(
    "body",
    ["errand.tell([1 << 40, '00'])", "errand.tell([-1, '00'])", "errand.tell(['x', '00'])", "errand.tell([0, 'zz'])",
     "os.abort()",
     "for _ in range(20_000): errand.tell([0, '00'])\nerrand.tell(None)",
     "errand.tell([0, '00' * 99])\nerrand.tell(None)"],
)  # fmt: skip
def test_who_could_not_be_looked_through_is_not_copied(
    tmp_path: Path, worker: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(eraser, "_WORKER", worker(body))
    (tmp_path / "from").write_bytes(b"octets")
    (tmp_path / "to").write_bytes(b"a copy of before")
    assert erase(tmp_path / "from", tmp_path / "to") is None
    assert not [*tmp_path.glob("to"), *tmp_path.glob(".to*")]
    assert (tmp_path / "from").read_bytes() == b"octets"


def test_what_a_child_says_is_bounded_in_all(
    tmp_path: Path, worker: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "for _ in range(9): errand.tell([0, 'ff' * (1 << 19)])\nerrand.tell(None)"
    monkeypatch.setattr(eraser, "_WORKER", worker(body))
    (tmp_path / "from").write_bytes(bytes(1 << 20))
    assert erase(tmp_path / "from", tmp_path / "to") is None
    assert not (tmp_path / "to").exists()
