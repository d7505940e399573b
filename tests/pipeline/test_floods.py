"""Forged mails in great numbers: strangers use up answers of their own, and no county waits for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.adapters.records.database import Database
from intake.adapters.records.tables import LetterRow
from intake.domain.replying import Limits
from tests.adapters.conftest import file, migrated_file
from tests.pipeline.test_loops import COUNTY, Service, submission

__all__ = ["file", "migrated_file"]


@pytest.fixture
def service(file: Database, tmp_path: Path) -> Service:
    made = Service(file, tmp_path, senders=(COUNTY, "office@weishan.example.cn"))
    limits = Limits(per_address_day=9, per_day=2, strangers_day=3, quiet=timedelta(minutes=5))
    made.bench = replace(made.bench, limits=limits)
    return made


def arrive(service: Service, *senders: str) -> None:
    for sender in senders:
        service.take(submission(sender).as_bytes())
    service.work()


def held(service: Service) -> list[str | None]:
    """By which rule each letter waits for staff; None for those that do not."""
    with service.database.reading() as session:
        rows = session.scalars(select(LetterRow).where(LetterRow.state != "superseded").order_by(LetterRow.id))
        return [row.error if row.state == "held" else None for row in rows]


def test_a_flood_that_claims_a_unit_keeps_no_county_waiting(service: Service) -> None:
    arrive(service, *(f"v{number}@qq.example.com" for number in range(5)), COUNTY)
    assert held(service) == [None, None, None, "strangers-day", "strangers-day", None]
    with service.records.chronicle() as chronicle:
        assert chronicle.vitals(service.clock()).held.keys() == {"strangers-day"}
    service.minute = 1500
    arrive(service, "v9@qq.example.com")
    assert held(service)[-1] == "strangers-day", "none overtakes one that waits"


def test_what_counties_use_up_is_theirs_and_holds_every_answer(service: Service) -> None:
    arrive(service, COUNTY, "office@weishan.example.cn", "v1@qq.example.com")
    assert held(service) == [None, None, None]
    arrive(service, COUNTY, "v2@qq.example.com")
    assert held(service) == [None] * 4, "the county's replaced its first one"
    service.minute = 6
    service.work()
    arrive(service, COUNTY, "v3@qq.example.com")
    assert held(service)[-2:] == ["all-day", "all-day"]


def test_while_one_waits_for_all_a_later_one_to_its_address_does_so_for_all(service: Service) -> None:
    service.bench = replace(service.bench, limits=replace(service.bench.limits, per_day=1, per_address_day=1))
    arrive(service, "office@weishan.example.cn")
    service.minute = 6
    service.work()
    arrive(service, COUNTY)
    arrive(service, COUNTY)
    assert held(service) == [None, "all-day"]
    service.minute = 1500
    arrive(service, "v1@qq.example.com")
    assert held(service)[-1] == "all-day"
