"""The judgement of mails, one after the other, as counties send them and as nobody should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from intake.domain.fates import Waived
from intake.domain.finding import Severity
from intake.domain.identity import Acquaintance, Thread, Tier
from intake.domain.mail import Message
from intake.domain.material import Condition, Examined, Scan, Scanned
from intake.domain.notice import Kind, Requirement
from intake.domain.submission import EntryState, UnitState
from intake.domain.verdict import Disposition, Verdict
from intake.domain.vouching import HostVerdict, MethodResult
from tests.unit.builders import (
    DEADLINE,
    KNOWN,
    MONDAY,
    NOTICE,
    OFFICE,
    SHARED,
    STRANGER,
    VIDEO,
    WEISHAN,
    YUTAI,
    Desk,
    codes,
    counted,
    finding,
    link,
    logo,
    material,
    message,
    photo,
    report,
    video,
)

ACCEPTED, RETURNED, HELD, IGNORED = Disposition.ACCEPTED, Disposition.RETURNED, Disposition.HELD, Disposition.IGNORED
CLAIM = message("微山县科技活动周材料", STRANGER)
LONG = video("超长.mp4", seconds=222.4)
LOOKED = Waived(holds=True)
OVERLOOKED = Waived(holds=True, faults=True, reason="领导同意")


# A checklist, not a message


def test_report_in_one_mail_photos_and_video_in_others_complete_the_unit() -> None:
    desk = Desk()
    first = desk.hand_in(message(), report())
    second = desk.hand_in(message(), photo("1.jpg"), photo("2.jpg"))
    third = desk.hand_in(message(), video())

    assert codes(first) == ["photos-missing", "video-missing"]
    assert codes(second) == ["video-missing"]
    assert codes(third) == []
    assert [each.disposition for each in (first, second, third)] == [ACCEPTED] * 3
    assert desk.checklist().state is UnitState.COMPLETE


def test_everything_in_one_mail_completes_the_unit() -> None:
    desk = Desk()
    verdict = desk.hand_in(message(), report(), photo(), video())

    assert (verdict.disposition, verdict.answer, codes(verdict)) == (ACCEPTED, True, [])
    assert counted(verdict) == ["总结报告.docx", "1.jpg", "活动.mp4"]


def test_what_is_missing_is_told_with_how_many_are_there() -> None:
    two = replace(NOTICE, requirements=(replace(NOTICE.requirement("photos"), minimum=3),))
    verdict = Desk(replace(OFFICE, notices=(two,))).hand_in(message(), photo())

    assert finding(verdict, "photos-missing").detail == {"name": "照片", "need": 3, "have": 1}


def test_a_newer_valid_video_replaces_the_older() -> None:
    desk = Desk()
    desk.hand_in(message(), video("一.mp4"))
    verdict = desk.hand_in(message(), video("二.mp4"))

    assert counted(verdict) == ["二.mp4"]
    assert desk.origins("video") == ["二.mp4"]


@pytest.mark.parametrize("bad", [LONG, video("坏.mp4", condition=Condition.DAMAGED), video("疑.mp4", seconds=None)])
def test_an_invalid_resend_never_displaces_a_valid_one(bad: Examined) -> None:
    desk = Desk()
    desk.hand_in(message(), video("好.mp4"))
    desk.hand_in(message(), bad)

    assert desk.origins("video") == ["好.mp4"]
    assert desk.states()["video"] == "ok"


def test_photos_of_several_mails_add_up_by_content() -> None:
    desk = Desk()
    desk.hand_in(message(), photo("1.jpg", content="a"), photo("2.jpg", content="b"))
    again = desk.hand_in(message(), photo("改名.jpg", content="b"), photo("3.jpg", content="c"))

    assert [codes(each) for each in again.assessments] == [["duplicate"], []]
    assert desk.origins("photos") == ["1.jpg", "2.jpg", "3.jpg"]


def test_the_whole_again_is_accepted_and_said_to_be_there_already() -> None:
    desk = Desk()
    desk.hand_in(message(), report(), video())
    again = desk.hand_in(message("科技活动周材料（重发）"), report(), video())

    assert again.disposition is ACCEPTED
    assert codes(again) == ["duplicate", "duplicate", "photos-missing"]


def test_what_was_replaced_may_be_sent_anew_and_counts_again() -> None:
    desk = Desk()
    for content in ("first", "second", "first"):
        verdict = desk.hand_in(message(), video(f"{content}.mp4"))

    assert counted(verdict) == ["first.mp4"]
    assert desk.origins("video") == ["first.mp4"]


def test_a_faulty_video_repaired_by_the_next_mail() -> None:
    desk = Desk()
    first = desk.hand_in(message(), LONG)
    assert (first.disposition, desk.states()["video"]) == (RETURNED, "faulty")
    desk.hand_in(message(), video())

    assert desk.states()["video"] == "ok"


# All findings at once


def test_everything_is_said_at_once_with_measured_values() -> None:
    verdict = Desk().hand_in(
        message(),
        report(condition=Condition.LOCKED),
        photo("a.gif", format="gif"),
        LONG,
        logo(),
        material("a.exe", format="exe"),
    )

    assert verdict.disposition is RETURNED
    assert codes(verdict) == [
        "file-locked", "format-not-accepted", "video-too-long", "not-counted-decoration", "format-not-accepted",
    ]  # fmt: skip
    assert finding(verdict, "video-too-long").detail == {"seconds": 222.4, "limit": 180.0, "excess": 42.4}


def test_something_that_counts_beside_a_fault_is_accepted() -> None:
    verdict = Desk().hand_in(message(), report(), LONG)

    assert (verdict.disposition, counted(verdict)) == (ACCEPTED, ["总结报告.docx"])
    assert codes(verdict) == ["video-too-long", "photos-missing"]


def test_what_cannot_be_measured_is_held_not_passed_and_not_rejected() -> None:
    desk = Desk()
    verdict = desk.hand_in(message(), video(seconds=None))

    assert (verdict.disposition, desk.states()["video"]) == (HELD, "held")
    assert finding(verdict, "video-unmeasurable").severity is Severity.HOLD


def test_a_hold_beside_faults_goes_to_a_person() -> None:
    assert Desk().hand_in(message(), video(seconds=None), report(condition=Condition.LOCKED)).disposition is HELD


def test_nothing_but_decoration_is_no_material() -> None:
    verdict = Desk().hand_in(message(), logo())

    assert (verdict.disposition, verdict.answer) == (HELD, True)
    assert codes(verdict)[:2] == ["not-counted-decoration", "no-material"]


def test_what_could_not_be_looked_into_is_not_called_nothing() -> None:
    verdict = Desk().hand_in(message(), material("材料.rar", format="rar", condition=Condition.UNMEASURED))

    assert verdict.disposition is HELD
    assert "no-material" not in codes(verdict)
    assert "not-inspected" in codes(verdict)


# Late


@pytest.mark.parametrize(("after", "late"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_late_is_received_and_marked(after: timedelta, late: bool) -> None:
    desk = Desk()
    verdict = desk.hand_in(message(), report(), at=DEADLINE + after)

    assert (verdict.disposition, verdict.late, "late" in codes(verdict)) == (ACCEPTED, late, late)
    assert desk.checklist().late is late


def test_lateness_is_told_with_both_times() -> None:
    at = DEADLINE + timedelta(hours=9)
    told = finding(Desk().hand_in(message(), report(), at=at), "late")

    assert (told.severity, told.detail) == (
        Severity.NOTE, {"received_at": at.isoformat(), "deadline": DEADLINE.isoformat()},
    )  # fmt: skip


def test_an_extension_is_of_one_unit_only() -> None:
    desk = Desk(extended={WEISHAN: DEADLINE + timedelta(days=3)})
    at = DEADLINE + timedelta(days=1)

    assert not desk.hand_in(message(), report(), at=at).late
    assert desk.hand_in(message("嘉祥县科技活动周", SHARED), report("b.docx"), at=at).late


def test_the_senders_own_date_has_no_say() -> None:
    forged = message(headers={"Date": "Mon, 3 Jun 2024 09:00:00 +0800"})

    assert Desk().hand_in(forged, report(), at=DEADLINE + timedelta(days=1)).late


# Links


def test_a_link_is_recognised_before_no_attachment_is_said() -> None:
    desk = Desk()
    verdict = desk.hand_in(message(links=(link(expires=MONDAY + timedelta(days=7)),)))

    assert (verdict.disposition, desk.states()["video"]) == (HELD, "held")
    assert codes(verdict) == ["cloud-link", "report-missing", "photos-missing"]
    assert finding(verdict, "cloud-link").detail["expires"] == (MONDAY + timedelta(days=7)).isoformat()


def test_an_expired_link_is_asked_for_again_and_said_once() -> None:
    desk = Desk()
    verdict = desk.hand_in(message(links=(link(expires=MONDAY - timedelta(seconds=1)),)), at=MONDAY)

    assert (verdict.disposition, desk.states()["video"]) == (RETURNED, "faulty")
    assert finding(verdict, "cloud-link-expired").severity is Severity.FAULT
    assert "video-missing" not in codes(verdict)


@pytest.mark.parametrize("filename", [None, "", "a", "活动.rmvb", "活动.MP4", "素材.zip"])
def test_a_link_without_a_telling_name_is_what_mails_cannot_carry(filename: str | None) -> None:
    verdict = Desk().hand_in(message(links=(link(filename),)))

    assert finding(verdict, "cloud-link").requirement == "video"


@pytest.mark.parametrize(
    ("filename", "key"),
    [("总结.pdf", "report"), ("1.JPEG", "photos"), ("活动照片.zip", "photos"), ("总结报告.rar", "report")],
)
def test_a_link_is_for_what_its_name_tells(filename: str, key: str) -> None:
    assert finding(Desk().hand_in(message(links=(link(filename),))), "cloud-link").requirement == key


def test_a_link_changes_nothing_of_what_is_there() -> None:
    desk = Desk()
    desk.hand_in(message(), video())
    desk.hand_in(message(links=(link(),)))

    assert desk.origins("video") == ["活动.mp4"]


def test_a_link_counts_when_a_person_has_looked() -> None:
    desk = Desk()
    mail = message(links=(link(),))
    desk.hand_in(mail)
    verdict = desk.hand_in(mail, waived=LOOKED, again=1)

    assert (verdict.disposition, desk.states()["video"]) == (ACCEPTED, "ok")
    assert not verdict.has(Severity.HOLD)


def test_an_expired_link_counts_only_when_staff_accept_it() -> None:
    desk = Desk()
    mail = message(links=(link(expires=MONDAY),))
    desk.hand_in(mail, at=MONDAY)
    assert desk.hand_in(mail, at=MONDAY, waived=LOOKED, again=1).disposition is RETURNED
    verdict = desk.hand_in(mail, at=MONDAY, waived=OVERLOOKED, again=1)

    assert (verdict.disposition, desk.states()["video"]) == (ACCEPTED, "ok")
    assert finding(verdict, "accepted-by-staff").detail == {"reason": "领导同意"}


def test_where_no_video_is_asked_for_a_nameless_link_still_waits_for_a_person() -> None:
    only = replace(NOTICE, requirements=(NOTICE.requirement("report"),))
    desk = Desk(replace(OFFICE, notices=(only,)))
    verdict = desk.hand_in(message(links=(link(None),)))

    assert verdict.disposition is HELD
    assert finding(verdict, "cloud-link").requirement is None
    assert desk.filed == []


# Claimed and trusted


def test_who_just_e_mails_is_counted_provisionally() -> None:
    desk = Desk()
    verdict = desk.hand_in(CLAIM, report(), photo(), video())

    assert (verdict.disposition, verdict.answer, codes(verdict)) == (ACCEPTED, True, ["unit-claimed"])
    assert (desk.checklist().state, desk.checklist().tier) == (UnitState.COMPLETE, Tier.CLAIMED)


def test_a_known_sender_replaces_what_was_only_claimed() -> None:
    desk = Desk()
    desk.hand_in(CLAIM, video("假.mp4"), photo("假.jpg"))
    verdict = desk.hand_in(message(), video("真.mp4"), photo("真.jpg"))

    assert counted(verdict) == ["真.mp4", "真.jpg"]
    assert (desk.origins("video"), desk.origins("photos")) == (["真.mp4"], ["真.jpg"])


def test_a_claim_never_stands_over_a_known_sender_and_waits_for_a_person() -> None:
    desk = Desk()
    desk.hand_in(message(), video("真.mp4"))
    verdict = desk.hand_in(CLAIM, video("假.mp4"), report())

    assert desk.origins("video") == ["真.mp4"]
    assert counted(verdict) == ["总结报告.docx"]
    assert finding(verdict, "claimed-not-counted").severity is Severity.HOLD


def test_a_claim_does_not_stand_over_what_waits_for_a_person_either() -> None:
    desk = Desk()
    desk.hand_in(message(), video(seconds=None))
    verdict = desk.hand_in(CLAIM, video("假.mp4"))

    assert desk.states()["video"] == "held"
    assert finding(verdict, "claimed-not-counted").severity is Severity.HOLD


def test_a_strangers_report_does_not_make_a_known_senders_unnamed_one_an_attachment() -> None:
    desk = Desk()
    desk.hand_in(CLAIM, report("总结报告.docx"))
    verdict = desk.hand_in(message(), report("材料.docx"))

    assert counted(verdict) == ["材料.docx"]
    assert desk.origins("report") == ["材料.docx"]


def test_one_who_only_claims_is_told_nothing_of_what_others_handed_in() -> None:
    desk = Desk()
    desk.hand_in(message(), report(), photo())
    verdict = desk.hand_in(CLAIM, video("假.mp4"))

    assert codes(verdict)[-3:] == ["report-missing", "photos-missing", "unit-claimed"]


def test_one_who_only_claims_sees_what_they_sent_themselves() -> None:
    desk = Desk()
    desk.hand_in(CLAIM, report())

    assert "report-missing" not in codes(desk.hand_in(CLAIM, video("b.mp4")))


def test_mails_without_a_certain_sender_do_not_see_one_another() -> None:
    desk = Desk()
    nobody = message("微山县科技活动周材料", None)
    desk.hand_in(nobody, report())

    assert "report-missing" in codes(desk.hand_in(nobody, video()))


def test_two_strangers_of_one_unit_may_send_the_same_photo() -> None:
    desk = Desk()
    desk.hand_in(CLAIM, photo())
    verdict = desk.hand_in(replace(CLAIM, sender=replace(CLAIM.sender, spec="678@qq.com")), photo())  # type: ignore[type-var]

    assert counted(verdict) == ["1.jpg"]
    assert not verdict.has(Severity.HOLD)


@pytest.mark.parametrize(
    ("policy", "held"),
    [("open", set()), ("roster", {Tier.CLAIMED}), ("strict", {Tier.CLAIMED, Tier.THREAD})],
)
def test_the_policy_says_whose_mail_waits(policy: str, held: set[Tier]) -> None:
    thread = Acquaintance(thread=Thread(WEISHAN, NOTICE.id, Tier.KNOWN, frozenset({STRANGER})))
    mails = {
        Tier.CLAIMED: (CLAIM, Acquaintance()),
        Tier.THREAD: (message("回复", STRANGER), thread),
        Tier.KNOWN: (message(), Acquaintance()),
        Tier.CONFIRMED: (CLAIM, Acquaintance(assigned=WEISHAN)),
    }
    for tier, (mail, known) in mails.items():
        desk = Desk(replace(OFFICE, policy=policy))
        verdict = desk.hand_in(mail, report(), known=known)

        assert verdict.identity.tier is tier
        assert (verdict.disposition is HELD) == (tier in held)
        assert ("unit-claimed" in codes(verdict)) == (tier in held or tier is Tier.CLAIMED)
        assert bool(desk.filed) == (tier not in held)


def strictly() -> Desk:
    return Desk(replace(OFFICE, policy="strict"))


def test_strictly_nothing_replaces_what_counts_until_staff_confirmed_its_sender() -> None:
    desk = strictly()
    desk.hand_in(message(), video("一.mp4"), photo("一.jpg"))
    verdict = desk.hand_in(message(), video("二.mp4"), photo("二.jpg"))

    assert (desk.origins("video"), counted(verdict)) == (["一.mp4"], ["二.jpg"])
    assert finding(verdict, "sender-unconfirmed").severity is Severity.HOLD
    assert desk.origins("photos") == ["一.jpg", "二.jpg"], "photos add up and replace nothing"


def test_strictly_what_a_confirmed_sender_sends_replaces() -> None:
    desk = strictly()
    desk.hand_in(message(), video("一.mp4"))
    desk.hand_in(message(), video("二.mp4"), known=Acquaintance(learned=frozenset({WEISHAN})))

    assert desk.origins("video") == ["二.mp4"]


def test_strictly_the_first_stays_also_when_it_is_judged_again_after_a_person_let_a_second_count() -> None:
    desk = strictly()
    desk.hand_in(message(), video("一.mp4"))
    desk.hand_in(message(), video("二.mp4"))
    desk.hand_in(message(), video("二.mp4"), waived=LOOKED, again=2)
    assert desk.origins("video") == ["二.mp4"]

    verdict = desk.hand_in(message(), video("一.mp4"), again=1)

    assert "sender-unconfirmed" not in codes(verdict)
    assert desk.origins("video") == ["二.mp4"]


HOSTED = replace(OFFICE, trusted=frozenset({"mx"}))
FAIL = HostVerdict("mx", (MethodResult("dmarc", "fail"),))
UNREAD = HostVerdict("mx", (), whole=False)


@pytest.mark.parametrize(
    "mail", [message(), CLAIM, message("科技活动周材料", STRANGER), message(headers={"Auto-Submitted": "auto-replied"})]
)
@pytest.mark.parametrize(("word", "code"), [(FAIL, "sender-refuted"), (UNREAD, "sender-unverified")])
def test_what_is_forged_or_may_be_is_held_and_nobody_is_answered(mail: Message, word: HostVerdict, code: str) -> None:
    desk = Desk(HOSTED)
    said = desk.hand_in(replace(mail, verdicts=(word,)), report())

    assert (said.disposition, said.answer, codes(said)) == (HELD, False, [code])
    assert desk.filed == []


@pytest.mark.parametrize(
    "mail",
    [message("会议通知"), message("你好", STRANGER), message(headers={"Auto-Submitted": "auto-replied"})],
)
def test_what_is_forged_and_would_be_ignored_without_is_ignored(mail: Message) -> None:
    assert Desk(HOSTED).hand_in(replace(mail, verdicts=(FAIL,))).disposition is IGNORED


def test_what_is_forged_counts_when_a_person_has_looked() -> None:
    verdict = Desk(HOSTED).hand_in(replace(message(), verdicts=(UNREAD,)), report(), waived=LOOKED)

    assert counted(verdict) == ["总结报告.docx"]


def test_what_waits_for_its_sender_counts_when_a_person_has_looked() -> None:
    desk = Desk(replace(OFFICE, policy="strict"))
    desk.hand_in(CLAIM, report())

    assert counted(desk.hand_in(CLAIM, report(), waived=LOOKED, again=1)) == ["总结报告.docx"]


# Doubt about the whole mail


def test_a_known_sender_who_names_another_unit_is_held_and_nothing_counts() -> None:
    desk = Desk()
    verdict = desk.hand_in(message("鱼台县科技活动周材料", links=(link(),)), report())

    assert (verdict.disposition, verdict.answer, codes(verdict)) == (HELD, True, ["unit-conflict"])
    assert verdict.identity.rivals == {YUTAI}
    assert desk.filed == []
    assert [each.state for each in verdict.assessments] == [EntryState.HELD]


def test_a_contradiction_is_settled_by_a_person_either_way() -> None:
    desk = Desk()
    mail = message("鱼台县科技活动周材料")
    desk.hand_in(mail, report())
    assert counted(desk.hand_in(mail, report(), waived=LOOKED, again=1)) == ["总结报告.docx"]
    assert desk.origins("report", WEISHAN) == ["总结报告.docx"]
    desk.hand_in(mail, report(), known=Acquaintance(assigned=YUTAI), again=1)

    assert desk.origins("report", WEISHAN) == []
    assert desk.origins("report", YUTAI) == ["总结报告.docx"]


@pytest.mark.parametrize("subject", ["科技活动周材料", "微山县、鱼台县科技活动周材料"])
def test_who_cannot_be_named_is_asked_not_rejected(subject: str) -> None:
    desk = Desk()
    verdict = desk.hand_in(message(subject, STRANGER), report())

    assert (verdict.disposition, verdict.answer, codes(verdict)) == (HELD, True, ["unit-unknown"])
    assert desk.filed == []


def test_lateness_is_said_of_what_is_held_too() -> None:
    verdict = Desk().hand_in(message("鱼台县科技活动周材料"), report(), at=DEADLINE + timedelta(days=1))

    assert (verdict.late, codes(verdict)) == (True, ["unit-conflict", "late"])


# What staff decide


def test_released_holds_count() -> None:
    desk = Desk()
    desk.hand_in(message(), video(seconds=None))
    verdict = desk.hand_in(message(), video(seconds=None), waived=LOOKED, again=1)

    assert (verdict.disposition, desk.states()["video"]) == (ACCEPTED, "ok")
    assert not verdict.has(Severity.HOLD)


def test_accepted_faults_count() -> None:
    desk = Desk()
    desk.hand_in(message(), LONG)
    verdict = desk.hand_in(message(), LONG, waived=OVERLOOKED, again=1)

    assert (verdict.disposition, desk.states()["video"]) == (ACCEPTED, "ok")
    assert not verdict.has(Severity.FAULT)


@pytest.mark.parametrize(
    ("mail", "examined"),
    [
        (message("科技活动周怎么报"), ()),
        (message("花名册"), (report("花名册.xlsx", format="xlsx"),)),
        (message(), (material("材料.rar", format="rar"),)),
        (message(), (logo(),)),
    ],
)
def test_a_person_who_has_looked_is_not_asked_again(mail: Message, examined: tuple[Examined, ...]) -> None:
    desk = Desk()
    before = desk.hand_in(mail, *examined)
    after = desk.hand_in(mail, *examined, waived=LOOKED, again=1)

    assert before.has(Severity.HOLD)
    assert not after.has(Severity.HOLD)
    assert (after.disposition, after.answer) == (IGNORED, False)
    assert "released" in codes(after)


def test_a_file_that_a_person_has_looked_at_does_not_vanish() -> None:
    unopened = material("活动视频.rar", format="rar", condition=Condition.UNMEASURED)
    desk = Desk()
    desk.hand_in(message(), unopened)
    after = desk.hand_in(message(), unopened, waived=LOOKED, again=1)

    assert (after.disposition, after.answer) == (Disposition.RETURNED, True)
    assert "released" in codes(after)
    assert "no-material" not in codes(after)


def test_an_empty_document_is_told_even_when_the_report_is_there() -> None:
    desk = Desk()
    desk.hand_in(message(), report())
    assert "file-empty" in codes(
        desk.hand_in(message(), report("空.docx", condition=Condition.EMPTY, text_length=None))
    )


def test_unrelated_looking_mail_that_a_person_releases_is_judged() -> None:
    desk = Desk()
    desk.hand_in(message("材料"), report("微山.docx"))
    verdict = desk.hand_in(message("材料"), report("微山.docx"), waived=LOOKED, again=1)

    assert counted(verdict) == ["微山.docx"]


def test_an_older_mail_judged_again_is_not_held_because_a_newer_one_counts() -> None:
    desk = Desk()
    desk.hand_in(message(), video("旧.mp4"))
    desk.hand_in(message(), video("新.mp4"))
    verdict = desk.hand_in(message(), video("旧.mp4"), again=1)

    assert (verdict.disposition, counted(verdict)) == (ACCEPTED, [])
    assert not verdict.has(Severity.HOLD)
    assert desk.origins("video") == ["新.mp4"]


# Laws

WEIRD = some.text(max_size=40)
PHRASES = some.sampled_from(
    [
        "科技活动周材料",
        "微山县科技活动周",
        "鱼台县",
        "自动回复：",
        "",
        "材料 附件 请查收",
        "退信",
        "总结报告",
        "视频 \x00 \udcff",
    ]
)
SENDERS = some.sampled_from([KNOWN, SHARED, STRANGER, "someone@rencheng.example.cn", None])
NAMES = some.sampled_from(
    [
        "总结报告.docx",
        "a",
        "1.jpg",
        "活动.mp4",
        "材料.zip/照片/1.jpg",
        "金乡县.pdf",
        "",
        ".",
        "x.exe",
        "总结\u202efdp.exe",
    ]
)
FORMATS = some.sampled_from(["docx", "pdf", "jpg", "png", "gif", "mp4", "mov", "unknown", "exe", "zip", "html", "txt"])
MEASURE = some.none() | some.floats(0, 1e9) | some.sampled_from([180.0, 181.0, 181.1])
PIXELS = some.none() | some.integers(0, 100_000)


@some.composite
def files(draw: some.DrawFn) -> Examined:
    name = draw(NAMES)
    return material(
        name,
        size=draw(some.sampled_from([0, 19_999, 20_000, 10**9])),
        content=draw(some.sampled_from(["a", "b", "c", name or "d"])),
        condition=draw(some.sampled_from(Condition)),
        kind=draw(some.sampled_from(Kind)),
        format=draw(FORMATS),
        seconds=draw(MEASURE),
        hidden_seconds=draw(MEASURE),
        width=draw(PIXELS),
        height=draw(PIXELS),
        text_length=draw(PIXELS),
        text=draw(PHRASES | WEIRD),
    )


@some.composite
def mails(draw: some.DrawFn, senders: some.SearchStrategy[str | None] = SENDERS) -> Message:
    links = [link(draw(NAMES | some.none()), draw(some.sampled_from([None, MONDAY, DEADLINE])))]
    return message(
        draw(PHRASES | WEIRD),
        draw(senders),
        draw(PHRASES | WEIRD),
        shown=draw(PHRASES),
        links=tuple(draw(some.lists(some.sampled_from(links), max_size=2))),
        headers=draw(some.sampled_from([{}, {"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}])),
    )


SOMETIMES = some.sampled_from([MONDAY, DEADLINE, DEADLINE + timedelta(days=400), MONDAY - timedelta(days=400)])
UNITS = some.none() | some.sampled_from([WEISHAN, YUTAI])
THREADS = some.none() | some.builds(
    Thread, UNITS, some.none() | some.sampled_from([NOTICE.id, "gone"]), some.sampled_from(Tier)
)
SETS = some.frozensets(some.sampled_from([WEISHAN, YUTAI]), max_size=2)
ACQUAINTANCES = some.builds(Acquaintance, UNITS, THREADS, SETS, SETS)
WAIVERS = some.sampled_from([Waived(), LOOKED, OVERLOOKED])
PLAN = Requirement("plan", "方案", Kind.DOCUMENT, ("docx",), minimum=2)
OFFICES = some.sampled_from(
    [
        OFFICE,
        replace(OFFICE, policy="roster"),
        replace(OFFICE, policy="strict"),
        replace(OFFICE, notices=(NOTICE, replace(NOTICE, id="two", requirements=(PLAN, VIDEO)))),
        replace(OFFICE, notices=()),
    ]
)
ARRIVALS = some.lists(
    some.tuples(mails(), some.lists(files(), max_size=4), SOMETIMES, ACQUAINTANCES, WAIVERS), min_size=1, max_size=4
)


def obey(verdict: Verdict, examined: Sequence[Examined]) -> None:
    """What holds of every verdict, whatever the mail was."""
    assert [each.examined for each in verdict.assessments] == list(examined), "one fate for every material"
    whole = bool(verdict.findings) and verdict.disposition is IGNORED
    for each in verdict.assessments:
        assert each.counted or each.state is not None or each.findings or whole, "every fate is said"
        assert not each.counted or (each.state is EntryState.OK and each.requirement), "only what is valid counts"
        if each.state is EntryState.FAULTY:
            assert any(finding.severity is Severity.FAULT for finding in each.findings), "no fault without a reason"
    if any(each.counted for each in verdict.assessments):
        assert verdict.disposition is ACCEPTED
    match verdict.disposition:
        case Disposition.RETURNED:
            looked_at = {"released", "accepted-by-staff"} & set(codes(verdict))
            assert verdict.has(Severity.FAULT) or looked_at
        case Disposition.HELD:
            assert verdict.has(Severity.HOLD), "what is held asks for a person"
        case Disposition.IGNORED:
            assert not verdict.answer
            assert verdict.findings
            assert not verdict.has(Severity.HOLD)
            assert not verdict.filed


@settings(max_examples=200)
@given(OFFICES, ARRIVALS)
def test_no_mail_makes_judging_fail_and_every_material_has_exactly_one_fate(office: object, arrivals: list) -> None:  # type: ignore[type-arg]
    desk = Desk(office)  # type: ignore[arg-type]
    for mail, examined, at, known, waived in arrivals:
        obey(desk.hand_in(mail, *examined, at=at, known=known, waived=waived), examined)


@given(ARRIVALS)
def test_what_counts_was_filed_and_complete_means_all(arrivals: list) -> None:  # type: ignore[type-arg]
    desk = Desk()
    for mail, examined, at, known, waived in arrivals:
        verdict = desk.hand_in(mail, *examined, at=at, known=known, waived=waived)
        unit = verdict.identity.unit
        if unit is None:
            continue
        whole = desk.checklist(unit)
        standing = {(item.requirement.key, entry.sha256) for item in whole.items for entry in item.entries}
        brought = {(each.requirement, each.examined.material.sha256) for each in verdict.assessments if each.counted}
        assert brought <= standing, "what is said to count does count"
        assert all(entry in desk.entries(unit) for item in whole.items for entry in item.entries)
        assert (whole.state is UnitState.COMPLETE) == all(item.state == "ok" for item in whole.items)


GOOD = some.sampled_from(
    [report(), report("新总结报告.docx"), report("材料.docx"), photo("1.jpg"), photo("2.jpg"), video(), LONG]
)
BY_STAFF = message("补报材料", "clerk@qq.com")
TRUSTED = some.sampled_from(
    [
        (message(), Acquaintance()),
        (BY_STAFF, Acquaintance(learned=frozenset({WEISHAN}))),
        (BY_STAFF, Acquaintance(assigned=WEISHAN)),
        (BY_STAFF, Acquaintance(thread=Thread(WEISHAN, NOTICE.id, Tier.THREAD, frozenset({"clerk@qq.com"})))),
    ]
)
KNOWN_MAILS = some.lists(some.tuples(TRUSTED, some.lists(GOOD | files(), min_size=1, max_size=3)), max_size=4)
POLICIES = some.sampled_from(["open", "roster", "strict"])
FORGED = (HostVerdict("mx.example.cn", (MethodResult("dmarc", "fail"),)),)
STRANGERS = some.lists(
    some.tuples(
        some.just(CLAIM) | mails(some.sampled_from([STRANGER, None])) | some.just(replace(message(), verdicts=FORGED)),
        some.lists(GOOD | files(), max_size=3),
    ),
    max_size=4,
)


@settings(max_examples=200)
@given(POLICIES, KNOWN_MAILS, STRANGERS, some.randoms())
def test_strangers_change_nothing_of_what_a_known_unit_handed_in(
    policy: str,
    known: list,
    strangers: list,
    random: object,  # type: ignore[type-arg]
) -> None:
    """Neither what is decided about a mail of the unit's, with all that its letter tells, nor what counts of it; also
    where the unit has left a gap that somebody's claim could fill.
    """
    mixed = [(acquaintance, mail, files) for (mail, acquaintance), files in known]
    mixed += [(None, mail, files) for mail, files in strangers]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    office = replace(OFFICE, policy=policy, trusted=frozenset({"mx.example.cn"}))
    alone, among = Desk(office), Desk(office)
    for acquaintance, mail, examined in mixed:
        told = among.hand_in(mail, *examined, at=MONDAY, known=acquaintance or Acquaintance())
        if acquaintance is not None:
            assert told == alone.hand_in(mail, *examined, at=MONDAY, known=acquaintance)

    for item, same in zip(alone.checklist().items, among.checklist().items, strict=True):
        own = [(each.sha256, each.origin, each.tier) for each in same.entries if each.tier.trusted]
        assert own == [(each.sha256, each.origin, each.tier) for each in item.entries]
        if item.entries or item.state == "held":
            assert same.state is item.state


def test_a_claim_takes_no_question_back_that_a_known_unit_must_answer() -> None:
    desk = Desk()
    desk.hand_in(CLAIM, video("假.mp4"))
    assert codes(desk.hand_in(message(), report(), photo())) == ["video-missing"]


def test_a_claim_makes_no_unit_take_part() -> None:
    """What may be none of our business is answered to a unit that has handed something in itself."""
    unclear = message("会议通知", text="见附件")
    alone, among = Desk(), Desk()
    among.hand_in(CLAIM, report())
    expected = alone.hand_in(unclear, material("回执.docx"))
    assert codes(expected) == ["relevance-unclear"]
    assert among.hand_in(unclear, material("回执.docx")) == expected


def test_what_one_claimant_handed_in_another_does_not_replace_by_himself() -> None:
    desk = Desk()
    desk.hand_in(CLAIM, report(), video())
    other = replace(CLAIM, sender=replace(CLAIM.sender, spec="678@qq.com"))  # type: ignore[type-var]
    verdict = desk.hand_in(other, report("另一份.docx"), photo())

    assert counted(verdict) == ["1.jpg"]
    assert "sender-unconfirmed" in codes(verdict.assessments[0])
    assert desk.origins("report") == ["总结报告.docx"]
    known = desk.hand_in(message(), report("正式.docx"))
    assert counted(known) == ["正式.docx"]


@given(some.permutations([(report(),), (photo("1.jpg"), photo("2.jpg")), (video(),), (LONG,), (photo("2.jpg"),)]))
def test_the_order_of_mails_does_not_matter_where_nothing_is_replaced(order: list[tuple[Examined, ...]]) -> None:
    desk = Desk()
    for examined in order:
        desk.hand_in(message(), *examined)

    assert desk.checklist().state is UnitState.COMPLETE
    assert sorted(desk.origins("photos")) == ["1.jpg", "2.jpg"]
    assert desk.origins("video") == ["活动.mp4"]


@given(ARRIVALS)
def test_judging_the_last_mail_again_decides_the_same(arrivals: list) -> None:  # type: ignore[type-arg]
    desk = Desk()
    for mail, examined, at, known, waived in arrivals:
        verdict = desk.hand_in(mail, *examined, at=at, known=known, waived=waived)

    assert desk.hand_in(mail, *examined, at=at, known=known, waived=waived, again=desk.mails) == verdict


# Found among unwanted mail


def test_a_submission_found_among_unwanted_mail_is_judged_like_any_other_and_says_so() -> None:
    verdict = Desk().hand_in(message(), report(), photo(), video(), junk="垃圾邮件")
    assert verdict.disposition is ACCEPTED
    assert finding(verdict, "found-in-junk").detail == {"folder": "垃圾邮件"}
    assert finding(verdict, "found-in-junk").severity is Severity.NOTE


def test_what_a_person_must_look_at_says_where_it_lies() -> None:
    assert "found-in-junk" in codes(Desk().hand_in(message("科技活动周材料", "x@y.example"), report(), junk="Spam"))


def test_what_is_not_ours_says_nothing_of_its_folder() -> None:
    assert codes(Desk().hand_in(message("合作邀请", "x@spam.example"), junk="Spam")) == ["not-a-submission"]


@pytest.mark.parametrize("outcome", [Scanned.UNSCANNED, Scanned.PARTLY])
def test_of_a_mail_held_as_a_whole_staff_read_what_was_not_scanned(outcome: Scanned) -> None:
    unseen = replace(report(), scan=Scan(outcome, "away"))
    verdict = Desk().hand_in(message("科技活动周材料", "x@y.example"), unseen, photo())
    assert verdict.disposition is HELD
    assert "unit-unknown" in codes(verdict)
    assert [codes(each) for each in verdict.assessments] == [["not-scanned"], []]
