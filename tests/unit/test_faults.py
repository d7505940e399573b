"""Every reason to find fault: when it speaks, when it does not, and the measured values that it tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intake.domain.faults import CODES, REASONS, find_faults
from intake.domain.finding import Severity
from intake.domain.material import Condition, Examined
from intake.domain.notice import Kind, Requirement
from tests.unit.builders import PHOTOS, REPORT, VIDEO, material, photo, report, video


def said(examined: Examined, requirement: Requirement) -> dict[str, dict[str, Any]]:
    return {finding.code: dict(finding.detail) for finding in find_faults(examined, requirement)}


@pytest.mark.parametrize(
    ("good", "requirement"), [(report(), REPORT), (photo(), PHOTOS), (video(), VIDEO)], ids=["report", "photo", "video"]
)
def test_nothing_is_said_about_what_is_in_order(good: Examined, requirement: Requirement) -> None:
    assert said(good, requirement) == {}


@pytest.mark.parametrize("seconds", [0.04, 179.9, 180.0, 180.99, 181.0])
def test_a_video_passes_up_to_the_limit_plus_the_tolerance(seconds: float) -> None:
    assert said(video(seconds=seconds), VIDEO) == {}


def test_a_video_that_is_too_long_is_told_its_measured_length_and_the_excess() -> None:
    assert said(video(seconds=222.44), VIDEO) == {
        "video-too-long": {"seconds": 222.44, "limit": 180.0, "excess": 42.44}
    }


def test_just_above_the_tolerance_is_too_long() -> None:
    assert said(video(seconds=181.01), VIDEO)["video-too-long"]["excess"] == pytest.approx(1.01)


def test_what_an_edit_list_hides_counts_too() -> None:
    assert said(video(seconds=100.0, hidden_seconds=200.0), VIDEO)["video-too-long"]["seconds"] == 200.0


def test_without_a_limit_no_video_is_too_long() -> None:
    assert said(video(seconds=9000.0), replace(VIDEO, max_seconds=None)) == {}


def test_the_limit_and_the_tolerance_are_configuration() -> None:
    strict = replace(VIDEO, max_seconds=60.0, tolerance_seconds=0.0)

    assert "video-too-long" in said(video(seconds=60.01), strict)
    assert said(video(seconds=60.0), strict) == {}


@pytest.mark.parametrize(
    "unmeasured",
    [video(seconds=None), video(seconds=None, condition=Condition.UNMEASURED)],
    ids=["without length", "not measured"],
)
def test_a_video_without_a_measured_length_is_neither_passed_nor_rejected(unmeasured: Examined) -> None:
    (finding,) = find_faults(unmeasured, VIDEO)

    assert (finding.code, finding.severity) == ("video-unmeasurable", Severity.HOLD)


@pytest.mark.parametrize(
    ("examined", "requirement", "code"),
    [
        (report(condition=Condition.EMPTY, format="unknown"), REPORT, "file-empty"),
        (video(condition=Condition.EMPTY, seconds=None), VIDEO, "file-empty"),
        (report(condition=Condition.LOCKED), REPORT, "file-locked"),
        (report(condition=Condition.DAMAGED), REPORT, "file-damaged"),
        (photo(condition=Condition.DAMAGED), PHOTOS, "file-damaged"),
        (video(condition=Condition.DAMAGED, seconds=None), VIDEO, "video-damaged"),
        (photo(condition=Condition.UNMEASURED), PHOTOS, "not-inspected"),
    ],
)
def test_a_condition_has_exactly_one_name(examined: Examined, requirement: Requirement, code: str) -> None:
    assert list(said(examined, requirement)) == [code]


def test_a_format_that_is_not_asked_for_is_told_with_those_that_are() -> None:
    assert said(photo("活动.gif", format="gif"), PHOTOS) == {
        "format-not-accepted": {"format": "gif", "allowed": "jpg, png"}
    }


@pytest.mark.parametrize(("width", "height", "fine"), [(800, 600, True), (799, 600, False), (600, 800, True)])
def test_pixels_are_width_times_height(width: int, height: int, fine: bool) -> None:
    wanted = replace(PHOTOS, min_pixels=480_000)

    assert ("photo-too-small" not in said(photo(width=width, height=height), wanted)) is fine


def test_all_reasons_speak_at_once() -> None:
    bad = video("活动.avi", seconds=300.0, format="avi")

    assert said(bad, VIDEO).keys() == {"format-not-accepted", "video-too-long"}


def test_a_finding_names_the_material_and_the_requirement() -> None:
    bad = video(seconds=300.0)
    (finding,) = find_faults(bad, VIDEO)

    assert (finding.material, finding.requirement) == (bad.material.sha256, "video")


def test_every_reason_has_a_code_of_its_own_that_is_registered() -> None:
    codes = [reason.code for reason in REASONS]

    assert len(set(codes)) == len(codes)
    assert set(codes) <= CODES


def test_a_sound_document_is_never_asked_for_its_length() -> None:
    assert said(material("总结.docx", kind=Kind.DOCUMENT, format="docx", seconds=999.0), REPORT) == {}
