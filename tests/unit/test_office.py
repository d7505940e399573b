"""From configuration to the values that judging needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from intake.domain.notice import Kind
from intake.domain.recognise import Office
from intake.entry.config import Config, load
from intake.entry.office import USUAL_FORMATS, office_of, opens, sender_of
from intake.entry.schema import RequirementEntry
from tests.unit.builders import NOTICE, OFFICE, OPENS, ZONE

CONFIG = load(Path(__file__).resolve().parents[2] / "config")


def with_requirement(entry: RequirementEntry) -> Config:
    notice = msgspec.structs.replace(CONFIG.notices[0], requirement=[entry])
    return msgspec.structs.replace(CONFIG, notices=[notice])


def formats(kind: str, *listed: str) -> tuple[str, ...]:
    entry = RequirementEntry(key="x", name="x", kind=kind, formats=list(listed))  # type: ignore[arg-type]
    return office_of(with_requirement(entry)).notices[0].requirements[0].formats


def test_a_notice_asks_all_units_unless_it_names_some() -> None:
    everyone = office_of(CONFIG).notices[0]
    some = msgspec.structs.replace(CONFIG.notices[0], units=["370826"])
    one = office_of(msgspec.structs.replace(CONFIG, notices=[some])).notices[0]

    assert everyone.unit_codes == tuple(unit.code for unit in CONFIG.units)
    assert one.unit_codes == ("370826",)


def test_a_notice_opens_at_midnight_of_the_office() -> None:
    assert office_of(CONFIG).notices[0].opens == datetime(2024, 5, 8, tzinfo=ZONE)


def test_the_deadline_includes_its_day() -> None:
    deadline = office_of(CONFIG).notices[0].deadline.astimezone(ZONE)

    assert (deadline.date().isoformat(), deadline.hour, deadline.minute) == ("2024-06-11", 23, 59)


@pytest.mark.parametrize(
    ("listed", "meant"),
    [
        (("jpg", "PNG"), ("jpg", "png")),
        (("jpeg", "jpg", "JPG"), ("jpg",)),
        ((".jpg",), ("jpg",)),
        (("tif", "heif", "mpeg", "asf"), ("tiff", "heic", "mpg", "wmv")),
    ],
)
def test_formats_may_be_written_as_people_write_them(listed: tuple[str, ...], meant: tuple[str, ...]) -> None:
    assert formats("image", *listed) == meant


@pytest.mark.parametrize("kind", ["document", "image", "video"])
def test_without_formats_the_usual_ones_are_taken(kind: str) -> None:
    assert formats(kind) == USUAL_FORMATS[Kind(kind)]


def test_everything_of_a_requirement_arrives() -> None:
    entry = RequirementEntry("v", "视频", "video", ["mp4"], 2, None, 60.0, 0.5)
    requirement = office_of(with_requirement(entry)).notices[0].requirements[0]

    assert (requirement.key, requirement.name, requirement.kind) == ("v", "视频", Kind.VIDEO)
    assert (requirement.minimum, requirement.max_seconds, requirement.tolerance_seconds) == (2, 60.0, 0.5)


def test_staff_and_our_own_address_are_known_in_lower_case() -> None:
    site = msgspec.structs.replace(
        CONFIG.site,
        imap=msgspec.structs.replace(CONFIG.site.imap, username="Old@Example.cn"),
        smtp=msgspec.structs.replace(
            CONFIG.site.smtp,
            sender="人才科 <Box@Example.cn>",
            username="login",
            envelope_from="bounces.kjj@example.cn",
        ),
        staff=msgspec.structs.replace(CONFIG.site.staff, digest_to=["A@x.cn"], operators=["B@x.cn"]),
    )
    config = msgspec.structs.replace(CONFIG, site=site)
    office = office_of(config)

    assert (office.own, office.staff) == (
        {"box@example.cn", "old@example.cn", "bounces.kjj@example.cn"},
        {"a@x.cn", "b@x.cn"},
    )
    assert sender_of(config) == ("人才科", "Box@Example.cn")


def test_mail_is_ours_from_the_day_on_which_the_first_notice_opens() -> None:
    later = replace(NOTICE, id="later", opens=datetime(2025, 1, 1, tzinfo=ZONE))

    assert opens(replace(OFFICE, notices=(later, NOTICE))) == OPENS


def test_without_notices_no_mail_is_ours() -> None:
    assert opens(Office(OFFICE.roster, ())) == datetime.max.replace(tzinfo=UTC)


def test_the_policy_arrives() -> None:
    assert office_of(CONFIG).policy == CONFIG.site.identity.policy
