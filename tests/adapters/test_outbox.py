"""The outbox: letters are due in turn, a doubt is kept until it is resolved, and one process at a time sends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from intake.adapters.records.stories import letter_story
from intake.adapters.records.tables import EventRow, LetterRow
from intake.domain.letter import LetterKind
from intake.domain.outcome import (
    ASK_AGAIN_AFTER,
    DELAYS,
    Failed,
    Later,
    Outcome,
    Sent,
    Untried,
    after_doubt,
)
from intake.ports import Draft, DueLetter, Overtaken, Pending, Ruling
from tests.adapters.box import NOW, Box


def draft(key: str = "reply:1:0", kind: LetterKind = LetterKind.RECEIPT) -> Draft:
    return Draft(key, kind, "【已收齐】", f"<{key}@x>", b"octets", "", ("a@b.cn",), "a@b.cn")


def post(box: Box, letter: Draft) -> None:
    with box.records.desk() as desk:
        assert desk.post(letter, None, NOW)


def due(box: Box, now: datetime = NOW) -> list[DueLetter]:
    with box.records.outbox() as outbox:
        return [letter for number in outbox.due(now) if (letter := outbox.letter(number, now))]


def settle(box: Box, letter: DueLetter, outcome: Outcome, now: datetime = NOW) -> bool:
    with box.records.outbox() as outbox:
        return outbox.settle(letter, outcome, now)


def doubt(box: Box, letter: DueLetter) -> DueLetter:
    with box.records.outbox() as outbox:
        return outbox.doubt(letter, NOW)


def told(box: Box) -> list[str]:
    """What happened to letters, in order."""
    return [row.what for row in box.rows(EventRow) if row.letter_id and row.what != "letter owed"]


def test_letters_are_due_oldest_first_and_only_when_their_time_has_come(box: Box) -> None:
    post(box, draft("a"))
    post(box, draft("b"))
    assert [letter.ref for letter in due(box)] == ["L000001", "L000002"]
    assert due(box, NOW - timedelta(seconds=1)) == []


def test_a_letter_put_off_goes_behind_the_others(box: Box) -> None:
    for key in "abc":
        post(box, draft(key))
    settle(box, due(box)[0], Untried(NOW + timedelta(minutes=1), "421"))

    assert [letter.ref for letter in due(box, NOW + timedelta(hours=1))] == ["L000002", "L000003", "L000001"]


@pytest.mark.parametrize("back", [timedelta(hours=5), timedelta(days=3), timedelta(days=400)])
def test_a_clock_set_back_makes_a_letter_due_at_once(box: Box, back: timedelta) -> None:
    post(box, draft())
    settle(box, due(box)[0], Later(NOW + DELAYS[-1], "450"))

    assert due(box, NOW - timedelta(minutes=10)) == [], "a clock that is corrected costs no attempt"
    assert len(due(box, NOW - back)) == 1


def test_what_became_of_a_letter_is_settled(box: Box) -> None:
    for key in "abc":
        post(box, draft(key))
    sent, later, failed = due(box)
    settle(box, sent, Sent())
    settle(box, later, Later(NOW + timedelta(minutes=1), "450 busy\x00"))
    settle(box, failed, Failed("550 no such user"))

    assert due(box) == []
    (again,) = due(box, NOW + timedelta(minutes=1))
    assert (again.ref, again.attempts) == ("L000002", 1)
    with box.records.chronicle() as chronicle:
        (line,) = chronicle.failed_letters(None)
        counts = chronicle.letter_counts(None)
        totals = chronicle.letter_totals()
    assert (line.ref, line.error, line.attempts) == ("L000003", "550 no such user", 1)
    assert (counts.receipts, counts.failed, counts.due) == (1, 1, 1)
    assert totals == {"due": 1, "sent": 1, "failed": 1, "held": 0, "superseded": 0}
    assert box.events()[-3:] == ["letter sent", "letter deferred", "letter failed"]


def test_an_answer_takes_the_doubt_back(box: Box) -> None:
    for key in "abcd":
        post(box, draft(key))
    outcomes: list[Outcome] = [Sent(), Later(NOW, "451"), Untried(NOW, "451 MI:SFQ"), Failed("554")]
    for letter, outcome in zip(due(box), outcomes, strict=True):
        assert settle(box, doubt(box, letter), outcome)

    assert [row.doubts for row in box.rows(LetterRow)] == [0, 0, 0, 0]
    assert told(box) == ["letter sent", "letter deferred", "letter deferred", "letter failed"]


def test_a_doubt_that_is_left_behind_is_told_when_the_letter_is_sent_once_more(box: Box) -> None:
    post(box, draft())
    doubt(box, due(box)[0])
    (left,) = due(box)
    assert (left.doubts, left.dotted) == (1, False)
    settle(box, doubt(box, left), Sent())

    assert [row.doubts for row in box.rows(LetterRow)] == [1], "the first copy may have arrived as well"
    assert told(box) == ["letter sent once more", "letter sent"]


def test_a_letter_in_doubt_is_due_once_more_and_the_second_time_failed(box: Box) -> None:
    post(box, draft())
    settle(box, doubt(box, due(box)[0]), after_doubt(1, NOW, "no answer"))
    assert due(box) == []
    (once_more,) = due(box, NOW + ASK_AGAIN_AFTER)
    settle(box, doubt(box, once_more), after_doubt(2, NOW, "no answer"))

    assert due(box, NOW + timedelta(days=9)) == []
    assert told(box) == ["letter in doubt", "letter sent once more", "letter failed"]
    with box.records.chronicle() as chronicle:
        (line,) = chronicle.failed_letters(None)
    assert (line.doubts, line.error) == (2, "no answer")


def test_of_two_processes_with_the_same_letter_one_sends_it(box: Box) -> None:
    post(box, draft())
    (first,) = due(box)
    (second,) = due(box)
    mine = doubt(box, first)
    with pytest.raises(Overtaken, match="L000001"):
        doubt(box, second)
    assert not settle(box, second, Later(NOW, "451")), "it may not take back the other one's doubt"
    assert settle(box, mine, Sent())
    assert not settle(box, mine, Failed("550"))

    (row,) = box.rows(LetterRow)
    assert (row.state, row.doubts, row.attempts) == ("sent", 0, 1)
    assert told(box) == ["letter sent"]


def test_those_who_have_a_letter_are_owed_it_no_longer(box: Box) -> None:
    post(box, replace(draft(), envelope_to=("a@b.cn", "full@b.cn")))
    settle(box, doubt(box, due(box)[0]), Later(NOW, "452", ("full@b.cn",)))

    (row,) = box.rows(LetterRow)
    assert (row.state, row.doubts, row.envelope_to) == ("due", 0, ["full@b.cn"])
    assert told(box) == ["letter sent to some"]


def test_a_story_tells_the_doubts(box: Box) -> None:
    post(box, draft())
    doubt(box, due(box)[0])
    with box.database.reading() as session:
        story = letter_story(session, 1)

    assert story is not None
    assert story["doubts"] == 1


def test_a_letter_in_doubt_that_comes_back_as_undeliverable_is_not_sent_once_more(box: Box) -> None:
    post(box, draft("a"))
    post(box, draft("b"))
    doubt(box, due(box)[0])
    with box.records.desk() as desk:
        desk.undelivered(["<a@x>", "<b@x>"], Pending(99, "M000099", "", 1, NOW, 0, Ruling()), NOW)

    assert [letter.ref for letter in due(box)] == ["L000002"], "one that never left cannot come back"
    assert told(box) == ["letter returned"]
