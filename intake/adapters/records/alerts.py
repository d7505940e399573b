"""The tables of what operators are warned of, and of servers that refused our login, beside those of tables.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from intake.adapters.records.columns import Base


class AlarmRow(Base):
    """One thing that operators are warned of: raised until it is cleared; `times` counts how often it was raised."""

    __tablename__ = "alarm"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    raised_at: Mapped[datetime | None]
    times: Mapped[int] = mapped_column(default=0)
    detail: Mapped[dict[str, Any]]


class PatienceRow(Base):
    """A server that refused our login: not asked again before `not_before`, unless the credentials are others."""

    __tablename__ = "patience"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    refusal: Mapped[str] = mapped_column(String(16))
    failures: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    credentials: Mapped[str] = mapped_column(String(64))
    error: Mapped[str] = mapped_column(Text)
