"""Who handed it in: a conclusion with evidence. The roster first, our thread next, what a mail claims last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from intake.domain.identity import NOBODY, Acquaintance, Identity, Thread, Tier, believed, vetted
from intake.domain.mail import Message
from intake.domain.material import Examined
from intake.domain.notice import Roster, Unit
from intake.domain.vouching import HostVerdict, MethodResult
from tests.unit.builders import (
    JIAXIANG,
    JINXIANG,
    KNOWN,
    RENCHENG,
    ROSTER,
    SHARED,
    STRANGER,
    WEISHAN,
    YUTAI,
    link,
    message,
    photo,
    report,
)


def identify(
    mail: Message,
    examined: Sequence[Examined],
    roster: Roster,
    known: Acquaintance,
    trusted: frozenset[str] = frozenset(),
) -> Identity:
    """The whole conclusion, as recognise.py comes to it."""
    return vetted(believed(mail, examined, roster, known), mail, roster, known, trusted)


def who(mail: Message, *examined: Examined, **known: Any) -> Identity:
    return identify(mail, examined, ROSTER, Acquaintance(**known))


def brief(identity: Identity) -> tuple[Tier, str | None]:
    return identity.tier, identity.unit


# The roster


@pytest.mark.parametrize("address", [KNOWN, "someone@rencheng.example.cn"])
def test_an_address_of_the_roster_is_known(address: str) -> None:
    unit = WEISHAN if address == KNOWN else RENCHENG

    assert who(message("你好", address)) == Identity(Tier.KNOWN, unit, ("sender",))


@pytest.mark.parametrize("address", ["kjj@sub.rencheng.example.cn", "x@notrencheng.example.cn", "kjj@example.cn"])
def test_a_domain_is_only_itself(address: str) -> None:
    assert who(message("你好", address)) == NOBODY


def test_an_exact_address_goes_before_its_domain() -> None:
    roster = Roster((Unit("1", "甲", "甲县", senders=("@x.cn",)), Unit("2", "乙", "乙县", senders=("b@x.cn",))))

    assert [unit.code for unit in roster.of_sender("B@X.CN")] == ["2"]
    assert [unit.code for unit in roster.of_sender("a@x.cn")] == ["1"]


@pytest.mark.parametrize(
    ("mail", "examined"),
    [
        (message("金乡县材料", SHARED), ()),
        (message("材料", SHARED), (report("金乡县总结报告.docx"),)),
        (message("材料", SHARED), (report("a.docx", text="金乡县科学技术局关于……"),)),
        (message("材料", SHARED, text="金乡县科技局"), ()),
    ],
)
def test_an_address_of_two_units_is_told_apart_by_what_the_mail_names(
    mail: Message, examined: tuple[Examined, ...]
) -> None:
    assert brief(who(mail, *examined)) == (Tier.KNOWN, JINXIANG)


@pytest.mark.parametrize("subject", ["材料", "金乡县、嘉祥县材料", "微山县材料"])
def test_an_address_of_two_units_that_names_none_or_both_is_undecided(subject: str) -> None:
    identity = who(message(subject, SHARED))

    assert brief(identity) == (Tier.KNOWN, None)
    assert identity.rivals == {JINXIANG, JIAXIANG}


@pytest.mark.parametrize(
    ("mail", "examined"),
    [
        (message("鱼台县材料"), ()),
        (message("材料"), (report("鱼台县总结报告.docx"),)),
        (message("材料"), (report("a.docx", text="鱼台县科学技术局总结报告"),)),
    ],
)
def test_a_known_sender_who_hands_in_for_another_unit_is_a_contradiction(
    mail: Message, examined: tuple[Examined, ...]
) -> None:
    identity = who(mail, *examined)

    assert brief(identity) == (Tier.KNOWN, WEISHAN)
    assert identity.contradictory
    assert identity.rivals == {YUTAI}


TITLED = "鱼台县科学技术局总结报告"


@pytest.mark.parametrize("sender", [KNOWN, STRANGER])
@pytest.mark.parametrize(
    "examined",
    [
        (report("鱼台县总结报告.docx", text="总结报告"),),
        (report("总结报告.docx", text=TITLED), report("说明.docx", text="微山县科学技术局")),
        (report("总结报告.docx", text=" ".join(TITLED)),),
        (report("总结报告.docx", text="　　".join(TITLED)),),
    ],
)
def test_a_report_of_another_unit_is_a_contradiction_whatever_else_the_mail_names(
    examined: tuple[Examined, ...], sender: str
) -> None:
    identity = who(message("微山县科技活动周材料", sender), *examined)

    assert identity.contradictory
    assert YUTAI in identity.rivals
    assert f"names {YUTAI}" in identity.told


def test_each_of_several_reports_may_name_the_units_own() -> None:
    reports = (
        report("微山县总结.docx", text="微山县赴鱼台县交流"),
        report("a.docx", text="微山县科学技术局"),
        report("b.docx"),
    )

    assert not who(message("材料"), *reports).contradictory


@pytest.mark.parametrize(
    "mail", [message("微山县赴鱼台县交流材料"), message("材料", text="我们与鱼台县联合举办"), message("材料")]
)
def test_a_known_sender_may_mention_other_units(mail: Message) -> None:
    assert not who(mail).contradictory


# Staff's word and our thread


def test_staffs_word_goes_before_everything() -> None:
    identity = who(message("鱼台县材料"), assigned=RENCHENG)

    assert identity == Identity(Tier.CONFIRMED, RENCHENG, ("assigned",))


def test_a_sender_whom_staff_confirmed_once_needs_no_second_time() -> None:
    identity = who(message("补报视频", STRANGER), learned=frozenset({YUTAI}))

    assert identity == Identity(Tier.CONFIRMED, YUTAI, ("learned",))


def test_a_confirmed_sender_who_names_another_unit_is_a_contradiction() -> None:
    assert who(message("微山县材料", STRANGER), learned=frozenset({YUTAI})).contradictory


def test_a_sender_confirmed_for_two_units_is_told_apart_by_what_the_mail_names() -> None:
    before = frozenset({YUTAI, WEISHAN})

    assert brief(who(message("微山县材料", STRANGER), learned=before)) == (Tier.CONFIRMED, WEISHAN)
    assert who(message("材料", STRANGER), learned=before).unit is None


def test_an_address_of_the_roster_that_staff_confirmed_is_confirmed() -> None:
    assert who(message("材料"), learned=frozenset({WEISHAN})) == Identity(Tier.CONFIRMED, WEISHAN, ("learned",))


def test_the_roster_goes_before_an_earlier_confirmation() -> None:
    assert brief(who(message("材料"), learned=frozenset({YUTAI}))) == (Tier.KNOWN, WEISHAN)


def test_what_staff_learned_of_one_address_goes_before_its_domain() -> None:
    (domain,) = {unit.senders[0].rpartition("@")[2] for unit in ROSTER.units if unit.code == WEISHAN}
    roster = Roster(tuple(replace(u, senders=(f"@{domain}",)) if u.code == WEISHAN else u for u in ROSTER.units))
    known = Acquaintance(learned=frozenset({YUTAI}))

    assert identify(message("材料"), (), roster, known) == Identity(Tier.CONFIRMED, YUTAI, ("learned",))


def test_a_reply_to_our_letter_is_of_the_unit_it_was_for() -> None:
    thread = Thread(YUTAI, "week", Tier.KNOWN, frozenset({STRANGER}))

    assert who(message("回复", STRANGER), thread=thread) == Identity(Tier.THREAD, YUTAI, ("thread",))


def test_a_reply_from_another_address_than_the_letter_went_to_only_claims() -> None:
    thread = Thread(YUTAI, "week", Tier.KNOWN, frozenset({"somebody.else@qq.com"}))

    assert who(message("回复", STRANGER), thread=thread) == Identity(Tier.CLAIMED, YUTAI, ("thread",))


def test_a_reply_to_a_claimed_letter_is_still_only_claimed() -> None:
    thread = Thread(YUTAI, "week", Tier.CLAIMED)

    assert who(message("回复", STRANGER), thread=thread) == Identity(Tier.CLAIMED, YUTAI, ("thread",))


def test_a_reply_to_a_letter_for_nobody_is_told_by_what_it_names() -> None:
    thread = Thread(None, None, Tier.UNKNOWN)

    assert brief(who(message("回复", STRANGER, text="鱼台县科学技术局"), thread=thread)) == (Tier.CLAIMED, YUTAI)
    assert who(message("回复", STRANGER), thread=thread) == NOBODY


def test_the_roster_goes_before_a_thread() -> None:
    assert brief(who(message("回复"), thread=Thread(YUTAI, "week", Tier.KNOWN))) == (Tier.KNOWN, WEISHAN)


# The mail host's word


HOST = frozenset({"mx.example.cn"})


def heard(mail: Message, result: str, host: str = "mx.example.cn") -> Message:
    return replace(mail, verdicts=(HostVerdict(host, (MethodResult("dmarc", result),)),))


def under_the_host(mail: Message, **known: Any) -> Identity:
    return identify(mail, (), ROSTER, Acquaintance(**known), HOST)


def test_a_roster_address_that_is_forged_is_refuted() -> None:
    identity = under_the_host(heard(message(), "fail"))

    assert identity == Identity(Tier.REFUTED, WEISHAN, ("sender", "host-fail"))
    assert not identity.tier.trusted


def test_so_is_a_learned_one_and_one_that_answers_our_letter() -> None:
    thread = Thread(YUTAI, "week", Tier.KNOWN, frozenset({STRANGER}))

    assert under_the_host(heard(message("回复", STRANGER), "fail"), learned=frozenset({YUTAI})).tier is Tier.REFUTED
    assert under_the_host(heard(message("回复", STRANGER), "fail"), thread=thread).tier is Tier.REFUTED


def test_so_is_who_only_claims_or_is_unknown_and_staffs_word_stands() -> None:
    assert under_the_host(heard(message("鱼台县材料", STRANGER), "fail")).tier is Tier.REFUTED
    assert under_the_host(heard(message("你好", STRANGER), "fail")).tier is Tier.REFUTED
    assert under_the_host(heard(message(), "fail"), assigned=WEISHAN).tier is Tier.CONFIRMED


def test_so_is_one_of_whom_the_hosts_word_cannot_be_read() -> None:
    mail = replace(message(), verdicts=(HostVerdict("mx.example.cn", (), whole=False),))

    assert under_the_host(mail) == Identity(Tier.REFUTED, WEISHAN, ("sender", "host-unread"))
    assert who(mail).tier is Tier.KNOWN, "off by default"


def test_a_pass_is_evidence_and_makes_nobody_known() -> None:
    assert under_the_host(heard(message(), "pass")) == Identity(Tier.KNOWN, WEISHAN, ("sender", "host-pass"))
    assert under_the_host(heard(message("你好", STRANGER), "pass")).tier is Tier.UNKNOWN
    assert "dkim" in under_the_host(message(), signed=frozenset({"weishan.example.cn"})).evidence


def test_a_host_that_is_not_named_is_not_heard() -> None:
    assert under_the_host(heard(message(), "fail", "forged.example")) == Identity(Tier.KNOWN, WEISHAN, ("sender",))
    assert who(heard(message(), "fail")).tier is Tier.KNOWN, "off by default"


# What a mail claims


@pytest.mark.parametrize(
    ("mail", "examined", "evidence"),
    [
        (message("鱼台县科技活动周材料", STRANGER), (), ("heading",)),
        (message("材料", STRANGER, shown="鱼台县科技局"), (), ("heading",)),
        (message("材料", STRANGER), (photo("鱼台县.zip/1.jpg"),), ("heading",)),
        (message("材料", STRANGER, links=(link("鱼台县视频.mp4"),)), (), ("heading",)),
        (message("材料", STRANGER), (report("a.docx", text="鱼台县科学技术局总结"),), ("report",)),
        (message("材料", STRANGER), (report("a.docx", text="总结" + "字" * 500 + "鱼台县科学技术局"),), ("report",)),
        (message("材料", STRANGER, text="鱼台县科技局 张三"), (), ("text",)),
        (message("鱼台县", STRANGER, text="鱼台县"), (report("a.docx", text="鱼台县"),), ("heading", "report", "text")),
    ],
)
def test_a_stranger_is_claimed_by_what_the_mail_names(
    mail: Message, examined: tuple[Examined, ...], evidence: tuple[str, ...]
) -> None:
    assert who(mail, *examined) == Identity(Tier.CLAIMED, YUTAI, evidence)


def test_a_stranger_is_remembered_by_what_was_claimed_before() -> None:
    identity = who(message("补报视频", STRANGER), claimed_before=frozenset({YUTAI}))

    assert identity == Identity(Tier.CLAIMED, YUTAI, ("claimed before",))


def test_a_unit_in_the_middle_of_a_report_is_a_subject_not_an_author() -> None:
    text = "微山县总结" + "字" * 500 + "与鱼台县交流" + "字" * 500

    assert brief(who(message("材料", STRANGER), report("a.docx", text=text))) == (Tier.CLAIMED, WEISHAN)


@pytest.mark.parametrize(
    ("mail", "examined", "known"),
    [
        (message("微山县和鱼台县材料", STRANGER), (), {}),
        (message("微山县材料", STRANGER), (report("a.docx", text="鱼台县总结"),), {}),
        (message("材料", STRANGER, text="微山县、鱼台县"), (), {}),
        (message("材料", STRANGER, text="微山县"), (), {"claimed_before": frozenset({YUTAI})}),
        (message("材料", STRANGER), (), {"claimed_before": frozenset({YUTAI, WEISHAN})}),
    ],
)
def test_two_units_named_are_rivals_and_nobody_is_chosen(
    mail: Message, examined: tuple[Examined, ...], known: dict[str, Any]
) -> None:
    identity = who(mail, *examined, **known)

    assert brief(identity) == (Tier.UNKNOWN, None)
    assert identity.rivals == {WEISHAN, YUTAI}


def test_the_report_settles_which_of_two_units_in_the_heading_is_meant() -> None:
    mail = message("微山县赴鱼台县活动", STRANGER)

    assert brief(who(mail, report("a.docx", text="微山县科学技术局总结"))) == (Tier.CLAIMED, WEISHAN)


def test_who_names_nobody_is_nobody() -> None:
    assert who(message("你好", STRANGER)) == NOBODY


def test_a_mail_without_a_certain_sender_is_nobodys_by_address() -> None:
    assert who(message("你好", None)) == NOBODY
    assert brief(who(message("鱼台县材料", None))) == (Tier.CLAIMED, YUTAI)


def test_only_conclusions_that_rest_on_proof_are_trusted() -> None:
    assert {tier for tier in Tier if tier.trusted} == {Tier.CONFIRMED, Tier.KNOWN, Tier.THREAD}


# Names inside names

TRAPS = Roster(
    (
        Unit("1", "山亭区科学技术局", "山亭区", ("亭区",)),
        Unit("2", "大山亭区科学技术局", "大山亭区"),
        Unit("3", "济宁经开区创新创业服务中心", "济宁经开区", ("经开区", "JKQ")),
        Unit("4", "兖州经开区管理委员会", "兖州经开区"),
    )
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("山亭区材料", {"1"}),
        ("大山亭区材料", {"2"}),
        ("大山亭区和山亭区材料", {"1", "2"}),
        ("大山亭区科学技术局", {"2"}),
        ("经开区材料", {"3"}),
        ("济宁经开区材料", {"3"}),
        ("兖州经开区材料", {"4"}),
        ("经开区与兖州经开区", {"3", "4"}),
        ("JKQ材料", {"3"}),
        ("报送 jkq JKQ-1.docx", {"3"}),
        ("AJKQB", set()),
        ("JKQ2", set()),
        ("", set()),
    ],
)
def test_a_name_inside_a_longer_one_is_not_named(text: str, named: set[str]) -> None:
    assert TRAPS.named_in(text) == named


def test_a_name_that_two_units_bear_names_both() -> None:
    roster = Roster((Unit("1", "甲县科技局", "甲县", ("科技局",)), Unit("2", "乙县科技局", "乙县", ("科技局",))))

    assert roster.named_in("科技局") == {"1", "2"}
    assert roster.named_in("甲县科技局") == {"1"}


def test_a_roster_without_units_names_nobody() -> None:
    assert Roster(()).named_in("微山县") == frozenset()
    assert Roster((Unit("1", "甲县科技局", "甲县", ("",)),)).named_in("乙县") == frozenset()


@pytest.mark.parametrize("word", [WEISHAN, "微山县", "微山县科学技术局", "微山县科技局"])
def test_staff_may_call_a_unit_by_any_of_its_names(word: str) -> None:
    unit = ROSTER.find(word)

    assert unit is not None
    assert unit.code == WEISHAN


def test_a_name_must_be_whole_to_be_found() -> None:
    assert ROSTER.find("微山") is None


def test_units_come_in_roster_order() -> None:
    assert [unit.code for unit in ROSTER.of([YUTAI, RENCHENG, "999"])] == [RENCHENG, YUTAI]
    assert WEISHAN in ROSTER
    assert "999" not in ROSTER
