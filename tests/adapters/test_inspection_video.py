"""Video length is measured from the packets: headers, edit lists, broken uploads and foreign containers included."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind
from tests.samples import documents, media


def inspected(folder: Path, octets: bytes, filename: str = "视频.mp4") -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, filename)


@pytest.mark.parametrize("ext", ["mp4", "m4v", "mov", "3gp", "mkv", "webm", "avi", "wmv", "flv", "ts", "mpg"])
def test_every_container_is_measured_to_a_tenth_of_a_second(tmp_path: Path, ext: str) -> None:
    facts = inspected(tmp_path, media.video(60, ext), f"视频.{ext}")
    assert (facts.condition, facts.kind, facts.note) == (Condition.SOUND, Kind.VIDEO, "")
    assert facts.seconds == pytest.approx(60.0, abs=0.1)
    assert (facts.width, facts.height) == (160, 120)
    assert facts.format == ("mp4" if ext == "m4v" else ext)


@pytest.mark.parametrize("seconds", [180, 181, 222])
def test_lengths_around_three_minutes_are_told_apart(tmp_path: Path, seconds: int) -> None:
    facts = inspected(tmp_path, media.video(seconds))
    assert facts.seconds == pytest.approx(seconds, abs=0.05)
    assert facts.condition is Condition.SOUND


@pytest.mark.parametrize("claimed", [60, 3600])
def test_a_header_decides_neither_for_nor_against(tmp_path: Path, claimed: int) -> None:
    facts = inspected(tmp_path, media.lying_header(media.video(222), claimed))
    assert facts.seconds == pytest.approx(222, abs=0.05)
    assert facts.condition is Condition.SOUND


def test_what_an_edit_list_hides_is_told(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.hidden_by_edit_list(media.video(222), 60))
    assert facts.condition is Condition.SOUND
    assert facts.seconds == pytest.approx(60, abs=0.5)
    assert facts.hidden_seconds == pytest.approx(222, abs=0.5)
    assert facts.coverage is not None
    assert facts.coverage < 0.5


@pytest.mark.parametrize(
    "octets",
    [
        media.fragmented(60),
        media.faststart(60),
        media.live(60, "mkv"),
        media.live(60, "webm"),
        media.video(60, sound=True),
    ],
    ids=["fragmented", "faststart", "live mkv", "live webm", "with sound"],
)
def test_ways_of_recording_make_no_difference(tmp_path: Path, octets: bytes) -> None:
    facts = inspected(tmp_path, octets)
    assert facts.seconds == pytest.approx(60, abs=0.3)
    assert (facts.condition, facts.hidden_seconds) == (Condition.SOUND, None)


@pytest.mark.parametrize(
    "octets",
    [
        media.faststart(222),
        media.fragmented(222),
        media.video(222, "mkv"),
        media.video(222, "avi"),
        media.video(222, "wmv"),
        media.video(222, "flv"),
    ],
    ids=["faststart mp4", "fragmented mp4", "mkv", "avi", "wmv", "flv"],
)
def test_half_a_file_never_passes_for_a_short_video(tmp_path: Path, octets: bytes) -> None:
    facts = inspected(tmp_path, media.truncated(octets))
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "truncated")
    assert facts.kind is Kind.VIDEO


def test_an_mp4_that_lost_its_index_is_damaged(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.truncated(media.video(222), 0.7))
    assert (facts.condition, facts.note, facts.format) == (Condition.DAMAGED, "truncated", "mp4")


def test_packets_that_stop_early_are_not_believed(tmp_path: Path) -> None:
    """libav may end without an error where the structure of the file breaks: half of the payload is unaccounted for."""
    avi = bytearray(media.video(222, "avi"))
    avi[len(avi) // 2 :] = b"\x55" * (len(avi) - len(avi) // 2)
    facts = inspected(tmp_path, bytes(avi), "视频.avi")
    assert facts.condition is Condition.UNMEASURED
    assert facts.note == "payload-unexplained"


def test_payload_that_no_packet_explains_is_not_believed(tmp_path: Path) -> None:
    short, long = media.video(10), media.video(222)
    payload = long[long.index(b"mdat") - 4 : long.index(b"moov") - 4]
    facts = inspected(tmp_path, short + payload)
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "payload-unexplained")


def test_a_clock_that_starts_anew_is_not_believed(tmp_path: Path) -> None:
    """Two recordings of 120 seconds joined into one file of 240, which by its timestamps lasts 120."""
    facts = inspected(tmp_path, media.video(120, "ts") * 2, "视频.ts")
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "clock-jumps")


def test_sound_alone_is_not_a_measured_video(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.audio(60))
    assert (facts.condition, facts.kind, facts.note) == (Condition.UNMEASURED, Kind.VIDEO, "no-video-stream")
    assert inspected(tmp_path, media.audio(60, "m4a")).kind is Kind.OTHER


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize("ext", ["mp4", "mkv", "ts"])
def test_whether_there_is_sound_is_told(tmp_path: Path, ext: str, expected: bool) -> None:
    assert inspected(tmp_path, media.video(5, ext, sound=expected), f"视频.{ext}").has_audio is expected


def test_a_title_in_gbk_does_not_matter(tmp_path: Path) -> None:
    avi = media.video(5, "avi", title="ABCDEFGH").replace(b"ABCDEFGH", "微山科技".encode("gbk"))
    assert "微山科技".encode("gbk") in avi
    assert inspected(tmp_path, avi, "视频.avi").condition is Condition.SOUND


def test_a_picture_upright_is_measured_as_displayed(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.upright(media.video(5)))
    assert (facts.width, facts.height) == (120, 160)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "txt"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "txt"),
        (media.photo(), "jpg"),
        (media.image("GIF"), "gif"),
        (b"<html><body>404</body></html>", "html"),
        (documents.docx("总结"), "docx"),
    ],
    ids=["concat list", "playlist", "jpg", "gif", "html", "docx"],
)
def test_what_only_calls_itself_a_video_is_told_by_content(tmp_path: Path, octets: bytes, expected: str) -> None:
    facts = inspected(tmp_path, octets, "视频.mp4")
    assert facts.format == expected
    assert facts.kind is not Kind.VIDEO
    assert facts.seconds is None


def test_zeros_are_damaged(tmp_path: Path) -> None:
    facts = inspected(tmp_path, bytes(100_000))
    assert (facts.condition, facts.format, facts.note) == (Condition.DAMAGED, "unknown", "unrecognised")


def test_a_header_that_claims_two_thousand_million_entries_is_refused_in_time(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.boundless_index())
    assert facts.condition in {Condition.UNMEASURED, Condition.DAMAGED}
    assert facts.seconds is None
