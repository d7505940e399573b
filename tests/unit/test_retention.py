"""When a notice may be purged, and why not yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from intake.domain.mail import Octets
from intake.domain.retention import Stock, obstacles

DEADLINE = datetime(2024, 6, 11, 15, 59, 59, tzinfo=UTC)
AFTER = DEADLINE + timedelta(seconds=1)


def test_a_notice_that_is_over_and_done_with_may_go() -> None:
    assert list(obstacles(Stock(mails=3, open_until=DEADLINE), AFTER)) == []
    assert list(obstacles(Stock(mails=3, open_until=None), AFTER)) == [], (
        "who took it out of the configuration closed it"
    )


def test_until_the_last_second_of_the_last_unit_it_is_open() -> None:
    assert list(obstacles(Stock(open_until=DEADLINE), DEADLINE)) == ["it is open until 2024-06-11T15:59+00:00"]


def test_everything_that_is_not_done_is_said_at_once_and_what_to_do() -> None:
    refs = tuple(f"M{number:06d}" for number in range(1, 9))
    said = list(obstacles(Stock(open_until=DEADLINE, undecided=refs, waiting=refs[:1], owed=("L000001",)), AFTER))
    assert said == [
        "not decided yet: M000001 M000002 M000003 M000004 M000005 and 3 more; to do: poll",
        "waiting for a person: M000001; to do: held",
        "letters that have not left: L000001; to do: poll, or release",
    ]


def test_what_was_removed_on_purpose_is_nothing_to_mend() -> None:
    assert [each for each in Octets if each.removed] == [Octets.PURGED, Octets.ERASED]
