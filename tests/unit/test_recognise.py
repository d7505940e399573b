"""What kind of mail it is. Most mail of an office is none of our business, and must get no answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.domain.finding import Severity
from intake.domain.identity import Acquaintance, Thread, Tier
from intake.domain.mail import Message
from intake.domain.material import Examined
from intake.domain.recognise import STILL_EXPECTED, Relevance
from intake.domain.verdict import Disposition
from tests.unit.builders import (
    DEADLINE,
    KNOWN,
    MONDAY,
    NOTICE,
    OFFICE,
    OPENS,
    OWN,
    STAFF,
    STRANGER,
    UNACQUAINTED,
    WEISHAN,
    YUTAI,
    Desk,
    codes,
    counted,
    finding,
    link,
    material,
    message,
    photo,
    relevance,
    report,
    seen,
    video,
)

CLAIMED_THREAD = Acquaintance(thread=Thread(WEISHAN, "week", Tier.CLAIMED))
ASKED_THREAD = Acquaintance(thread=Thread(None, None, Tier.UNKNOWN))


# Not ours


@pytest.mark.parametrize(
    ("mail", "examined"),
    [
        (message("会员日大促", STRANGER), (photo(),)),
        (message("会员日大促", STRANGER), (report("优惠.pdf"),)),
        (message("科技活动周快讯", STRANGER, text="本期要闻"), ()),
        (message("要闻", STRANGER, text="科技活动周在各地举行，微山县表现突出"), ()),
        (message("微山县科技活动周新闻", STRANGER), ()),
        (message("科技活动周产品目录", STRANGER), (material("x.mp3", format="mp3"),)),
        (message("明天开会", KNOWN), ()),
    ],
)
def test_what_does_not_submit_is_ignored_without_an_answer(mail: Message, examined: tuple[Examined, ...]) -> None:
    verdict = Desk().hand_in(mail, *examined)

    assert (verdict.disposition, verdict.answer) == (Disposition.IGNORED, False)
    assert codes(verdict) == ["not-a-submission"]


def test_unrelated_files_of_a_known_unit_wait_for_a_person_and_are_not_answered() -> None:
    desk = Desk()
    verdict = desk.hand_in(message("人员花名册"), report("花名册.docx"))

    assert (verdict.disposition, verdict.answer) == (Disposition.HELD, False)
    assert finding(verdict, "relevance-unclear").severity is Severity.HOLD
    assert desk.entries(WEISHAN) == []


def test_a_link_in_unrelated_mail_of_a_known_unit_changes_nothing() -> None:
    desk = Desk()
    verdict = desk.hand_in(message("人员花名册", links=(link("花名册.xlsx"),)))

    assert codes(verdict) == ["relevance-unclear"]
    assert desk.entries(WEISHAN) == []


@pytest.mark.parametrize(
    ("mail", "code"),
    [
        (message("自动回复：科技活动周"), "automatic-reply"),
        (message("科技活动周", OWN), "own-letter"),
        (message("科技活动周", "postmaster@example.cn"), "bounce"),
        (message("已读：科技活动周"), "read-receipt"),
        (message("科技活动周", STRANGER, headers={"List-Id": "<x>"}), "mailing-list"),
        (message("科技活动周", STAFF), "staff-mail"),
    ],
)
def test_what_nobody_wrote_to_us_is_ignored_by_name(mail: Message, code: str) -> None:
    verdict = Desk().hand_in(mail)

    assert (verdict.disposition, verdict.answer, codes(verdict)) == (Disposition.IGNORED, False, [code])


def test_a_robot_of_a_known_unit_that_brings_materials_is_filed_and_not_answered() -> None:
    verdict = Desk().hand_in(message("科技活动周", headers={"Precedence": "bulk"}), report())

    assert (verdict.disposition, verdict.answer) == (Disposition.ACCEPTED, False)


def test_a_strangers_robot_is_not_filed() -> None:
    mail = message("微山县科技活动周", STRANGER, headers={"Precedence": "bulk"})

    assert Desk().hand_in(mail, report()).disposition is Disposition.IGNORED


def test_staff_who_forward_materials_are_heard() -> None:
    assert Desk().hand_in(message("转发：鱼台县科技活动周", STAFF), report()).identity.unit == YUTAI


# Ours


@pytest.mark.parametrize(
    ("mail", "examined"),
    [
        (message("科技活动周材料"), (photo(),)),
        (message("材料", text="报送科技活动周材料"), (photo(),)),
        (message("材料"), (report("科技活动周.docx"),)),
        (message("材料"), (report("a.docx", text="科技活动周总结"),)),
        (message("材料"), (report("总结报告.docx"),)),
        (message("材料"), (video("a.mp4"),)),
        (message("活动照片"), (photo(),)),
        (message("材料", text="见图片"), (photo(),)),
        (message("补报视频", links=(link(),)), ()),
        (message("微山县科技活动周", STRANGER), (photo(),)),
        (message("科技活动周", STRANGER), (photo(),)),
    ],
)
def test_what_plainly_submits_is_judged(mail: Message, examined: tuple[Examined, ...]) -> None:
    assert relevance(mail, *examined) is Relevance.SUBMITS


def test_a_stranger_becomes_acquainted_by_a_submission_that_counted() -> None:
    mail, film = message("补报", STRANGER, text="微山县"), video()

    assert relevance(mail, film) is Relevance.NONE
    assert relevance(mail, film, known=Acquaintance(claimed_before=frozenset({WEISHAN}))) is Relevance.SUBMITS


def test_what_staff_assigned_is_judged_whatever_it_says() -> None:
    assert relevance(message("你好", STRANGER), photo(), known=Acquaintance(assigned=WEISHAN)) is Relevance.SUBMITS


# Nothing attached


@pytest.mark.parametrize(
    ("mail", "known"),
    [
        (message("科技活动周视频可以四分钟吗"), Acquaintance()),
        (message("科技活动周材料"), Acquaintance()),
        (message("微山县科技活动周材料", STRANGER, text="材料见附件，请查收"), Acquaintance()),
        (message("你好", STRANGER), Acquaintance(assigned=WEISHAN)),
    ],
)
def test_a_mail_about_the_notice_without_a_file_is_answered_and_waits(mail: Message, known: Acquaintance) -> None:
    verdict = Desk().hand_in(mail, known=known)

    assert (verdict.disposition, verdict.answer) == (Disposition.HELD, True)
    assert codes(verdict) == ["no-material"]


@pytest.mark.parametrize(
    ("text", "known"),
    [("视频可以四分钟吗？", CLAIMED_THREAD), ("鱼台县科学技术局", ASKED_THREAD), ("是我们的", ASKED_THREAD)],
)
def test_an_answer_to_our_own_letter_always_reaches_a_person(text: str, known: Acquaintance) -> None:
    verdict = Desk().hand_in(message("回复：【需补正】", STRANGER, text=text), known=known)

    assert verdict.disposition is Disposition.HELD
    assert verdict.has(Severity.HOLD)
    assert not verdict.answer, "nothing is wrong with it, so it is not told that files are missing"


# Which notice

OLDER = replace(NOTICE, id="older", opens=OPENS - timedelta(days=365), deadline=DEADLINE - timedelta(days=365))
OTHER = replace(NOTICE, id="other", keywords=("高新企业", "企业申报"))
SEVERAL = replace(OFFICE, notices=(OLDER, NOTICE, OTHER))


def notice_of(mail: Message, *examined: Examined, known: Acquaintance = UNACQUAINTED) -> str | None:
    found = seen(mail, *examined, known=known, office=SEVERAL).notice
    return found.id if found else None


def test_a_thread_decides_which_notice_first_of_all() -> None:
    known = Acquaintance(thread=Thread(WEISHAN, "older", Tier.KNOWN))

    assert notice_of(message("高新企业"), known=known) == "older"


@pytest.mark.parametrize(
    ("mail", "examined"),
    [
        (message("高新企业材料", text="科技活动周"), ()),
        (message("材料"), (report("高新企业总结报告.docx"),)),
        (message("材料", text="科技活动周"), (report("高新企业.docx"),)),
        (message("材料", text="科技活动周"), (report("a.docx", text="高新企业"),)),
        (message("材料", text="高新企业"), ()),
    ],
)
def test_the_most_telling_place_with_a_keyword_decides(mail: Message, examined: tuple[Examined, ...]) -> None:
    assert notice_of(mail, *examined) == "other"


def test_of_two_notices_with_the_same_keyword_the_current_one_is_meant() -> None:
    assert notice_of(message("科技活动周材料")) == "week"


def test_a_second_place_settles_what_the_first_left_open() -> None:
    assert notice_of(message("科技活动周、高新企业材料", text="高新企业材料")) == "other"


def test_a_notice_is_expected_for_a_while_after_its_deadline() -> None:
    late = DEADLINE + STILL_EXPECTED

    assert seen(message("科技活动周"), at=late).notice == NOTICE
    assert seen(message("科技活动周"), at=late, office=replace(OFFICE, notices=(OLDER, NOTICE))).notice == NOTICE


def test_a_notice_that_has_not_opened_is_not_meant() -> None:
    assert seen(message("科技活动周"), at=OPENS - timedelta(seconds=1)).notice is None


def test_an_undecidable_notice_waits_for_a_person_and_is_asked_about() -> None:
    desk = Desk(SEVERAL)
    verdict = desk.hand_in(message("科技活动周、高新企业材料"), report())

    assert (verdict.disposition, verdict.answer) == (Disposition.HELD, True)
    assert codes(verdict) == ["notice-unclear"]
    assert desk.filed == []


def test_without_any_keyword_two_open_notices_cannot_be_told_apart() -> None:
    assert notice_of(message("补报"), video()) is None


def test_material_for_a_notice_that_does_not_ask_the_unit_is_not_filed_under_another() -> None:
    elsewhere = replace(OTHER, unit_codes=(YUTAI,))
    desk = Desk(replace(OFFICE, notices=(NOTICE, elsewhere)))
    verdict = desk.hand_in(message("高新企业材料"), report())

    assert codes(verdict) == ["notice-unclear"]
    assert desk.filed == []


def test_of_two_notices_with_one_keyword_the_one_that_asks_the_unit_is_meant() -> None:
    elsewhere = replace(NOTICE, id="elsewhere", unit_codes=(YUTAI,))
    desk = Desk(replace(OFFICE, notices=(elsewhere, NOTICE)))

    assert counted(desk.hand_in(message(), report())) == ["总结报告.docx"]
    assert [notice for _unit, notice, _entry in desk.filed] == ["week"]


def test_a_mail_is_of_the_time_it_was_received() -> None:
    assert seen(message(), at=MONDAY).notice == NOTICE
