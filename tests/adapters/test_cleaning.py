"""No value from outside can upset a database: whatever is set on a row, of any table, is stored, and clean."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, String, inspect

from intake.adapters.records.audit import verify
from intake.adapters.records.columns import Base, Instant
from intake.adapters.records.tables import EntryRow, EventRow, SubmissionRow
from tests.adapters.box import Box

BAD = "科\x00技\udcff"
WORST: dict[type[Any], Any] = {
    String: BAD,
    JSON: {BAD: [BAD, float("inf"), {"n": float("nan"), "big": 1 << 70}, (BAD, 1.5)]},
    Integer: 1 << 70,
    Instant: datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    Float: float("inf"),
    Boolean: True,
    LargeBinary: b"\x00\xff",
}
TABLES = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda row: row.__tablename__)


def worst(column: Column[Any]) -> Any:
    if column.foreign_keys:
        return None if column.nullable else 1
    return next(value for kind, value in WORST.items() if isinstance(column.type, kind))


@pytest.mark.parametrize("table", TABLES, ids=lambda row: row.__tablename__)
def test_every_column_takes_the_worst_and_keeps_what_the_row_says(box: Box, table: type[Any]) -> None:
    box.take(1)
    first = table.__table__.primary_key.columns[0]
    numbered = isinstance(first.type, Integer) and not first.foreign_keys
    ours = {"seq", "hash"} if table is EventRow else set()
    columns = [each for each in table.__table__.columns if not (numbered and each.primary_key) and each.key not in ours]
    with box.database.writing() as session:
        if table is EntryRow:
            session.add(SubmissionRow(notice_id="x", unit_code="x"))
            session.flush()
        row = table(**{each.key: worst(each) for each in columns})
        session.add(row)
        session.flush()
        key = inspect(row).identity
    with box.database.reading() as session:
        assert verify(session).broken is None, "the hash was made over what is stored"
        stored = session.get_one(table, key)
        for column in columns:
            told = getattr(stored, column.key)
            assert told == getattr(row, column.key) or isinstance(told, datetime), column.key
            assert "\x00" not in str(told), column.key
            assert str(told).encode(), column.key


def test_what_is_no_number_in_json_is_nothing() -> None:
    row = EntryRow(width=1 << 40, size=1 << 70)

    assert (row.width, row.size) == ((1 << 31) - 1, (1 << 63) - 1)
    (table,) = (each for each in TABLES if each.__tablename__ == "material")
    assert table(facts=WORST[JSON]).facts == {
        "科\ufffd技\ufffd": ["科\ufffd技\ufffd", None, {"n": None, "big": 1 << 70}, ["科\ufffd技\ufffd", 1.5]]
    }
