"""The alarms on record: which stand, since when, and how often each was raised."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.alerts import AlarmRow
from intake.adapters.records.desk import SqlDesk
from intake.adapters.records.tables import EventRow
from intake.domain.alarm import Standing, Trouble
from intake.ports import Draft


class SqlAlarms:
    """Implements ports.Alarms on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, standing: Standing, now: datetime) -> None:
        row = self._session.get(AlarmRow, standing.name)
        stood, times = (row.raised_at is not None, row.times) if row is not None else (False, 0)
        if stood != standing.stands or times != standing.times:
            detail = {"name": standing.name, "times": standing.times, "facts": dict(standing.facts)}
            what = "alarm raised" if standing.stands else "alarm over"
            self._session.add(EventRow(at=now, what=what, detail=detail))
        detail = _detail(standing)
        row = AlarmRow(name=standing.name, raised_at=standing.raised_at, times=standing.times, detail=detail)
        self._session.merge(row)

    def post(self, draft: Draft, now: datetime) -> bool:
        return SqlDesk(self._session).post(draft, None, now)


def standings(session: Session) -> tuple[Standing, ...]:
    """Every alarm that was ever raised; one that a later release does not know any more is left out."""
    known = [each.value for each in Trouble]
    return tuple(_standing(row) for row in session.scalars(select(AlarmRow).where(AlarmRow.name.in_(known))))


def _detail(standing: Standing) -> dict[str, Any]:
    seen_at = standing.seen_at.isoformat() if standing.seen_at else None
    return {"facts": dict(standing.facts), "calm": standing.calm.total_seconds(), "seen_at": seen_at}


def _standing(row: AlarmRow) -> Standing:
    detail = row.detail
    return Standing(
        name=Trouble(row.name),
        raised_at=row.raised_at,
        times=row.times,
        facts=detail["facts"],
        calm=timedelta(seconds=detail["calm"]),
        seen_at=datetime.fromisoformat(detail["seen_at"]) if detail["seen_at"] else None,
    )
