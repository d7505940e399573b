"""Stage 4, digest: what staff are told once a day, put together from the records; also what status shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, tzinfo

from intake.domain.digest import Digest, MailLine, Mark, Section
from intake.domain.notice import Notice
from intake.domain.recognise import Office
from intake.domain.schedule import IsWorkday, digest_owed, workdays_left
from intake.domain.verdict import Disposition
from intake.ports import Chronicle, Clock, Records, Stationery


@dataclass(frozen=True, slots=True)
class Desk:
    """What summarise works with."""

    records: Records
    stationery: Stationery
    office: Office
    clock: Clock
    zone: tzinfo
    at: time
    is_digest_day: IsWorkday
    is_workday: IsWorkday
    free_bytes: Callable[[], int]
    shadow: bool = False
    warnings: Callable[[], tuple[str, ...]] = tuple


def summarise(desk: Desk) -> bool:
    """Put today's digest into the outbox if it is owed and not yet there; whether it was."""
    local_now = desk.clock().astimezone(desk.zone)
    with desk.records.chronicle() as chronicle:
        is_made = chronicle.has_digest(local_now.date())
    day = digest_owed(local_now, is_made, desk.at, desk.is_digest_day)
    return day is not None and post_digest(desk, day)


def post_digest(desk: Desk, day: date) -> bool:
    """Put the digest of a day into the outbox; False when that day has one already."""
    with desk.records.chronicle() as chronicle:
        digest, upto = compose(desk, chronicle, day), chronicle.mark()
    drafts = desk.stationery.digest(digest)
    with desk.records.desk() as records:
        posted = [records.post(draft, None, desk.clock()) for draft in drafts]
        if any(posted):
            records.digested(day, upto, desk.clock())
    return any(posted)


def compose(desk: Desk, chronicle: Chronicle, day: date) -> Digest:
    """All that the digest of a day tells, from one consistent view."""
    before = chronicle.digest_before(day)
    since = before.upto if before else None
    decided = chronicle.decided_since(since)
    return Digest(
        day=day,
        now=desk.clock().astimezone(desk.zone),
        since=before.at.astimezone(desk.zone) if before else None,
        sections=tuple(_section(desk, chronicle, notice, day, since) for notice in desk.office.notices),
        needs_person=chronicle.needing_person(),
        news=tuple(line for line in decided if not _is_ignored(line)),
        ignored=tuple(line for line in decided if _is_ignored(line)),
        failed_letters=chronicle.failed_letters(since),
        letters=chronicle.letter_counts(since),
        health=chronicle.health(since, desk.free_bytes(), desk.warnings()),
        shadow=desk.shadow,
        links=chronicle.open_links(),
        unfetched=chronicle.unfetched(),
        alarms=tuple(each for each in chronicle.alarms() if each.stands),
        unreached=chronicle.unreached(since),
    )


def _section(desk: Desk, chronicle: Chronicle, notice: Notice, day: date, since: Mark | None) -> Section:
    return Section(
        notice=notice,
        rows=chronicle.unit_rows(notice, desk.office.roster),
        newly_complete=chronicle.completed_since(notice, since),
        workdays_left=workdays_left(day, notice.deadline.astimezone(desk.zone).date(), desk.is_workday),
    )


def _is_ignored(line: MailLine) -> bool:
    return line.disposition is Disposition.IGNORED
