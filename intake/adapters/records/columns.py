"""What the tables are made of: instants in UTC, names of constraints, serial numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, TypeDecorator, event
from sqlalchemy.orm import DeclarativeBase

from intake.adapters.records.cleaning import cleaner, in_utc

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC. A naive one is a bug and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return in_utc(value) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of them on every database; cleans what is set on a row."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _clean_what_is_set(_row: type[Base], _name: str, attribute: Any) -> None:
    """When it is set, not when it is written: the row in memory is what the database will have, hashes over it hold."""
    columns = getattr(attribute.property, "columns", None)
    clean = cleaner(columns[0].type) if columns else None
    if clean is not None:
        event.listen(attribute, "set", lambda _target, value, _old, _by: clean(value), retval=True)


Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows up only for INTEGER PRIMARY KEY."""
