"""Digests to render: an ordinary day with fourteen units in every state, a quiet one, and one that does not add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from intake.domain.digest import (
    Digest,
    Health,
    LetterCounts,
    LetterLine,
    MailLine,
    Reconciliation,
    Section,
    UnitRow,
)
from intake.domain.finding import Finding, Severity
from intake.domain.identity import Tier
from intake.domain.notice import Unit
from intake.domain.submission import Checklist
from intake.domain.verdict import Disposition
from tests.unit.letter_samples import (
    ALL_GOOD,
    ARRIVED,
    LATE,
    LONG_VIDEO,
    NOTICE,
    TOO_LONG,
    UNITS,
    VIDEO,
    ZONE,
    faulty,
    finding,
    held,
    list_of,
)

DAY = date(2024, 6, 7)
NOW = datetime(2024, 6, 7, 8, 30, tzinfo=ZONE)


def row(unit: Unit, what: Checklist, at: datetime | None = ARRIVED, deadline: datetime = NOTICE.deadline) -> UnitRow:
    return UnitRow(unit, what, at, deadline)


def rows() -> tuple[UnitRow, ...]:
    """Nine complete (one late, one only claimed), two partial, one held, two from whom nothing came."""
    short = ALL_GOOD[:-1]
    too_long = faulty(LONG_VIDEO, "video", "video-too-long", **TOO_LONG)
    waits = held(VIDEO, "video", "video-unmeasurable")
    lists = {
        3: list_of(ALL_GOOD, Tier.CLAIMED, ref="M000019"),
        4: list_of((*short, too_long)),
        5: list_of((*short, waits)),
        7: list_of(()),
        8: list_of(()),
        9: list_of(short),
        11: list_of(ALL_GOOD, received_at=LATE),
    }
    complete = list_of(ALL_GOOD)
    made = [row(unit, lists.get(n, complete), None if n in (7, 8) else ARRIVED) for n, unit in enumerate(UNITS)]
    made[9] = replace(made[9], deadline=NOTICE.deadline + timedelta(days=3))
    return tuple(made)


def mail(ref: str, disposition: Disposition, unit: Unit | None, *findings: Finding, **more: object) -> MailLine:
    told = {"sender": "科技局 <wskj@qq.com>", "subject": "报送材料", "materials": 1, **more}
    return MailLine(ref, ARRIVED, disposition, unit, findings=findings, **told)  # type: ignore[arg-type]


SECTION = Section(NOTICE, rows(), newly_complete=3, workdays_left=2)
BALANCED = Reconciliation(31, accepted=24, returned=1, held=1, ignored=2, older=3)
HEALTH = Health(
    288, 0, NOW - timedelta(minutes=5), NOW - timedelta(minutes=5), None, 0, 41_300_000_000, BALANCED, last_ok=True
)


def digest(**changes: object) -> Digest:
    """An ordinary day."""
    ordinary = Digest(
        day=DAY,
        now=NOW,
        since=NOW - timedelta(days=1),
        sections=(SECTION,),
        needs_person=(
            mail("M000031", Disposition.HELD, None, finding("unit-unknown", Severity.HOLD), subject="科技周视频"),
            mail("M000033", Disposition.HELD, UNITS[5], finding("video-unmeasurable", Severity.HOLD, "video")),
        ),
        news=(
            mail("M000029", Disposition.ACCEPTED, UNITS[0]),
            mail("M000030", Disposition.ACCEPTED, UNITS[4],
                 finding("video-too-long", Severity.FAULT, "video", **TOO_LONG)),
            mail("M000032", Disposition.ACCEPTED, UNITS[9],
                 finding("video-missing", Severity.MISSING, "video", name="影像资料", need=1, have=0)),
        ),
        ignored=(
            mail("M000027", Disposition.IGNORED, None, finding("not-a-submission"), sender="展会 <x@spam.example.com>",
                 subject="合作邀请"),
            mail("M000028", Disposition.IGNORED, UNITS[1], finding("automatic-reply"), subject="自动回复：休假"),
        ),
        failed_letters=(
            LetterLine("M000026", UNITS[8], "wskj@wenshang.gov.cn", "【需补正】总结材料", "550 no such user", 1),
        ),
        letters=LetterCounts(receipts=4, returns=1, failed=1, due=0),
        health=HEALTH,
    )  # fmt: skip
    return replace(ordinary, **changes)  # type: ignore[arg-type]


def quiet() -> Digest:
    """A day on which nothing came, early in the campaign."""
    nothing = tuple(row(unit, list_of(()), None) for unit in UNITS)
    return digest(
        since=None,
        sections=(replace(SECTION, rows=nothing, newly_complete=0),),
        needs_person=(),
        news=(),
        ignored=(),
        failed_letters=(),
        letters=LetterCounts(0, 0, 0, 0),
    )
