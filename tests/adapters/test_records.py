"""The records on a real SQLite file and on a real PostgreSQL: nothing twice, nothing lost, sums that add up."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from intake.adapters.records import database as database_module
from intake.adapters.records.cleaning import storable
from intake.adapters.records.columns import Base
from intake.adapters.records.database import Database
from intake.adapters.records.migrations import configuration
from intake.adapters.records.records import SqlRecords
from intake.adapters.records.rulings import SqlRulings
from intake.adapters.records.stories import letter_story, mail_story, unit_story
from intake.adapters.records.tables import (
    EntryRow,
    EventRow,
    LetterRow,
    MailRow,
    SightingRow,
    SubmissionRow,
)
from intake.domain.digest import Mark, Reconciliation
from intake.domain.fates import Waived
from intake.domain.identity import Acquaintance, Thread, Tier
from intake.domain.letter import LetterKind
from intake.domain.mail import Address, Locator, Message
from intake.domain.material import Scan, Scanned
from intake.domain.outcome import next_examination
from intake.domain.submission import UnitState
from intake.domain.verdict import Disposition
from intake.ports import Arrival, Blob, Draft, FolderState, Pending, Ruling
from tests.adapters.box import INBOX, NOW, Box
from tests.unit.builders import (
    DEADLINE,
    KNOWN,
    NOTICE,
    ROSTER,
    STRANGER,
    WEISHAN,
    YUTAI,
    digest_of,
    link,
    message,
    photo,
    report,
    video,
)

# Ledger


def test_a_mail_is_taken_once_however_often_its_place_is_read(box: Box) -> None:
    assert box.take(5) == box.take(5)
    assert (box.count(MailRow), box.count(SightingRow)) == (1, 1)
    assert box.opened() == 5


def test_the_same_content_elsewhere_is_the_same_mail(box: Box) -> None:
    box.opened(FolderState("Junk", 1, 0, None))
    refs = {box.take(5, "x"), box.take(9, "x"), box.take(1, "x", folder="Junk", uidvalidity=1)}

    assert refs == {"M000001"}
    assert box.count(SightingRow) == 3
    assert box.events() == ["taken", "seen again", "seen again"]


def test_taking_says_whether_the_content_is_new(box: Box) -> None:
    arrival, blob = Arrival(Locator("INBOX", 7, 1), 100, NOW), Blob(digest_of("x"), 100)
    with box.records.ledger() as ledger:
        assert [ledger.take(arrival, blob, NOW).new for _twice in "12"] == [True, False]


def test_a_mail_keeps_the_time_at_which_it_came_first(box: Box) -> None:
    box.take(1, "x", at=NOW)
    box.take(2, "x", at=NOW + timedelta(days=30))

    assert [row.received_at for row in box.rows(MailRow)] == [NOW]


def test_the_watermark_only_rises(box: Box) -> None:
    box.take(9)
    box.take(4)

    assert box.opened() == 9


def test_a_renumbered_folder_is_read_anew_and_brings_no_mail_twice(box: Box) -> None:
    box.take(5, "x")
    renumbered = FolderState("INBOX", 8, 1, None)

    assert box.opened(renumbered) == 0
    assert box.take(1, "x", uidvalidity=8) == "M000001"
    assert box.count(MailRow) == 1
    assert "renumbered" in box.events()
    box.reconcile(renumbered)
    assert box.sums() == Reconciliation(1, pending=1)


def test_older_mail_is_counted_and_left_alone(box: Box) -> None:
    with box.records.ledger() as ledger:
        ledger.older([Arrival(Locator("INBOX", 7, uid), 1, NOW) for uid in (1, 2, 3)])

    assert box.opened() == 3
    assert box.count(MailRow) == 0
    box.reconcile(replace(INBOX, exists=3))
    assert box.sums() == Reconciliation(3, older=3)


def test_a_mail_that_went_before_it_was_read_is_stepped_over(box: Box) -> None:
    with box.records.ledger() as ledger:
        ledger.step_over(Arrival(Locator("INBOX", 7, 4), 1, NOW), "gone", NOW)

    assert box.opened() == 4
    assert box.events() == ["stepped over"]


def test_a_failed_transaction_leaves_no_trace(box: Box) -> None:
    arrival = Arrival(Locator("INBOX", 7, 1), 1, NOW)
    with pytest.raises(ZeroDivisionError), box.records.ledger() as ledger:
        assert ledger.take(arrival, Blob("0" * 64, 1), NOW).new / 0

    assert (box.opened(), box.count(MailRow)) == (0, 0)


def test_the_place_of_a_mail_is_the_databases_word(box: Box) -> None:
    box.take(1)
    with pytest.raises(IntegrityError), box.database.writing() as session:
        session.add(SightingRow(folder="INBOX", uidvalidity=7, uid=1, mail_id=1, seen_at=NOW))


# Reconciliation


def test_before_the_first_poll_nothing_is_claimed(database: Database) -> None:
    assert SqlRecords(database, ROSTER)
    assert Box(database).sums() == Reconciliation(None)


def test_every_mail_on_the_server_is_accounted_for(box: Box) -> None:
    box.decide(message(), report())
    box.decide(message(), video(seconds=300.0))
    box.decide(message(), video(seconds=None))
    box.decide(message("广告", STRANGER), uid=4)
    box.take(5)
    box.take(6, "1")
    with box.records.ledger() as ledger:
        ledger.older([Arrival(Locator("INBOX", 7, 7), 1, NOW)])
    box.reconcile(replace(INBOX, exists=9), 1, 2, 3, 4, 5, 6, 7)
    sums = box.sums()

    assert sums == Reconciliation(9, accepted=1, returned=1, held=1, ignored=1, older=1, pending=1, copies=1, unread=2)
    assert sums.balanced
    assert sums.accounted == 9


def test_removed_mails_leave_the_sums_and_stay_on_record(box: Box) -> None:
    for uid in (1, 2, 3):
        box.take(uid)
    box.reconcile(replace(INBOX, exists=1), 2)

    assert box.sums() == Reconciliation(1, pending=1)
    assert [row.gone_at is not None for row in box.rows(SightingRow)] == [True, False, True]
    assert box.count(MailRow) == 3


def test_a_mail_in_two_folders_counts_once_and_one_copy(box: Box) -> None:
    junk = FolderState("Junk", 1, 1, None)
    box.opened(junk)
    box.decide(message(), report(), uid=1)
    box.take(1, "1", folder="Junk", uidvalidity=1)
    box.reconcile(replace(INBOX, exists=1))
    box.reconcile(junk)

    assert box.sums() == Reconciliation(2, accepted=1, copies=1)


def test_a_decided_mail_that_is_parked_on_its_second_look_counts_as_parked(box: Box) -> None:
    pending, _verdict = box.decide(message(), report(), uid=1)
    box.ruled(lambda rulings: rulings.retry(pending.id, NOW))
    box.reconcile(replace(INBOX, exists=1))
    assert box.sums() == Reconciliation(1, pending=1)
    with box.records.desk() as desk:
        desk.failed(pending, "boom", None, NOW)

    assert box.sums() == Reconciliation(1, parked=1)


# Desk


def test_a_mail_is_claimed_until_it_is_decided(box: Box) -> None:
    pending, _verdict = box.decide(message(), report())
    for mail_id in (pending.id, 999):
        with box.records.claim(NOW, only=mail_id) as claim:
            assert claim is None


def test_materials_of_several_mails_complete_a_unit(box: Box) -> None:
    assert box.state() is UnitState.MISSING
    box.decide(message(), report())
    assert box.state() is UnitState.PARTIAL
    with box.records.chronicle() as chronicle:
        before = chronicle.mark()
    box.decide(message(), photo(), video())

    assert box.state() is UnitState.COMPLETE
    (submission,) = box.rows(SubmissionRow)
    assert (submission.completed_at, submission.version) == (NOW, 2)
    with box.records.chronicle() as chronicle:
        assert chronicle.completed_since(NOTICE, None) == 1
        assert chronicle.completed_since(NOTICE, before) == 1
        assert chronicle.completed_since(NOTICE, chronicle.mark()) == 0


def test_deciding_again_replaces_what_the_mail_said(box: Box) -> None:
    pending, _verdict = box.decide(message(), report(), photo())
    box.ruled(lambda rulings: rulings.retry(pending.id, NOW))
    box.decide(message(), report(), again=pending)

    assert [row.requirement for row in box.rows(EntryRow)] == ["report"]
    assert box.events().count("decided") == 2


def test_a_mail_assigned_to_another_unit_moves_there(box: Box) -> None:
    pending, _verdict = box.decide(message(), report())
    box.ruled(lambda rulings: rulings.assign(pending.id, YUTAI, None, NOW))
    _pending, verdict = box.decide(message(), report(), again=pending)

    assert verdict.identity.tier is Tier.CONFIRMED
    assert (box.state(WEISHAN), box.state(YUTAI)) == (UnitState.MISSING, UnitState.PARTIAL)


def test_a_confirmed_mail_confirms_itself_alone(box: Box) -> None:
    claim = message("鱼台县科技活动周材料", STRANGER)
    first, _verdict = box.decide(claim, report())
    box.ruled(lambda rulings: rulings.assign(first.id, YUTAI, None, NOW))
    _first, again = box.decide(claim, report(), again=first)
    _second, later = box.decide(claim, photo())

    assert (again.identity.tier, later.identity.tier) == (Tier.CONFIRMED, Tier.CLAIMED)


def test_what_was_learned_can_be_forgotten(box: Box) -> None:
    claim = message("鱼台县科技活动周材料", STRANGER)
    first, _verdict = box.decide(claim, report())
    box.ruled(lambda rulings: rulings.assign(first.id, YUTAI, None, NOW, learn=True))
    box.ruled(lambda rulings: rulings.assign(first.id, YUTAI, None, NOW, learn=True))
    assert box.decide(claim, photo())[1].identity.tier is Tier.CONFIRMED
    with box.database.writing() as session:
        assert SqlRulings(session).forget(STRANGER, (), NOW) == [YUTAI]
        assert SqlRulings(session).forget(STRANGER, (), NOW) == []

    assert box.decide(claim, photo("2.jpg"))[1].identity.tier is Tier.CLAIMED
    (told,) = (each.detail for each in box.rows(EventRow) if each.what == "forgotten")
    assert told == {"unit": YUTAI}


@pytest.mark.parametrize(("listed", "tier"), [((), Tier.CLAIMED), ((YUTAI,), Tier.KNOWN)])
def test_what_came_while_a_sender_was_learned_is_no_surer_afterwards_than_he_is(
    box: Box, listed: tuple[str, ...], tier: Tier
) -> None:
    """Staff's word about the one mail stands: they had looked at it."""
    claim = message("鱼台县科技活动周材料", STRANGER)
    first, _verdict = box.decide(claim, report())
    box.ruled(lambda rulings: rulings.assign(first.id, YUTAI, None, NOW, learn=True))
    box.decide(claim, report(), again=first)
    box.decide(message("补报视频", STRANGER), video())
    box.ruled(lambda rulings: rulings.forget(STRANGER, listed, NOW))
    with box.records.chronicle() as chronicle:
        (row,) = (row for row in chronicle.unit_rows(NOTICE, ROSTER) if row.unit.code == YUTAI)
    tiers = {entry.requirement: entry.tier for item in row.checklist.items for entry in item.entries}
    assert tiers == {"report": Tier.CONFIRMED, "video": tier}


def test_what_else_of_a_sender_waits_is_judged_anew_when_he_is_learned(box: Box) -> None:
    claim = message("鱼台县科技活动周材料", STRANGER)
    first, _verdict = box.decide(claim, report())
    box.decide(message("鱼台县科技活动周材料", "other@qq.com"), video())
    second, held = box.decide(claim, video("2.mp4"))
    assert held.disposition is Disposition.HELD, "another claimant's film counts already"
    box.ruled(lambda rulings: rulings.assign(first.id, YUTAI, None, NOW, learn=True))
    box.decide(claim, report(), again=first)
    again = box.next_pending()
    assert again is not None
    assert again.id == second.id
    assert box.decide(claim, video("2.mp4"), again=second)[1].disposition is Disposition.ACCEPTED


def letter_to(box: Box, pending: Pending, tier: Tier) -> str:
    """A letter that has gone to the sender of a mail; its Message-ID."""
    letter = draft(f"reply:{pending.id}", unit=YUTAI, notice_id=NOTICE.id, identity=tier)
    post(box, replace(letter, envelope_to=(STRANGER,)), pending.id)
    return letter.message_id


def test_a_reply_speaks_for_its_writer_as_long_as_he_is_trusted(box: Box) -> None:
    """A letter that went to him because he was listed or learned proves nothing when he is so no more."""
    claim = message("鱼台县科技活动周材料", STRANGER)
    first, _verdict = box.decide(claim, report())
    reply = replace(message("补报视频", STRANGER), references=(letter_to(box, first, Tier.KNOWN),))
    assert box.decide(reply, video())[1].identity.tier is Tier.CLAIMED

    second, _verdict = box.decide(claim, photo())
    learned = replace(message("补报视频", STRANGER), references=(letter_to(box, second, Tier.CONFIRMED),))
    assert box.decide(learned, video("3.mp4"))[1].identity.tier is Tier.CLAIMED
    box.ruled(lambda rulings: rulings.assign(second.id, YUTAI, None, NOW))
    box.decide(claim, photo(), again=second)
    assert box.decide(learned, video("4.mp4"))[1].identity.tier is Tier.THREAD


def test_a_learned_sender_is_confirmed_for_later_and_for_earlier_mail(box: Box) -> None:
    claim = message("鱼台县科技活动周材料", STRANGER)
    box.decide(claim, report())
    second, _verdict = box.decide(claim, photo())
    box.ruled(lambda rulings: rulings.assign(second.id, YUTAI, None, NOW, learn=True))
    box.decide(claim, photo("x.jpg"), again=second)
    _third, verdict = box.decide(message("补报视频", STRANGER), video())

    assert verdict.identity.tier is Tier.CONFIRMED
    with box.records.chronicle() as chronicle:
        (row,) = (row for row in chronicle.unit_rows(NOTICE, ROSTER) if row.unit.code == YUTAI)
    assert (row.checklist.state, row.checklist.tier) == (UnitState.COMPLETE, Tier.CONFIRMED)


def test_somebody_elses_claim_is_not_confirmed_with_it(box: Box) -> None:
    claim = message("鱼台县科技活动周材料", STRANGER)
    first, _verdict = box.decide(claim, report())
    box.ruled(lambda rulings: rulings.assign(first.id, YUTAI, None, NOW, learn=True))
    box.decide(claim, report(), again=first)
    _second, verdict = box.decide(message("鱼台县科技活动周材料", "other@qq.com"), photo())

    assert verdict.identity.tier is Tier.CLAIMED


def test_a_sender_is_remembered_by_what_counted(box: Box) -> None:
    box.decide(message("鱼台县科技活动周材料", STRANGER), report())
    pending = Pending(99, "M000099", "", 1, NOW, 0, Ruling())
    with box.records.desk() as desk:
        assert desk.acquaintance(pending, message("补报", STRANGER)) == Acquaintance(claimed_before=frozenset({YUTAI}))
        assert desk.acquaintance(pending, message("补报", "other@qq.com")) == Acquaintance()
        assert desk.acquaintance(pending, message("补报", None)) == Acquaintance()


def test_a_claim_of_which_nothing_counted_is_not_remembered(box: Box) -> None:
    box.decide(message("鱼台县科技活动周材料", STRANGER), video(seconds=None))
    box.decide(message("鱼台县科技活动周材料", STRANGER), video(seconds=300.0))
    with box.records.desk() as desk:
        assert (
            desk.acquaintance(Pending(99, "M000099", "", 1, NOW, 0, Ruling()), message("补报", STRANGER))
            == Acquaintance()
        )


def test_an_extension_is_the_units_deadline(box: Box) -> None:
    later = DEADLINE + timedelta(days=3)
    with box.database.writing() as session:
        SqlRulings(session).extend(NOTICE.id, WEISHAN, later, NOW)
    with box.records.desk() as desk:
        assert desk.deadline(WEISHAN, NOTICE) == later
        assert desk.deadline(YUTAI, NOTICE) == DEADLINE


def test_rulings_arrive_with_the_mail_and_are_counted(box: Box) -> None:
    box.take(1)
    box.ruled(lambda rulings: rulings.waive_faults(1, "领导同意", NOW))
    box.ruled(lambda rulings: rulings.assign(1, WEISHAN, None, NOW))
    pending = box.next_pending()

    assert pending is not None
    assert pending.ruling == Ruling(WEISHAN, Waived(holds=True, faults=True, reason="领导同意"), 2)


def test_a_retry_is_no_ruling(box: Box) -> None:
    pending, _verdict = box.decide(message(), report())
    box.ruled(lambda rulings: rulings.retry(pending.id, NOW))
    again = box.next_pending()

    assert again is not None
    assert again.ruling.number == 0


def test_what_the_scanner_fails_at_is_shown_to_it_less_and_less_often_and_then_no_more(box: Box) -> None:
    unscanned = replace(report(), scan=Scan(Scanned.UNSCANNED, "away"))
    pending, _verdict = box.decide(message(), unscanned)
    waited = []
    while waiting := [minute for minute in range(2000) if box.records.unscanned(NOW + timedelta(minutes=minute))]:
        waited.append(waiting[0])
        assert not box.records.scans_given_up()
        assert box.records.scan_again(NOW + timedelta(minutes=waiting[0])) == 1
        box.decide(message(), unscanned, again=pending)

    assert waited == [0, 5, 15, 60, 240, 720]
    assert box.records.scans_given_up() == 1
    box.ruled(lambda rulings: rulings.retry(pending.id, NOW))
    box.decide(message(), unscanned, again=pending)
    assert box.records.unscanned(NOW) == 1, "staff may have it tried anew"
    assert not box.records.scans_given_up()


def test_a_scan_is_news_only_when_files_fare_otherwise(box: Box) -> None:
    unscanned = replace(report(), scan=Scan(Scanned.UNSCANNED, "away"))
    _pending, as_before = box.decide(message(), unscanned)
    box.records.scan_again(NOW)
    again = box.next_pending()
    assert again is not None
    other = replace(as_before, assessments=tuple(replace(each, findings=()) for each in as_before.assessments))

    with box.records.desk() as desk:
        assert desk.renew(again, as_before) == again
        assert desk.renew(again, other).ruling.number == again.ruling.number + 1


def test_mails_are_examined_in_the_order_in_which_they_came(box: Box) -> None:
    box.take(1, at=NOW)
    box.take(2, at=NOW - timedelta(hours=1))
    pending = box.next_pending()

    assert pending is not None
    assert pending.ref == "M000002"


def test_three_failures_park_a_mail_and_the_next_goes_on(box: Box) -> None:
    box.take(1)
    now = NOW
    for attempt in (1, 2, 3):
        retry_at = next_examination(attempt, now)
        with box.records.claim(now) as claim:
            assert claim is not None
            assert (claim.pending.ref, claim.pending.attempts) == ("M000001", attempt - 1)
            box.fail(claim, "Traceback\x00\udcff", retry_at, now)
        if retry_at:
            assert box.next_pending(now) is None
            now = retry_at

    assert box.next_pending(now + timedelta(days=9)) is None
    with box.records.chronicle() as chronicle:
        (line,) = chronicle.needing_person()
        totals = chronicle.mail_totals()
    assert (line.ref, line.parked) == ("M000001", True)
    assert (totals["received"], totals["parked"]) == (1, 1)
    assert box.events() == ["taken", "attempt failed", "attempt failed", "parked"]
    box.ruled(lambda rulings: rulings.retry(1, NOW))
    assert box.next_pending() is not None


def test_what_needs_a_person_is_listed_until_a_person_has_looked(box: Box) -> None:
    pending, _verdict = box.decide(message(), video(seconds=None))
    with box.records.chronicle() as chronicle:
        assert [line.ref for line in chronicle.needing_person()] == [pending.ref]
    box.ruled(lambda rulings: rulings.waive_holds(pending.id, NOW))
    box.decide(message(), video(seconds=None), again=pending)

    with box.records.chronicle() as chronicle:
        assert chronicle.needing_person() == ()


# What must not come near a database


def test_nul_and_surrogates_are_replaced_everywhere(box: Box) -> None:
    bad = "科\x00技\udcff"
    mail = Message(
        subject=f"{bad}科技活动周", sender=Address(bad, KNOWN), shown_sender=bad, message_id=f"<{bad}>",
        references=(f"<{bad}>",), links=(link(f"{bad}.mp4"), replace(link(), url=f"https://x/{bad}")),
    )  # fmt: skip
    pending, verdict = box.decide(mail, report(f"{bad}总结报告.docx", note=bad, codec=bad))
    with box.database.reading() as session:
        story = mail_story(session, pending.id)

    assert verdict.disposition is Disposition.ACCEPTED
    assert "\x00" not in str(story)
    assert str(story).encode()
    assert storable(bad) == "科\ufffd技\ufffd"


def test_a_sender_longer_than_its_column_is_recognised_all_the_same(box: Box) -> None:
    long = f"{'x' * 400}@qq.com"
    box.decide(message("鱼台县科技活动周", long), report())
    pending = Pending(99, "M000099", "", 1, NOW, 0, Ruling())

    with box.records.desk() as desk:
        assert desk.acquaintance(pending, message("补报", long)).claimed_before == {YUTAI}
    assert {len(row.sender) for row in (*box.rows(MailRow), *box.rows(EntryRow))} == {320}


def test_naive_times_are_refused(box: Box) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        box.take(1, at=datetime(2024, 6, 1))  # noqa: DTZ001


def test_times_come_back_aware_and_equal_whatever_their_zone(box: Box) -> None:
    box.take(1, at=NOW)
    (row,) = box.rows(MailRow)

    assert row.received_at == NOW
    assert row.received_at.tzinfo is UTC


# Outbox


def draft(key: str = "reply:1:0", kind: LetterKind = LetterKind.RECEIPT, **more: Any) -> Draft:
    return Draft(key, kind, "【已收齐】", f"<{key}@x>", b"octets", "", ("a@b.cn",), "a@b.cn", **more)


def post(box: Box, letter: Draft, mail_id: int | None = None) -> bool:
    with box.records.desk() as desk:
        return desk.post(letter, mail_id, NOW)


def test_one_decision_is_one_letter(box: Box) -> None:
    assert post(box, draft())
    assert not post(box, replace(draft(), message_id="<other@x>"))
    assert post(box, draft("reply:1:1"))
    assert box.count(LetterRow) == 2


def test_a_reply_is_recognised_by_the_newest_letter_it_refers_to(box: Box) -> None:
    post(box, draft("a", unit=YUTAI, notice_id=NOTICE.id, identity=Tier.CLAIMED))
    post(box, draft("b", unit=WEISHAN, notice_id=NOTICE.id, identity=Tier.THREAD))
    pending = Pending(99, "M000099", "", 1, NOW, 0, Ruling())
    mail = message("回复", STRANGER, references=("<other@x>", "<a@x>", "<b@x>"))
    with box.records.desk() as desk:
        assert desk.acquaintance(pending, mail).thread == Thread(WEISHAN, NOTICE.id, Tier.THREAD, frozenset({"a@b.cn"}))
        assert desk.acquaintance(pending, message(references=("<guess@x>",))).thread is None


def test_the_whole_story_can_be_told(box: Box) -> None:
    pending, _verdict = box.decide(message(links=(link(),)), report())
    post(box, draft(unit=WEISHAN), pending.id)
    with box.database.reading() as session:
        mail, letter, unit = mail_story(session, 1), letter_story(session, 1), unit_story(session, WEISHAN)
        assert (mail_story(session, 9), letter_story(session, 9)) == (None, None)

    assert mail is not None
    assert letter is not None
    assert [each["what"] for each in mail["events"]] == ["taken", "decided", "letter owed"]
    assert mail["materials"][0]["requirement"] == "report"
    assert "text" not in mail["materials"][0]["facts"], "what a county wrote stays in its file"
    assert letter["mail"] == pending.ref
    assert [each["ref"] for each in unit["mails"]] == [pending.ref]


def test_the_heartbeat_counts_polls_and_remembers_trouble(box: Box) -> None:
    ends = [None, "receive: no route", None]
    for minute, error in enumerate(ends):
        number = box.records.poll_began(NOW + timedelta(minutes=minute))
        box.records.poll_ended(number, NOW + timedelta(minutes=minute, seconds=1), 0, error)
    box.take(1)
    with box.records.chronicle() as chronicle:
        health = chronicle.health(None, 5, ("w",))
        recent = chronicle.health(Mark(0, 1), 5, ())

    assert (health.polls, health.failed_polls, health.backlog, health.warnings) == (3, 1, 1, ("w",))
    assert health.last_poll_at == health.last_success_at == NOW + timedelta(minutes=2)
    assert recent.polls == 2


def test_the_key_of_our_message_ids_is_made_once(box: Box) -> None:
    key = box.records.message_key()

    assert len(key) == 32
    assert box.records.message_key() == key


# Schema


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()

    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == database_module.NEWEST


def test_the_migrations_can_be_undone(database: Database) -> None:
    with database.engine.begin() as connection:
        command.downgrade(configuration(connection), "base")

    assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}
    database.migrate()
    assert "mail" in inspect(database.engine).get_table_names()


def test_a_commit_survives_a_power_cut_and_references_hold(file: Database) -> None:
    with file.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with pytest.raises(IntegrityError), file.writing() as session:
        session.add(SightingRow(folder="x", uidvalidity=1, uid=1, mail_id=99, seen_at=NOW))


# Concurrency


def test_two_writers_wait_for_each_other_and_do_not_deadlock(database: Database) -> None:
    """Each reads before it writes: with the driver's own transactions one of them would fail at once."""
    box, errors = Box(database), []
    start = threading.Barrier(2)

    def work(first: int) -> None:
        try:
            start.wait(5)
            for uid in range(first, first + 40, 2):
                box.take(uid)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert errors == []
    assert (box.count(MailRow), box.opened()) == (40, 40)


def test_a_reader_sees_one_moment_and_blocks_nobody(box: Box) -> None:
    box.take(1)
    with box.database.reading() as session:
        assert len(list(session.scalars(select(MailRow.id)))) == 1
        began = time.monotonic()
        box.take(2)
        assert time.monotonic() - began < 5
        assert len(list(session.scalars(select(MailRow.id)))) == 1


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path}/new/folder/intake.db")
    made.migrate()
    made.close()

    assert (tmp_path / "new/folder/intake.db").is_file()
