"""The heartbeat: how the polls went, and what waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, func, select, true
from sqlalchemy.orm import Session

from intake.adapters.records.reconciling import reconciliation
from intake.adapters.records.tables import MailRow, PollRow
from intake.domain.digest import Health


def health(session: Session, since: datetime | None, free_bytes: int, warnings: tuple[str, ...]) -> Health:
    """How the service is, its polls counted since a moment (None: ever)."""
    passed = and_(PollRow.finished_at.is_not(None), PollRow.started_at > since if since else true())
    grouped = session.execute(select(PollRow.ok, func.count()).where(passed).group_by(PollRow.ok))
    counts = {ok: n for ok, n in grouped}  # noqa: C416 - dict() does not take rows
    finished = select(PollRow).where(PollRow.finished_at.is_not(None))  # one under way has neither failed nor not
    last = session.scalar(finished.order_by(PollRow.id.desc()).limit(1))
    return Health(
        polls=sum(counts.values()),
        failed_polls=counts.get(False, 0),
        last_poll_at=last.started_at if last else None,
        last_success_at=session.scalar(select(func.max(PollRow.started_at)).where(PollRow.ok)),
        last_error=last.error if last else None,
        backlog=session.scalar(select(func.count()).where(MailRow.state == "received")) or 0,
        free_bytes=free_bytes,
        reconciliation=reconciliation(session),
        warnings=warnings,
        last_ok=last.ok if last else None,
    )
