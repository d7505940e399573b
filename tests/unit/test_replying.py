"""The rules for answers: which one decides about a mail, one by one and in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intake.domain.case import Case
from intake.domain.judge import judge
from intake.domain.recognise import recognise
from intake.domain.replying import (
    MOST_DELIVERIES,
    MOST_HOPS,
    RULES,
    Correspondence,
    Handling,
    Letters,
    Limits,
    rule_for,
    substance,
)
from tests.unit.builders import (
    KNOWN,
    MONDAY,
    OFFICE,
    OWN,
    STAFF,
    STRANGER,
    UNACQUAINTED,
    link,
    logo,
    material,
    message,
    photo,
    report,
    video,
)

IDLE = Letters(new_file=False, reaction=True)


def correspondence(*examined: Any, letters: Letters | None = None, **more: Any) -> Correspondence:
    """A mail of a known county as it is when its answer is to be ruled on."""
    headers = more.pop("headers", {})
    mail = replace(message(**more), headers=headers)
    seen = recognise(mail, examined, MONDAY, OFFICE, UNACQUAINTED)
    case = Case("M000001", 1, "0" * 64, mail, tuple(examined), MONDAY, seen)
    return Correspondence(case, judge(case), letters or Letters(new_file=bool(examined)))


def ruled(mail: Correspondence) -> tuple[str, Handling]:
    rule = rule_for(mail)
    return rule.name, rule.handling


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"headers": {"auto-submitted": ("auto-replied",)}}, "automatic-reply"),
        ({"headers": {"list-id": ("<all.example.cn>",)}}, "mailing-list"),
        ({"headers": {"return-path": ("<>",)}}, "bounce"),
        ({"subject": "已读：科技活动周材料"}, "read-receipt"),
        ({"sender": OWN}, "own-letter"),
        ({"sender": STAFF}, "staff-mail"),
        ({"sender": None}, "no-sender"),
        ({"sender": STRANGER, "subject": "办公用品报价"}, "not-owed"),
    ],
)
def test_who_is_never_answered(more: dict[str, Any], name: str) -> None:
    assert ruled(correspondence(**more)) == (name, Handling.NONE)


@pytest.mark.parametrize(
    ("never", "name"),
    [(KNOWN, "never"), ("@weishan.example.cn", "never"), ("@example.cn", "answered"), (STRANGER, "answered")],
)
def test_whom_staff_name_a_robot_is_not_answered_whatever_it_brings(never: str, name: str) -> None:
    mail = correspondence(report())
    assert mail.case.sender
    mail = replace(mail, limits=Limits(never=frozenset({never})))
    assert ruled(mail)[0] == name


def test_a_county_that_hands_in_is_answered() -> None:
    assert ruled(correspondence(report())) == ("answered", Handling.SENT)


def test_a_mail_that_goes_round_is_not_answered() -> None:
    hops = {"received": tuple(f"from a by b; {number}" for number in range(MOST_HOPS))}
    assert ruled(correspondence(report(), headers=hops))[0] == "answered"
    hops["received"] += ("from b by a",)
    assert ruled(correspondence(report(), headers=hops)) == ("goes-round", Handling.NONE)
    same = {"delivered-to": (OWN, OWN.upper())}
    assert ruled(correspondence(report(), headers=same))[0] == "answered", "two programs of one server may write it"
    assert ruled(correspondence(report(), headers={"delivered-to": (OWN,) * (MOST_DELIVERIES + 1)}))[0] == "goes-round"


def test_what_brings_nothing_new_is_answered_once_a_day_and_twice_a_month() -> None:
    asked = correspondence(letters=IDLE)
    assert asked.idle
    assert ruled(asked)[0] == "answered"
    today, month = replace(IDLE, idle_day=1, idle_month=1), replace(IDLE, idle_month=2)
    assert ruled(replace(asked, letters=today)) == ("nothing-new", Handling.NONE)
    assert ruled(replace(asked, letters=month)) == ("nothing-new", Handling.NONE)
    before = replace(IDLE, idle_month=1, answered=True)
    assert ruled(replace(asked, letters=before)) == ("nothing-new", Handling.NONE), "with an answer before, once"
    assert ruled(replace(asked, letters=replace(before, idle_month=0)))[0] == "answered"
    no_echo = replace(month, reaction=False)
    assert ruled(replace(asked, letters=no_echo))[0] == "answered", "it came before any letter of ours"


def test_what_is_new_or_was_not_looked_into_is_no_idle_talk() -> None:
    often = replace(IDLE, idle_day=9, idle_month=9)
    asked = correspondence(letters=often)
    assert ruled(replace(asked, ruled=True))[0] == "answered", "staff said so"
    assert not correspondence(links=(link(),), letters=replace(often, new_link=True)).idle
    assert correspondence(links=(link(),), letters=often).idle, "the same link once more"
    assert not replace(asked, case=replace(asked.case, too_large=1 << 30)).idle
    assert not correspondence(photo(), letters=replace(often, new_file=True)).idle
    assert correspondence(photo(), letters=often).idle, "the same photo once more"


def test_a_link_is_news_and_its_answer_counts_as_one_to_idle_talk_once_a_letter_of_ours_went_there() -> None:
    linked = correspondence(links=(link(),), letters=replace(IDLE, new_link=True))
    assert (linked.idle, linked.slight) == (False, True)
    first = replace(linked, letters=replace(linked.letters, reaction=False))
    assert (first.idle, first.slight) == (False, False)
    assert not correspondence(photo(), letters=replace(IDLE, new_file=True)).slight


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        (Letters(to_address=4, in_all=8), "answered"),
        (Letters(to_address=5), "address-day"),
        (Letters(held_address=True), "address-day"),
        (Letters(in_all=9), "all-day"),
        (Letters(held_all=True), "all-day"),
        (Letters(held_all=True, held_address=True, to_address=5), "all-day"),
        (Letters(to_strangers=3, held_strangers=True), "answered"),
    ],
)
def test_what_is_too_much_for_a_day_waits_for_staff(letters: Letters, name: str) -> None:
    mail = replace(correspondence(report(), letters=letters), limits=Limits(per_address_day=5, per_day=9))
    assert ruled(mail) == (name, Handling.SENT if name == "answered" else Handling.HELD)


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        (Letters(in_all=9, to_strangers=2), "answered"),
        (Letters(to_strangers=3), "strangers-day"),
        (Letters(held_strangers=True, held_address=True), "strangers-day"),
        (Letters(held_strangers=True, held_all=True), "all-day"),
    ],
)
def test_those_whom_we_do_not_trust_have_a_limit_of_their_own(letters: Letters, name: str) -> None:
    claimed = correspondence(report("微山县科技局总结报告.docx"), sender=STRANGER, letters=letters)
    mail = replace(claimed, limits=Limits(per_day=9, strangers_day=3))
    assert ruled(mail) == (name, Handling.SENT if name == "answered" else Handling.HELD)


def test_what_robots_add_to_a_mail_is_no_news() -> None:
    trimmings = (logo(), material("名片.vcf", format="vcf"), material("转发.eml", format="eml"))
    assert substance(trimmings) == frozenset()
    small = video(width=176, height=144, size=9_000)  # a logo is a picture
    worth = (report(), photo(), small, material("活动.exe", format="exe"), material("照片.zip", format="zip"))
    assert substance((*trimmings, *worth)) == {each.material.sha256 for each in worth}


def test_a_robot_is_no_matter_for_staff_however_much_it_writes() -> None:
    robot = correspondence(headers={"auto-submitted": ("auto-replied",)}, letters=Letters(held_all=True))
    assert ruled(robot) == ("automatic-reply", Handling.NONE)


def test_every_rule_has_a_name_of_its_own_and_the_last_one_always_applies() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert RULES[-1].applies(correspondence())
