"""A checklist, not a message: entries of many mails add up; what counts is worked out anew from all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from intake.domain.identity import Tier
from intake.domain.submission import Checklist, Entry, EntryState, ItemState, UnitState, checklist
from tests.unit.builders import DEADLINE, NOTICE, PHOTOS, REPORT, VIDEO, entry

OK, HELD, FAULTY = EntryState.OK, EntryState.HELD, EntryState.FAULTY
CLAIMED = Tier.CLAIMED


def read(*entries: Entry, **more: bool) -> Checklist:
    return checklist(NOTICE, entries, DEADLINE, **more)


def orders(key: str, *entries: Entry) -> list[int]:
    """The numbers of the mails whose entries count."""
    return [each.order for each in read(*entries).item(key).entries]


def test_nothing_came() -> None:
    empty = read()

    assert (empty.state, empty.tier, empty.late) == (UnitState.MISSING, None, False)
    assert [item.state for item in empty.items] == [ItemState.MISSING] * 3
    assert [item.requirement.key for item in empty.open_items] == ["report", "photos", "video"]


def test_several_mails_complete_a_unit() -> None:
    whole = read(entry("report", 1), entry("photos", 2), entry("video", 3))

    assert (whole.state, whole.open_items, whole.tier) == (UnitState.COMPLETE, (), Tier.KNOWN)


def test_a_newer_valid_one_replaces_the_older() -> None:
    assert orders("video", entry("video", 1), entry("video", 2)) == [2]


def test_newer_is_what_came_later_not_what_could_be_fetched_later() -> None:
    late_at_the_door = entry("video", 2, received_at=entry("video", 1).received_at - timedelta(hours=1))

    assert orders("video", entry("video", 1), late_at_the_door) == [1]


def test_what_came_in_the_same_second_is_told_apart_by_its_number() -> None:
    same = entry("video", 1).received_at

    assert orders("video", entry("video", 2, received_at=same), entry("video", 1)) == [2]


@pytest.mark.parametrize("state", [FAULTY, HELD])
def test_an_invalid_one_never_displaces_a_valid_one(state: EntryState) -> None:
    assert orders("video", entry("video", 1), entry("video", 2, state)) == [1]
    assert read(entry("video", 1), entry("video", 2, state)).item("video").state is ItemState.OK


def test_several_valid_ones_of_one_mail_stand_together() -> None:
    twice = [entry("video", 2, sha256="a"), entry("video", 2, sha256="b")]

    assert orders("video", entry("video", 1), *twice) == [2, 2]


def test_photos_add_up_each_content_once_the_first_stays() -> None:
    photos = [entry("photos", n, sha256=content) for n, content in enumerate("abab", start=1)]

    assert orders("photos", *photos) == [1, 2]


def test_photos_that_came_as_links_are_not_taken_for_one() -> None:
    links = [entry("photos", 1, sha256=None, origin="a.zip"), entry("photos", 1, sha256=None, origin="b.zip")]

    assert orders("photos", *links) == [1, 1]


# Where two or more are asked for

TWO = replace(NOTICE, requirements=(replace(VIDEO, minimum=2), replace(PHOTOS, minimum=2)))


def test_too_few_are_missing_still() -> None:
    one = checklist(TWO, [entry("photos", 1)], DEADLINE)

    assert (one.item("photos").state, len(one.item("photos").entries)) == (ItemState.MISSING, 1)
    assert one.state is UnitState.PARTIAL


def test_they_may_come_in_several_mails() -> None:
    both = checklist(TWO, [entry("photos", 1), entry("photos", 2), entry("video", 1), entry("video", 3)], DEADLINE)

    assert both.state is UnitState.COMPLETE


def test_a_newer_mail_with_enough_replaces_all_older_ones() -> None:
    videos = [entry("video", n, sha256=content) for n, content in ((1, "a"), (2, "b"), (2, "c"))]

    assert [each.order for each in checklist(TWO, videos, DEADLINE).item("video").entries] == [2, 2]


def test_a_newer_mail_with_too_few_displaces_nothing() -> None:
    videos = [entry("video", n, sha256=content) for n, content in ((1, "a"), (1, "b"), (2, "c"))]

    assert [each.order for each in checklist(TWO, videos, DEADLINE).item("video").entries] == [1, 1]


# States


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((HELD,), ItemState.HELD),
        ((FAULTY,), ItemState.FAULTY),
        ((HELD, FAULTY), ItemState.HELD),
        ((FAULTY, HELD), ItemState.HELD),
        ((FAULTY, OK), ItemState.OK),
        ((HELD, OK), ItemState.OK),
    ],
)
def test_the_state_of_a_line(states: tuple[EntryState, ...], expected: ItemState) -> None:
    entries = [entry("video", n, state) for n, state in enumerate(states, start=1)]

    assert read(*entries).item("video").state is expected


@pytest.mark.parametrize(
    ("entries", "waiting", "state"),
    [
        ([], False, UnitState.MISSING),
        ([], True, UnitState.HELD),
        ([entry("report", 1)], False, UnitState.PARTIAL),
        ([entry("video", 1, FAULTY)], False, UnitState.PARTIAL),
        ([entry("report", 1)], True, UnitState.HELD),
        ([entry("report", 1), entry("video", 1, HELD)], False, UnitState.HELD),
        ([entry("report", 1), entry("photos", 1), entry("video", 1)], True, UnitState.COMPLETE),
    ],
)
def test_the_state_of_a_unit(entries: list[Entry], waiting: bool, state: UnitState) -> None:
    assert read(*entries, waiting=waiting).state is state


# Trusted and claimed


def test_a_claimed_one_counts_until_a_trusted_one_comes() -> None:
    claimed = entry("video", 1, tier=CLAIMED)

    assert orders("video", claimed) == [1]
    assert orders("video", claimed, entry("video", 2)) == [2]


@pytest.mark.parametrize("state", [OK, HELD])
def test_a_claimed_one_never_replaces_what_a_trusted_sender_handed_in(state: EntryState) -> None:
    before = read(entry("video", 1, state)).item("video")

    assert read(entry("video", 1, state), entry("video", 2, tier=CLAIMED)).item("video") == before


def test_a_trusted_faulty_one_leaves_the_claimed_valid_one_standing() -> None:
    assert orders("video", entry("video", 1, tier=CLAIMED), entry("video", 2, FAULTY)) == [1]


def test_claimed_photos_do_not_mix_with_trusted_ones() -> None:
    assert orders("photos", entry("photos", 1, tier=CLAIMED), entry("photos", 2), entry("photos", 3)) == [2, 3]


@pytest.mark.parametrize(
    ("tiers", "weakest"),
    [
        ((Tier.KNOWN, CLAIMED), CLAIMED),
        ((Tier.KNOWN, Tier.THREAD), Tier.THREAD),
        ((Tier.CONFIRMED, Tier.KNOWN), Tier.KNOWN),
        ((Tier.CONFIRMED, Tier.CONFIRMED), Tier.CONFIRMED),
    ],
)
def test_the_whole_is_as_sure_as_its_weakest_counted_entry(tiers: tuple[Tier, ...], weakest: Tier) -> None:
    both = [entry(key, 1, tier=tier) for key, tier in zip(("report", "video"), tiers, strict=True)]

    assert read(*both).tier is weakest


def test_what_does_not_count_does_not_weaken_the_whole() -> None:
    assert read(entry("video", 1), entry("video", 2, tier=CLAIMED)).tier is Tier.KNOWN


# Lateness


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_late_is_later_than_the_deadline(seconds: int, late: bool) -> None:
    assert read(entry("video", 1, received_at=DEADLINE + timedelta(seconds=seconds))).late is late


def test_an_extended_deadline_is_the_deadline() -> None:
    late = entry("video", 1, received_at=DEADLINE + timedelta(days=1))

    assert not checklist(NOTICE, [late], DEADLINE + timedelta(days=1)).late


def test_what_came_late_and_does_not_count_makes_nothing_late() -> None:
    assert not read(entry("video", 1), entry("video", 2, FAULTY, received_at=DEADLINE + timedelta(days=1))).late


# Laws

entries = some.builds(
    lambda key, order, state, tier, content: entry(key, order, state, tier, sha256=content),
    some.sampled_from(["report", "photos", "video", "unheard-of"]),
    some.integers(1, 6),
    some.sampled_from(EntryState),
    some.sampled_from([Tier.CONFIRMED, Tier.KNOWN, Tier.THREAD, Tier.CLAIMED]),
    some.sampled_from([None, "a", "b", "c"]),
)
many = some.lists(entries, max_size=12)


@given(many)
def test_counted_entries_are_valid_entries_that_were_handed_in(given_entries: list[Entry]) -> None:
    for item in read(*given_entries).items:
        assert all(each in given_entries for each in item.entries)
        assert all(each.state is OK and each.requirement == item.requirement.key for each in item.entries)


@given(many)
def test_complete_means_that_every_line_is_ok(given_entries: list[Entry]) -> None:
    whole = read(*given_entries)

    assert (whole.state is UnitState.COMPLETE) == all(item.state is ItemState.OK for item in whole.items)
    assert (whole.state is UnitState.MISSING) == (not given_entries)
    for item in whole.items:
        assert (item.state is ItemState.OK) == (len(item.entries) >= item.requirement.minimum)


@given(many, some.randoms())
def test_the_order_in_which_entries_are_read_does_not_matter(given_entries: list[Entry], random: object) -> None:
    shuffled = list(given_entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = read(*given_entries), read(*shuffled)

    assert (one.state, one.tier, one.late) == (other.state, other.tier, other.late)
    for item, same in zip(one.items, other.items, strict=True):
        assert item.state is same.state
        assert {(each.order, each.sha256) for each in item.entries} == {
            (each.order, each.sha256) for each in same.entries
        }


@given(many, many)
def test_claimed_entries_change_nothing_of_what_trusted_senders_handed_in(
    known: list[Entry], strangers: list[Entry]
) -> None:
    """Non-interference: a line on which something trusted stands or waits is the same whatever others claim."""
    known = [each for each in known if each.tier.trusted]
    claimed = [replace(each, tier=CLAIMED) for each in strangers]
    alone, mixed = read(*known), read(*known, *claimed)

    for item, same in zip(alone.items, mixed.items, strict=True):
        if item.entries or item.state is ItemState.HELD:
            assert same == item


@given(many, entries)
def test_an_invalid_entry_takes_nothing_away(before: list[Entry], another: Entry) -> None:
    bad = replace(another, state=FAULTY, tier=Tier.KNOWN, order=99)

    for item, after in zip(read(*before).items, read(*before, bad).items, strict=True):
        assert after.entries == item.entries


def test_an_unknown_key_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        read().item("unheard-of")
    assert NOTICE.requirement("report") is REPORT
