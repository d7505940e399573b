"""Who gets an answer, with real servers, files and database: too much waits, and nobody is drawn into a loop."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import msgspec
import pytest
from sqlalchemy import select

from intake.adapters.records.tables import EventRow, LetterRow, MailRow
from intake.domain.alarm import Trouble
from intake.domain.verdict import Disposition
from tests.e2e.world import UNITS, address, complete, mail, report
from tests.pipeline.office import START, Office
from tests.samples import media

pytestmark = pytest.mark.server
OPERATOR = "rck@ji.shandong.cn"


def limited(office: Office, **limits: int) -> None:
    site = office.app.config.site
    replies = msgspec.structs.replace(site.replies, **limits)
    office.app.config = msgspec.structs.replace(office.app.config, site=msgspec.structs.replace(site, replies=replies))


def with_headers(octets: bytes, **headers: str) -> bytes:
    """The mail with more header fields on top; `_` stands for a hyphen."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return more.encode() + octets


def states(office: Office) -> list[str]:
    with office.app.database.reading() as session:
        return list(
            session.scalars(select(LetterRow.state).where(LetterRow.mail_id.is_not(None)).order_by(LetterRow.id))
        )


def rules(office: Office) -> list[object]:
    """The rule by which each mail was answered or not, as the events tell."""
    with office.app.database.reading() as session:
        events = session.scalars(select(EventRow).where(EventRow.what == "decided").order_by(EventRow.seq))
        return [event.detail["reply"] for event in events]


def test_beyond_the_day_answers_wait_for_staff_and_operators_are_alarmed(office: Office) -> None:
    limited(office, per_day=2)
    for code in UNITS:
        office.world.deliver(complete(code))
    assert office.poll() is None
    assert states(office) == ["sent", "sent", "held"]
    assert rules(office) == ["answered", "answered", "all-day"]
    office.app.tend()
    office.poll()
    told = [letter["Subject"] for letter in office.world.letters(OPERATOR)]
    assert any("答复过多，已全部暂停发出" in subject for subject in told)
    assert office.world.status()["letters"]["held"] == 1
    assert "另有1封超出每日答复上限" in office.world.run("digest")
    assert Trouble.HELD in {alarm["name"] for alarm in office.world.status()["alarms"]}

    office.world.run("release", "--letters")
    office.poll()
    assert states(office) == ["sent"] * 3
    assert len(office.world.letters(address(list(UNITS)[2]))) == 1
    office.world.deliver(mail("370826", {"2.jpg": media.photo(seed=9)}))
    office.poll()
    assert states(office)[-1] == "sent", "the count began anew"


def test_while_an_answer_waits_later_ones_do_and_one_alone_can_be_let_go(office: Office) -> None:
    limited(office, per_address_day=1)
    for number in range(3):
        office.world.deliver(mail("370826", {f"{number}.jpg": media.photo(seed=number)}, subject=f"科技活动周{number}"))
    office.world.deliver(complete("370883"))
    office.poll()
    assert states(office) == ["sent", "held", "held", "sent"], "nobody else has to wait"
    office.now += timedelta(days=2)
    office.world.deliver(mail("370826", {"9.jpg": media.photo(seed=9)}))
    office.poll()
    assert states(office)[-1] == "held", "no later answer overtakes one that waits"
    assert "L000002: due" in office.world.run("release", "L000002")
    assert "is not held" in office.world.run("release", "L000002", status=64)
    office.poll()
    assert states(office) == ["sent", "sent", "held", "sent", "held"]


def test_who_writes_again_without_anything_new_is_answered_once_a_day(office: Office) -> None:
    same = {"1.jpg": media.photo(seed=1)}
    office.world.deliver(mail("370826", same, subject="科技活动周"))
    office.poll()
    for number in range(4):
        office.world.deliver(mail("370826", same, subject=f"科技活动周再发{number}"), office.now)
    office.poll()
    assert rules(office) == ["answered", "answered", "nothing-new", "nothing-new", "nothing-new"]
    assert len(office.world.letters(address("370826"))) == 2
    office.world.deliver(mail("370826", {"总结报告.docx": report("微山县")}))
    office.poll()
    assert rules(office)[-1] == "answered", "the report is new"
    assert "nothing-new" in office.world.run("show", "M000003"), "staff can see why"


def test_answers_go_to_the_sender_and_to_no_address_that_a_mail_names_otherwise(office: Office) -> None:
    elsewhere = "<victim@elsewhere.example>"
    asking = {"Reply_To": elsewhere, "Return_Path": elsewhere, "Sender": elsewhere, "Errors_To": elsewhere,
              "Return_Receipt_To": elsewhere, "Disposition_Notification_To": elsewhere, "Cc": elsewhere}  # fmt: skip
    office.world.deliver(with_headers(complete("370826"), **asking))
    office.poll()
    (sent,) = office.world.sink.received
    assert list(sent.recipients) == [address("370826")]
    assert sent.mail_from == "", "the null sender: nobody answers or returns it"
    (letter,) = office.world.letters()
    assert isinstance(letter, EmailMessage)
    assert b"victim" not in sent.octets
    assert not {"reply-to", "cc", "disposition-notification-to"} & {name.lower() for name in letter}


def test_a_mail_that_goes_round_gets_no_answer(office: Office) -> None:
    hops = "".join(f"Received: from a{n} by b{n}; Wed, 5 Jun 2024 10:00:00 +0800\r\n" for n in range(30)).encode()
    office.world.deliver(hops + complete("370826"))
    office.poll()
    assert rules(office) == ["goes-round"]
    assert office.states()["accepted"] == 1, "what it brings counts all the same"
    assert not office.world.sink.received


def burst(office: Office, *sizes: int, start: int = 0) -> None:
    """Mails of one county, each with a photo, that arrive `sizes` minutes after noon, examined as they come."""
    for number, minute in enumerate(sizes, start):
        office.now = START + timedelta(minutes=minute)
        photo = {f"{number}.jpg": media.photo(seed=number)}
        office.world.deliver(mail("370826", photo, subject=f"科技活动周照片{number}"), office.now)
        office.poll()


def test_a_burst_gets_one_answer_that_names_all_of_it(office: Office) -> None:
    limited(office, quiet_minutes=5)
    burst(office, 0, 2, 4)
    assert states(office) == ["superseded", "superseded", "due"]
    office.now = START + timedelta(minutes=8)
    office.poll()
    assert not office.world.letters(), "the last mail came four minutes ago"
    office.now = START + timedelta(minutes=9)
    office.poll()
    (letter,) = office.world.letters(address("370826"))
    told = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert all(ref in told for ref in ("M000001", "M000002", "M000003"))
    assert "照片" in told
    assert office.world.status()["letters"] == {"due": 0, "held": 0, "sent": 1, "failed": 0, "superseded": 2}
    assert "by: L000002" in office.world.run("show", "L000001"), "staff can see what went out in its place"


def test_what_completes_the_unit_is_answered_at_once_and_speaks_for_what_waits(office: Office) -> None:
    limited(office, quiet_minutes=5)
    burst(office, 0)
    office.world.deliver(complete("370826"), office.now)
    office.poll()
    assert states(office) == ["superseded", "sent"]
    (letter,) = office.world.letters(address("370826"))
    assert "已收齐" in letter["Subject"]


def test_faults_of_the_first_mail_are_told_in_the_answer_to_the_second(office: Office) -> None:
    limited(office, quiet_minutes=5)
    office.world.deliver(mail("370826", {"微山县.mp4": media.video(222)}, subject="科技活动周视频"), office.now)
    office.poll()
    burst(office, 1, start=1)
    office.now += timedelta(minutes=6)
    office.poll()
    (letter,) = office.world.letters(address("370826"))
    assert "需补正" in letter["Subject"]
    assert "42秒" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_mails_that_were_all_there_get_one_answer_at_once(office: Office) -> None:
    limited(office, quiet_minutes=5)
    for number in range(3):
        office.world.deliver(mail("370826", {f"{number}.jpg": media.photo(seed=number)}, subject=f"科技活动周{number}"))
    office.poll()
    assert states(office) == ["superseded", "superseded", "sent"], "they came hours ago"


def asks(office: Office, minute: int) -> None:
    """The same county writes without any file, that many minutes after noon."""
    office.now = START + timedelta(minutes=minute)
    asked = mail("370826", {}, subject="科技活动周咨询", body=f"请问照片要几张？（{minute}）")
    office.world.deliver(asked, office.now)
    office.poll()


def test_a_mail_without_material_joins_the_answer_that_waits(office: Office) -> None:
    limited(office, quiet_minutes=5)
    burst(office, 0)
    asks(office, 1)
    asks(office, 2)
    assert states(office) == ["superseded", "superseded", "due"]
    assert rules(office) == ["answered"] * 3, "an answer that waits has drawn no echo"
    office.now = START + timedelta(minutes=7)
    office.poll()
    (letter,) = office.world.letters(address("370826"))
    told = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "部分收到" in letter["Subject"], "the photo came, whatever the mails after it brought"
    assert all(ref in told for ref in ("M000001", "M000002", "M000003", "照片", "工作人员将另行答复"))
    assert Disposition.HELD in {row.disposition for row in decided(office)}, "staff read what was asked"


def decided(office: Office) -> list[MailRow]:
    with office.app.database.reading() as session:
        return list(session.scalars(select(MailRow)))


def test_mails_that_brought_nothing_are_asked_for_it_once(office: Office) -> None:
    limited(office, quiet_minutes=5)
    asks(office, 0)
    asks(office, 1)
    office.now = START + timedelta(minutes=7)
    office.poll()
    (letter,) = office.world.letters(address("370826"))
    assert "未发现附件" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_an_answer_that_is_replaced_takes_no_place_under_the_limit(office: Office) -> None:
    limited(office, quiet_minutes=5, per_address_day=1, per_day=1)
    burst(office, 0, 1)
    assert states(office) == ["superseded", "due"]
    office.now = START + timedelta(minutes=7)
    office.poll()
    assert states(office) == ["superseded", "sent"]


def test_what_staff_let_go_is_not_taken_back_by_an_answer_that_has_to_wait(office: Office) -> None:
    limited(office, quiet_minutes=5, per_address_day=1)
    burst(office, 0)
    office.now = START + timedelta(minutes=6)
    office.poll()
    burst(office, 10, start=1)
    assert states(office) == ["sent", "held"]
    office.world.run("release", "L000002")
    burst(office, 11, 12, start=2)
    assert states(office) == ["sent", "sent", "superseded", "held"], "one that is held speaks for those that are"


def test_other_senders_take_no_answer_away(office: Office) -> None:
    limited(office, quiet_minutes=5)
    burst(office, 0)
    other = mail("370826", {"7.jpg": media.photo(seed=7)}, sender="小王 <xiaowang@qq.example.com>")
    office.world.deliver(other, office.now)
    office.poll()
    assert "superseded" not in states(office)
    office.now += timedelta(minutes=10)
    office.poll()
    assert set(states(office)) == {"sent"}


def test_a_letter_that_may_have_left_is_never_taken_back(office: Office) -> None:
    limited(office, quiet_minutes=5)
    burst(office, 0)
    office.now += timedelta(minutes=6)
    office.world.sink.say("DATA", "451 4.3.0 later")
    office.poll()
    assert states(office) == ["due"]
    burst(office, 6, start=1)
    assert states(office) == ["due", "due"], "of the first an attempt was made"
