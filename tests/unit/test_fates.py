"""Every file has a fate: counted, not counted with a reason, or held. There is no fourth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intake.domain.fates import NOTHING_WAIVED, PHOTO_LONG_SIDE, PHOTO_OCTETS, Waived, assess
from intake.domain.finding import Severity
from intake.domain.material import Condition, Examined, Scan, Scanned
from intake.domain.notice import Kind, Notice, Requirement
from intake.domain.submission import EntryState
from intake.domain.verdict import Assessment
from tests.unit.builders import NOTICE, codes, material, photo, report, video

Fate = tuple[str | None, EntryState | None, list[str]]


def fates(*examined: Examined, have: frozenset[str] = frozenset(), waived: Waived = NOTHING_WAIVED,
          notice: Notice = NOTICE) -> list[Assessment]:  # fmt: skip
    assessed = assess(examined, notice, have, waived)
    assert [each.examined for each in assessed] == list(examined), "one assessment per material, in the mail's order"
    return list(assessed)


def fate(*examined: Examined, **more: object) -> list[Fate]:
    return [(each.requirement, each.state, codes(each)) for each in fates(*examined, **more)]  # type: ignore[arg-type]


OK, HELD, FAULTY = EntryState.OK, EntryState.HELD, EntryState.FAULTY
COUNTS: Fate = ("report", OK, [])


def test_each_kind_serves_the_requirement_of_its_kind() -> None:
    assert fate(report(), photo(), video()) == [("report", OK, []), ("photos", OK, []), ("video", OK, [])]


def test_content_decides_whatever_the_name_says() -> None:
    assert fate(video("照片.jpg")) == [("video", OK, [])]


# Several documents in one mail


def test_of_several_documents_the_best_named_is_the_report() -> None:
    assert fate(report("附件1.docx"), report("总结报告.docx"), report("通知.docx")) == [
        (None, None, ["extra-document"]),
        COUNTS,
        (None, None, ["extra-document"]),
    ]


def test_without_names_the_longest_text_is_the_report() -> None:
    assert fate(report("a.docx", text_length=10), report("b.docx", text_length=5000))[1] == COUNTS


def test_a_title_inside_names_a_document() -> None:
    assert fate(report("a.docx", text_length=9000), report("b.docx", text="微山县科技活动周总结报告"))[1] == COUNTS


def test_an_accepted_format_goes_before_a_better_name() -> None:
    assert fate(report("总结报告.xlsx", format="xlsx"), report("总结.pdf", format="pdf"))[1] == COUNTS


def test_a_sound_document_goes_before_a_damaged_one_of_better_name() -> None:
    assert fate(report(condition=Condition.DAMAGED), report("总结.docx")) == [(None, None, ["extra-document"]), COUNTS]


def test_a_folder_inside_an_archive_names_a_document() -> None:
    assert fate(report("材料.zip/总结报告/微山.docx"), report("材料.zip/其他.docx"))[0] == COUNTS


def test_one_document_without_any_name_is_taken_for_the_report() -> None:
    assert fate(report("微山.docx")) == [COUNTS]


def test_when_the_report_is_there_an_unnamed_document_is_an_attachment() -> None:
    assert fate(report("说明.docx"), have=frozenset({"report"})) == [(None, None, ["extra-document"])]


def test_when_the_report_is_there_a_document_that_calls_itself_report_is_a_new_version() -> None:
    assert fate(report("总结报告（修改）.docx"), have=frozenset({"report"})) == [COUNTS]


def test_a_table_alone_is_no_report() -> None:
    assert fate(report("统计表.xlsx", format="xlsx")) == [(None, None, ["extra-document"])]


def test_a_document_of_which_parts_were_skipped_waits_for_a_person_whatever_it_is_for() -> None:
    partly = {"condition": Condition.UNMEASURED, "note": "not-all-read"}
    assert fate(report("统计表.xlsx", format="xlsx", **partly)) == [(None, HELD, ["not-inspected"])]
    assert fate(report(**partly)) == [("report", HELD, ["not-inspected"])]
    assert fate(report("统计表.xlsx", format="xlsx", condition=Condition.UNMEASURED)) == [
        (None, None, ["extra-document"])
    ]


def test_a_report_in_a_wrong_format_is_returned_with_the_right_ones() -> None:
    ((requirement, state, said),) = fate(report("总结报告.txt", format="txt"))

    assert (requirement, state, said) == ("report", FAULTY, ["format-not-accepted"])


def test_two_documents_are_taken_where_two_are_asked_for() -> None:
    two = replace(NOTICE, requirements=(replace(NOTICE.requirement("report"), minimum=2),))

    assert [each[0] for each in fate(report("一.docx"), report("二.docx"), report("三.docx"), notice=two)].count(
        "report"
    ) == 2


def test_two_document_requirements_each_take_their_own() -> None:
    plan = Requirement("plan", "工作方案", Kind.DOCUMENT, ("docx",))
    both = replace(NOTICE, requirements=(NOTICE.requirement("report"), plan))

    assert [each[0] for each in fate(report("工作方案.docx"), report("总结报告.docx"), notice=both)] == [
        "plan",
        "report",
    ]


# Photos and decoration


@pytest.mark.parametrize(
    ("width", "height", "size", "counts"),
    [
        (PHOTO_LONG_SIDE, 10, PHOTO_OCTETS, True),
        (10, PHOTO_LONG_SIDE, PHOTO_OCTETS, True),
        (PHOTO_LONG_SIDE - 1, PHOTO_LONG_SIDE - 1, 10_000_000, False),
        (4000, 3000, PHOTO_OCTETS - 1, False),
    ],
)
def test_what_is_small_is_decoration(width: int, height: int, size: int, counts: bool) -> None:
    expected = ("photos", OK, []) if counts else (None, None, ["not-counted-decoration"])

    assert fate(photo(width=width, height=height, size=size)) == [expected]


def test_the_thresholds_are_those_that_real_mail_suggests() -> None:
    assert (PHOTO_LONG_SIDE, PHOTO_OCTETS) == (400, 20_000)


def test_a_damaged_photo_is_not_mistaken_for_decoration() -> None:
    assert fate(photo(size=100, condition=Condition.DAMAGED)) == [("photos", FAULTY, ["file-damaged"])]


def test_a_photo_is_kept_aside_where_none_is_asked_for() -> None:
    only_report = replace(NOTICE, requirements=(NOTICE.requirement("report"),))

    assert fate(photo(), notice=only_report) == [(None, None, ["kept-aside"])]


def test_of_two_requirements_of_one_kind_the_name_decides_else_the_first() -> None:
    opening = Requirement("opening", "开幕式视频", Kind.VIDEO, ("mp4",))
    both = replace(NOTICE, requirements=(NOTICE.requirement("video"), opening))

    assert [each[0] for each in fate(video("开幕式视频.mp4"), video("其他.mp4"), notice=both)] == ["opening", "video"]


# Content that tells nothing


@pytest.mark.parametrize(
    ("name", "requirement", "code"),
    [
        ("总结报告.docx", "report", "file-empty"),
        ("1.JPG", "photos", "file-empty"),
        ("活动.mp4", "video", "file-empty"),
        ("readme", None, "file-empty"),
    ],
)
def test_an_empty_file_is_taken_for_what_its_name_promises(name: str, requirement: str | None, code: str) -> None:
    assert fate(material(name, size=0, condition=Condition.EMPTY)) == [(requirement, FAULTY, [code])]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("总结报告.docx", ("report", FAULTY, ["file-damaged"])),
        ("照片.jpeg", ("photos", FAULTY, ["file-damaged"])),
        ("活动.rmvb", ("video", FAULTY, ["video-damaged"])),
    ],
)
@pytest.mark.parametrize("condition", [Condition.DAMAGED, Condition.SOUND])
def test_unknown_content_with_a_promising_name_is_a_damaged_file(
    name: str, expected: Fate, condition: Condition
) -> None:
    assert fate(material(name, condition=condition)) == [expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("总结报告.docx", ("report", HELD, ["not-inspected"])),
        ("照片.jpg", ("photos", HELD, ["not-inspected"])),
        ("活动.mp4", ("video", HELD, ["video-unmeasurable"])),
    ],
)
def test_what_ended_its_inspection_before_the_format_was_told_is_not_rejected(name: str, expected: Fate) -> None:
    assert fate(material(name, condition=Condition.UNMEASURED)) == [expected]


def test_unknown_content_without_a_promising_name_waits_for_a_person() -> None:
    assert fate(material("data.bin")) == [(None, HELD, ["not-inspected"])]


HARMFUL = ["exe", "lnk", "bat", "script", "msi", "jar", "apk", "chm", "iso", "vhd", "dmg", "url", "html"]


@pytest.mark.parametrize("name", HARMFUL)
def test_what_could_harm_is_returned(name: str) -> None:
    assert fate(material("活动视频.mp4", format=name)) == [(None, FAULTY, ["format-not-accepted"])]


@pytest.mark.parametrize(
    "name", ["总结.pdf.exe", "总结.SCR", "1.jpg.lnk", "1.jpg.js. ", "年报\u202efdp.exe", "表.xlsm", "a.iso"]
)
@pytest.mark.parametrize("content", [photo, report, video, material])
def test_what_is_called_like_a_program_is_one_whatever_it_holds(content: Any, name: str) -> None:
    ((_requirement, state, said),) = fate(content(name))

    assert (state, said) == (FAULTY, ["format-not-accepted"])


ACTING = [
    "pyw",
    "vb",
    "sct",
    "wsc",
    "msc",
    "inf",
    "scf",
    "application",
    "jnlp",
    "settingcontent-ms",
    "library-ms",
    "search-ms",
    "desktop",
    "command",
    "ocx",
    "ppa",
    "msix",
    "iqy",
    "slk",
    "py",
    "sh",
    "htm",
    "html",
    "xht",
    "xhtml",
    "shtml",
    "mht",
    "mhtml",
    "ｅｘｅ",
    "exe\xa0",
    "js\u3000",
    "e\u200bxe",
]


@pytest.mark.parametrize("ending", ACTING)
def test_whatever_a_double_click_would_run_or_open_elsewhere_is_returned(ending: str) -> None:
    ((_, state, said),) = fate(report(f"总结报告.{ending}", format="txt"))
    assert (state, said) == (FAULTY, ["format-not-accepted"])


@pytest.mark.parametrize("name", ["www.jining.gov.cn", "微山县v1.2", "说明", "a.b.", "报告.pdf"])
def test_other_dots_in_a_name_mean_nothing(name: str) -> None:
    assert fate(report(name)) == [("report", EntryState.OK, [])]


@pytest.mark.parametrize("called", ["总结报告.doc", "附件.doc"])
def test_a_document_with_macros_is_returned_whatever_it_was_meant_for(called: str) -> None:
    plain = report("总结报告.docx") if called == "附件.doc" else None
    told = fate(*filter(None, [report(called, format="doc", macros=True), plain]))

    assert told[0] == ("report" if plain is None else None, FAULTY, ["format-not-accepted"])


def test_how_to_send_it_instead_depends_on_what_it_is() -> None:
    kinds = {"exe": "program", "lnk": "shortcut", "html": "page", "iso": "disc", "docm": "macros"}
    for name, harm in kinds.items():
        (assessment,) = assess((material("x", format=name),), NOTICE, frozenset(), NOTHING_WAIVED)
        assert assessment.findings[0].detail == {"format": name, "allowed": "", "harm": harm}


def test_what_a_mailer_cut_from_its_own_text_is_no_file_of_the_senders() -> None:
    assert fate(material("ATT00001.htm", format="html")) == [(None, None, ["kept-aside"])]


@pytest.mark.parametrize("name", ["vcf", "ics", "csv", "mp3", "xml", "svg"])
def test_what_nobody_asks_for_and_hides_nothing_is_kept_aside(name: str) -> None:
    assert fate(material("x", format=name)) == [(None, None, ["kept-aside"])]


@pytest.mark.parametrize("name", ["zip", "rar", "7z", "tnef", "p7m", "ole", "rmvb"])
def test_what_may_hide_a_material_waits_for_a_person(name: str) -> None:
    unopened = material("材料.bin", format=name, condition=Condition.UNMEASURED)
    assert fate(unopened) == [(None, HELD, ["not-inspected"])]


@pytest.mark.parametrize(
    ("condition", "note", "expected"),
    [
        (Condition.SOUND, "", (None, ["unpacked"])),
        (Condition.LOCKED, "", (FAULTY, ["file-locked"])),
        (Condition.DAMAGED, "unreadable", (FAULTY, ["file-damaged"])),
        (Condition.REFUSED, "ratio", (FAULTY, ["archive-refused"])),
        (Condition.UNMEASURED, "deflate64", (FAULTY, ["archive-refused"])),
        (Condition.UNMEASURED, "out-of-time", (HELD, ["not-inspected"])),
        (Condition.UNMEASURED, "no-reader: py7zr", (HELD, ["not-inspected"])),
    ],
)
def test_a_container_is_told_by_how_far_it_could_be_opened(
    condition: Condition, note: str, expected: tuple[object, list[str]]
) -> None:
    opened = material("材料.zip", format="zip", condition=condition, note=note)
    assert fate(opened) == [(None, *expected)]


# Repeats


def test_the_same_octets_twice_in_one_mail_count_once() -> None:
    assert fate(photo("1.jpg", content="x"), photo("副本/1.jpg", content="x")) == [
        ("photos", OK, []),
        (None, None, ["duplicate"]),
    ]


def test_a_copy_of_what_is_faulty_is_faulty_too() -> None:
    long = [video(name, seconds=300.0, content="x") for name in ("a.mp4", "b.mp4")]

    assert {each[1] for each in fate(*long)} == {FAULTY}


# What staff overlook

LOOKED = Waived(holds=True)
ACCEPTED = Waived(holds=True, faults=True, reason="领导同意")


def test_released_holds_count_and_what_was_measured_stays_on_record() -> None:
    (each,) = fates(video(seconds=None), waived=LOOKED)

    assert (each.state, codes(each)) == (OK, ["video-unmeasurable", "released"])
    assert {finding.severity for finding in each.findings} == {Severity.NOTE}


def test_release_does_not_overlook_faults() -> None:
    assert fate(video(seconds=300.0), waived=LOOKED) == [("video", FAULTY, ["video-too-long"])]


def test_accepted_faults_count_with_the_reason_on_record() -> None:
    (each,) = fates(video(seconds=300.0), waived=ACCEPTED)

    assert (each.state, codes(each)) == (OK, ["video-too-long", "accepted-by-staff"])
    assert each.findings[-1].detail == {"reason": "领导同意"}


def test_what_serves_no_requirement_is_overlooked_and_stays_beside() -> None:
    assert fate(material("材料.rar", format="rar", condition=Condition.UNMEASURED), waived=LOOKED) == [
        (None, None, ["not-inspected", "released"])
    ]


def test_nothing_is_said_of_what_was_in_order_anyway() -> None:
    assert fate(report(), waived=ACCEPTED) == [COUNTS]


# What the scanner did not see


NOT_SEEN = [Scan(Scanned.UNSCANNED, "away"), Scan(Scanned.PARTLY, "size limit")]
LOOSE = Waived(holds=True)


@pytest.mark.parametrize("scan", NOT_SEEN)
def test_what_was_not_scanned_says_so_whatever_else_it_is_held_for(scan: Scan) -> None:
    odd = replace(video(seconds=None, condition=Condition.UNMEASURED), scan=scan)
    assert fate(odd) == [("video", HELD, ["video-unmeasurable", "not-scanned"])]
    assert fate(odd, waived=LOOSE) == [("video", OK, ["video-unmeasurable", "not-scanned", "released"])]


@pytest.mark.parametrize("scan", NOT_SEEN)
def test_what_was_not_scanned_says_so_when_staff_accept_it_in_spite_of_its_faults(scan: Scan) -> None:
    long = replace(video(seconds=300), scan=scan)
    (told,) = fates(long)
    assert told.state is FAULTY
    assert [(said.code, said.severity) for said in told.findings] == [
        ("video-too-long", Severity.FAULT),
        ("not-scanned", Severity.NOTE),
    ]
    accepted = fate(long, waived=Waived(holds=True, faults=True, reason="same"))
    assert accepted == [("video", OK, ["video-too-long", "not-scanned", "accepted-by-staff"])]


@pytest.mark.parametrize("scan", NOT_SEEN)
def test_what_lies_beside_is_not_held_because_it_was_not_scanned(scan: Scan) -> None:
    (told,) = fates(
        replace(material("说明.txt", format="txt", kind=Kind.DOCUMENT), scan=scan), have=frozenset({"report"})
    )
    assert told.state is None
    assert [(said.code, said.severity) for said in told.findings] == [
        ("kept-aside", Severity.NOTE),
        ("not-scanned", Severity.NOTE),
    ]


def test_of_malware_nothing_more_is_said() -> None:
    assert fate(replace(report(), scan=Scan(Scanned.INFECTED, "X"))) == [("report", FAULTY, ["malware"])]
