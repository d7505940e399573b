"""Room on the disk is asked for before a mail is fetched."""

from __future__ import annotations

import pytest

from intake.pipeline.room import FEWEST_FILES, Guard
from intake.ports import Deferred, DiskLow, Room

MIB = 1 << 20


def guard(octets: int, files: int | None = None, reserve: int = 1024 * MIB, largest: int = 0) -> Guard:
    return Guard(lambda: Room("/data", octets, files), reserve, largest)


@pytest.mark.parametrize(
    ("free", "largest", "announced"),
    [
        (1024 * MIB, 0, 0),
        (1024 * MIB, 512 * MIB, 512 * MIB),
        (1026 * MIB, 513 * MIB, 0),
        (1026 * MIB, 0, 513 * MIB),
    ],
)
def test_the_reserve_and_twice_the_largest_mail_must_fit(free: int, largest: int, announced: int) -> None:
    guard(free, largest=largest).require(announced)
    with pytest.raises(
        DiskLow, match=r"^1\.0 GiB are free at /data, and mail is fetched when there is room for 1\.0 GiB"
    ):
        guard(free - 1, largest=largest).require(announced)


def test_a_disk_that_takes_no_more_files_is_full_too() -> None:
    guard(1 << 40, FEWEST_FILES).require()
    with pytest.raises(DiskLow, match="only 999 more files fit at /data"):
        guard(1 << 40, FEWEST_FILES - 1).require()


def both(mails: int, database: int, largest: int = 0) -> Guard:
    """A guard over two disks, with so many octets free."""
    return Guard(lambda: Room("/mails", mails), 1024 * MIB, largest, lambda: Room("/database", database))


def test_the_disk_of_the_database_must_have_the_reserve_too() -> None:
    both(1 << 40, 1024 * MIB, largest=3000 * MIB).require(3000 * MIB)  # no mail goes there
    with pytest.raises(DiskLow, match=r"1\.0 GiB are free at /database"):
        both(1 << 40, 1024 * MIB - 1).require()
    with pytest.raises(DiskLow, match="are free at /mails"):
        both(1024 * MIB - 1, 1 << 40).require()


def test_what_is_measured_is_the_disk_that_has_less_to_spare() -> None:
    assert both(9000 * MIB, 1500 * MIB).measured() == (1500 * MIB, 1024 * MIB)
    assert both(9000 * MIB, 1500 * MIB, largest=4400 * MIB).measured() == (9000 * MIB, 8800 * MIB)


def test_the_disk_of_the_database_may_be_short_of_files() -> None:
    short = Guard(lambda: Room("/mails", 1 << 40), 0, 0, lambda: Room("/database", 1 << 40, FEWEST_FILES - 1))
    with pytest.raises(DiskLow, match="only 999 more files fit at /database"):
        short.measured()


def test_low_room_is_the_world_s_trouble() -> None:
    assert issubclass(DiskLow, Deferred)
