"""Fifty odd videos and what is measured of each: the table that every change of the measuring is held against."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind
from tests.samples import media

LONG, SHORT = 200, 60
PLAYLIST = (
    "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
)


class Case(NamedTuple):
    """A file, the format it is, and what must come out. Without seconds nothing is said about the length."""

    filename: str
    make: Callable[[], bytes]
    format: str
    condition: Condition
    seconds: float | None = None


def sound(filename: str, seconds: float, make: Callable[[], bytes]) -> Case:
    return Case(filename, make, filename.rpartition(".")[2], Condition.SOUND, seconds)


def held(filename: str, make: Callable[[], bytes]) -> Case:
    return Case(filename, make, filename.rpartition(".")[2], Condition.UNMEASURED)


def with_sound(seconds: int, ext: str = "mp4") -> bytes:
    return media.video(seconds, ext, sound=True)


def after_a_tag(flv: bytes) -> bytes:
    """The first half of the tags of an FLV file, none of them cut."""
    at = 13
    while at < len(flv) // 2:
        at += 11 + int.from_bytes(flv[at + 1 : at + 4], "big") + 4
    return flv[:at]


ORDINARY = [
    sound("ok_60.mp4", SHORT, lambda: with_sound(SHORT)),
    sound("ok_long.mp4", LONG, lambda: with_sound(LONG)),
    sound("ok_60_faststart.mp4", SHORT, lambda: media.faststart(SHORT)),
    sound("ok_60.mov", SHORT, lambda: with_sound(SHORT, "mov")),
    sound("frag_long.mp4", LONG, lambda: media.fragmented(LONG)),
    sound(
        "frag_dash_long.mp4",
        LONG,
        lambda: media.remuxed(with_sound(LONG), "mp4", movflags="frag_keyframe+empty_moov+default_base_moof+dash"),
    ),
    sound("ok_long.mkv", LONG, lambda: with_sound(LONG, "mkv")),
    sound("nodur_long.mkv", LONG, lambda: media.remuxed(with_sound(LONG), "matroska")),
    sound("nodur_60.webm", SHORT, lambda: media.remuxed(media.video(SHORT, "webm"), "webm")),
    sound("ok_long.avi", LONG, lambda: media.video(LONG, "avi")),
    sound("piped_long.avi", LONG, lambda: media.remuxed(media.video(LONG, "avi"), "avi")),
    sound("ok_long.wmv", LONG, lambda: media.video(LONG, "wmv")),
    sound("nodur_long.wmv", LONG, lambda: media.remuxed(media.video(LONG, "wmv"), "asf")),
    sound("ok_long.flv", LONG, lambda: media.video(LONG, "flv")),
    sound(
        "nodur_long.flv",
        LONG,
        lambda: media.remuxed(media.video(LONG, "flv"), "flv", flvflags="no_duration_filesize"),
    ),
    sound("ok_long.ts", LONG, lambda: with_sound(LONG, "ts")),
    sound("ok_60.3gp", SHORT, lambda: media.video(SHORT, "3gp")),
    sound("ok_60.mpg", SHORT, lambda: media.video(SHORT, "mpg")),
    sound("hevc_60.mov", SHORT, lambda: media.slides(SHORT, 1, "libx265", "mov")),
    sound("hevc_turned_60.mov", SHORT, lambda: media.upright(media.slides(SHORT, 1, "libx265", "mov"))),
    sound("video_only.mp4", SHORT, lambda: media.video(SHORT)),
    sound("slideshow.mp4", LONG, lambda: media.slides(LONG)),
    # The two seconds from the key frame to the cut are in the file, so they count, like all that lists hide.
    sound("edit_60.mp4", SHORT + 2, lambda: media.cut_by_edit_list(SHORT, 2)),
]
LYING = [
    sound("lie_mvhd_60.mp4", LONG, lambda: media.lying_movie_header(media.video(LONG), SHORT)),
    sound("lie_all_headers_60.mp4", LONG, lambda: media.lying_header(media.video(LONG), SHORT)),
    sound("lie_elst_60.mp4", SHORT, lambda: media.lists_all_lying(media.video(LONG), SHORT)),
    sound("lie_3600.mp4", SHORT, lambda: media.lying_header(media.video(SHORT), 3600)),
    sound("lie_60.mkv", LONG, lambda: media.lying_mkv(media.video(LONG, "mkv"), SHORT)),
    sound("lie_60.flv", LONG, lambda: media.lying_flv(media.video(LONG, "flv"), SHORT)),
    sound("lie_60.wmv", LONG, lambda: media.lying_wmv(media.video(LONG, "wmv"), SHORT)),
    sound("lie_a_fifth.avi", LONG, lambda: media.lying_avi(media.video(LONG, "avi"), 5)),
]
CUT = [
    Case("no_moov.mp4", lambda: media.truncated(with_sound(LONG), 0.7), "mp4", Condition.DAMAGED),
    held("half_faststart.mp4", lambda: media.truncated(media.faststart(LONG))),
    held("half.mkv", lambda: media.truncated(with_sound(LONG, "mkv"))),
    held("half.avi", lambda: media.truncated(media.video(LONG, "avi"))),
    held("half_between_tags.flv", lambda: after_a_tag(media.video(LONG, "flv"))),
    # Streams made to be joined anywhere promise no end: what is there is what was sent.
    sound("half.ts", LONG / 2, lambda: media.truncated(media.video(LONG, "ts"))),
    sound("half.mpg", LONG / 2, lambda: media.truncated(media.video(LONG, "mpg"))),
]
NO_VIDEO = [
    held("audio_only.mp4", lambda: media.audio(SHORT)),
    Case("audio_only.m4a", lambda: media.audio(SHORT, "m4a"), "m4a", Condition.SOUND),
    Case("ok.gif", media.fading_gif, "gif", Condition.SOUND),
    Case("still.jpg", media.photo, "jpg", Condition.SOUND),
    Case("renamed_jpg.mp4", media.photo, "jpg", Condition.SOUND),
    Case("html.mp4", lambda: b"<html>hello</html>", "html", Condition.SOUND),
    Case("hls.mp4", PLAYLIST.encode, "txt", Condition.SOUND),
    Case("concat.mp4", lambda: b"ffconcat version 1.0\nfile ok_300.mp4\n", "txt", Condition.SOUND),
    Case("zero.mp4", lambda: b"", "unknown", Condition.EMPTY),
    Case("random.mp4", lambda: random.Random(1).randbytes(1_000_000), "unknown", Condition.DAMAGED),
    Case("zeros.mp4", lambda: bytes(1_000_000), "unknown", Condition.DAMAGED),
    Case("nested_boxes.mp4", media.nested_boxes, "mp4", Condition.DAMAGED),
    Case("huge_claim.mp4", media.boundless_index, "mp4", Condition.UNMEASURED),
]
CASES = [*ORDINARY, *LYING, *CUT, *NO_VIDEO]


def inspected(folder: Path, octets: bytes, filename: str) -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, filename)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.filename)
def test_every_case_has_its_answer(tmp_path: Path, case: Case) -> None:
    facts = inspected(tmp_path, case.make(), case.filename)
    assert (facts.condition, facts.format) == (case.condition, case.format)
    if case.seconds is not None:
        assert facts.seconds == pytest.approx(case.seconds, abs=1.0)
    if case in NO_VIDEO:
        assert facts.seconds is None or facts.condition is Condition.UNMEASURED
        assert facts.format == "mp4" or facts.kind is not Kind.VIDEO


def test_what_the_lists_keep_from_the_player_is_told(tmp_path: Path) -> None:
    facts = inspected(tmp_path, media.lists_all_lying(media.video(LONG), SHORT), "视频.mp4")
    assert facts.hidden_seconds == pytest.approx(LONG, abs=0.5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ext", ["mp4", "mkv", "avi", "wmv", "flv", "ts"])
def test_a_file_with_wrong_octets_is_measured_right_or_held(tmp_path: Path, ext: str, seed: int) -> None:
    facts = inspected(tmp_path, media.corrupted(media.video(LONG, ext), seed), f"视频.{ext}")
    assert facts.condition is not Condition.SOUND or facts.seconds == pytest.approx(LONG, abs=1.5)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_wrong_size_of_one_chunk_is_noticed(tmp_path: Path, share: float) -> None:
    """libav looks for the next chunk and counts on from there: 114 seconds of 200, without an error."""
    avi = bytearray(media.video(LONG, "avi"))
    at = avi.index(b"00dc", int(len(avi) * share))
    struct.pack_into("<I", avi, at + 4, struct.unpack_from("<I", avi, at + 4)[0] + 2_000)
    facts = inspected(tmp_path, bytes(avi), "视频.avi")
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "payload-unexplained")
