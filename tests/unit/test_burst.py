"""Several mails within minutes, one answer: what it says, and when it goes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from intake.adapters.letters import replies
from intake.domain.burst import LONGEST_BURST, Earlier, Waiting, combined, due, may_combine
from intake.domain.finding import Finding, Severity
from intake.domain.letter import LetterState, Reply
from tests.unit.letter_samples import samples, words

QUIET = timedelta(minutes=5)


def reply(state: LetterState) -> Reply:
    """A sample in this state of which the checklist is known."""
    return next(each for each in samples().values() if each.state is state and may_combine_now(each))


def may_combine_now(each: Reply) -> bool:
    return each.checklist is not None


def filed(each: Reply) -> Reply:
    return replace(each, verdict=replace(each.verdict, filed=True))


def came(each: Reply, ago: timedelta, now: datetime | None = None) -> Reply:
    now = now or each.now
    return replace(each, now=now, received_at=now - ago)


def earlier_of(each: Reply, ref: str = "M000001", **more: object) -> Waiting:
    verdict = each.verdict
    mail = Earlier(ref, each.received_at - timedelta(minutes=2), verdict.assessments, verdict.findings)
    return Waiting(7, (replace(mail, **more),))  # type: ignore[arg-type]


def test_an_answer_waits_for_more_mail_from_the_arrival_on() -> None:
    partial = reply(LetterState.PARTIAL)
    fresh = came(partial, timedelta(minutes=1))
    assert due(fresh, QUIET) == fresh.now + timedelta(minutes=4)
    late = came(partial, timedelta(hours=2))
    assert due(late, QUIET) == late.now, "what was picked up late has waited already"
    assert due(fresh, timedelta(0)) == fresh.now


def test_an_answer_that_completes_the_unit_waits_for_nothing() -> None:
    complete = came(reply(LetterState.COMPLETE), timedelta(0))
    assert due(complete, QUIET) == complete.now


def test_a_clock_behind_the_mail_server_delays_nothing_beyond_the_quiet_period() -> None:
    ahead = came(reply(LetterState.PARTIAL), -timedelta(hours=3))
    assert due(ahead, QUIET) == ahead.now + QUIET


def test_a_burst_without_end_is_answered_all_the_same() -> None:
    mail = came(reply(LetterState.PARTIAL), timedelta(0))
    first = mail.now - LONGEST_BURST * QUIET + timedelta(minutes=1)
    long = replace(mail, earlier=(("M000001", first), ("M000002", mail.now - timedelta(minutes=1))))
    assert due(long, QUIET) == mail.now + timedelta(minutes=1)


def test_the_answer_names_the_mails_that_it_speaks_for_and_what_is_still_amiss() -> None:
    repair, partial = filed(reply(LetterState.REPAIR)), filed(reply(LetterState.PARTIAL))
    both = combined(replace(partial, checklist=repair.checklist), [earlier_of(repair)])
    assert both.earlier == (("M000001", repair.received_at - timedelta(minutes=2)),)
    faults = {each.code for each in repair.verdict.all_findings if each.severity is Severity.FAULT}
    assert faults <= {each.code for each in both.verdict.all_findings}
    assert both.state is LetterState.REPAIR
    letter = replies.render(words(), both)
    assert "M000001" in letter.text
    assert "M000001" in letter.html


def test_what_a_later_mail_made_good_is_not_told() -> None:
    repair, complete = filed(reply(LetterState.REPAIR)), filed(reply(LetterState.COMPLETE))
    both = combined(complete, [earlier_of(repair)])
    assert both.state is LetterState.COMPLETE
    assert both.earlier


def test_that_nothing_was_attached_is_no_word_for_who_sent_it_after_all() -> None:
    partial = filed(reply(LetterState.PARTIAL))
    empty = earlier_of(partial, assessments=(), findings=(Finding("no-material", Severity.HOLD),))
    assert combined(partial, [empty]).state is LetterState.PARTIAL
    other = earlier_of(partial, assessments=(), findings=(Finding("unit-conflict", Severity.HOLD),))
    assert combined(partial, [other]).state is LetterState.HELD, "what waits for a person stays said"


def test_a_mail_without_material_joins_what_came_before_it_and_asks_for_nothing() -> None:
    partial = filed(reply(LetterState.PARTIAL))
    nothing = Finding("no-material", Severity.HOLD)
    empty = replace(
        partial, ref="M000009", verdict=replace(partial.verdict, filed=False, assessments=(), findings=(nothing,))
    )
    assert may_combine(empty)
    assert empty.state is LetterState.HELD
    both = combined(empty, [earlier_of(partial)])
    assert both.state is LetterState.PARTIAL
    assert "另行答复" in replies.render(words(), both).text
    assert combined(empty, [earlier_of(partial, assessments=(), findings=(nothing,))]).state is LetterState.HELD


def test_an_answer_never_speaks_for_its_own_mail_twice() -> None:
    partial = filed(reply(LetterState.PARTIAL))
    assert combined(partial, [earlier_of(partial, ref=partial.ref)]) == partial


def test_only_an_answer_that_tells_how_the_unit_stands_speaks_for_others() -> None:
    partial = filed(reply(LetterState.PARTIAL))
    assert may_combine(partial)
    assert not may_combine(replace(partial, checklist=None))
    assert not may_combine(replace(partial, verdict=replace(partial.verdict, filed=False)))
