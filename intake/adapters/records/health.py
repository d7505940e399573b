"""The heartbeat: how the polls went, and what waits."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.adapters.records import audit
from intake.adapters.records.reconciling import reconciliation
from intake.adapters.records.spans import later_polls
from intake.adapters.records.tables import MailRow, PollRow
from intake.domain.digest import Health, Mark


def health(session: Session, since: Mark | None, free_bytes: int, warnings: tuple[str, ...]) -> Health:
    """How the service is, with the polls since a mark."""
    passed = PollRow.finished_at.is_not(None), later_polls(since)
    grouped = session.execute(select(PollRow.ok, func.count()).where(*passed).group_by(PollRow.ok))
    counts = {ok: n for ok, n in grouped}  # noqa: C416 - dict() does not take rows
    finished = select(PollRow).where(PollRow.finished_at.is_not(None))  # one under way has neither failed nor not
    last = session.scalar(finished.order_by(PollRow.id.desc()).limit(1))
    good = session.scalar(select(PollRow).where(PollRow.ok).order_by(PollRow.id.desc()).limit(1))
    return Health(
        polls=sum(counts.values()),
        failed_polls=counts.get(False, 0),
        last_poll_at=last.started_at if last else None,
        last_success_at=good.started_at if good else None,
        last_error=last.error if last else None,
        backlog=session.scalar(select(func.count()).where(MailRow.state == "received")) or 0,
        free_bytes=free_bytes,
        reconciliation=reconciliation(session),
        warnings=warnings,
        last_ok=last.ok if last else None,
        audit=audit.head(session),
    )
