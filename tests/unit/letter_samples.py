"""Small builders of the values that letters and digests are made from: one notice, fourteen units, any mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from intake.adapters.letters.words import Words
from intake.domain.finding import Detail, Finding, Severity
from intake.domain.identity import Identity, Tier
from intake.domain.letter import Reply
from intake.domain.material import Condition, Examined, Facts, Material
from intake.domain.notice import Kind, Notice, Requirement, Unit
from intake.domain.submission import Checklist, Entry, EntryState, checklist
from intake.domain.verdict import Assessment, Disposition, Verdict

ZONE = ZoneInfo("Asia/Shanghai")
TEMPLATES = Path(__file__).parents[2] / "templates"

NOTICE = Notice(
    id="2024-science-week",
    title="关于举办2024年济宁市科技活动周的通知",
    short_title="2024年科技活动周总结材料",
    contact_office="济宁市科学技术局人才科",
    contact_phone="0537-3379992",
    opens=datetime(2024, 5, 8, tzinfo=ZONE),
    deadline=datetime(2024, 6, 11, 23, 59, 59, tzinfo=ZONE),
    unit_codes=(),
    keywords=("科技活动周",),
    requirements=(
        Requirement("report", "总结报告", Kind.DOCUMENT, ("docx", "pdf")),
        Requirement("photos", "照片", Kind.IMAGE, ("jpg", "png"), min_pixels=480_000),
        Requirement("video", "影像资料", Kind.VIDEO, ("mp4", "mov"), max_seconds=180),
    ),
)

NAMES = (
    ("370811", "任城区"), ("370812", "兖州区"), ("370881", "曲阜市"), ("370883", "邹城市"), ("370826", "微山县"),
    ("370827", "鱼台县"), ("370828", "金乡县"), ("370829", "嘉祥县"), ("370830", "汶上县"), ("370831", "泗水县"),
    ("370832", "梁山县"), ("370891", "济宁高新区"), ("370892", "太白湖新区"), ("370893", "济宁经开区"),
)  # fmt: skip
UNITS = tuple(Unit(code, f"{short}科学技术局", short, phone=f"0537-{code}0") for code, short in NAMES)
UNIT = UNITS[4]

ARRIVED = datetime(2024, 6, 6, 7, 42, 8, tzinfo=UTC)
NOW = ARRIVED + timedelta(minutes=1)


@cache
def words(*dirs: Path) -> Words:
    return Words((*dirs, TEMPLATES), ZONE)


def material(origin: str, size: int, **facts: object) -> Examined:
    digest = sha256(origin.encode("utf-8", "replace")).hexdigest()
    condition = facts.pop("condition", Condition.SOUND)
    return Examined(Material(origin, origin, digest, size), Facts(condition, **facts))  # type: ignore[arg-type]


REPORT = material("微山县科技活动周总结.docx", 1_250_000, kind=Kind.DOCUMENT, format="docx", pages=6)
PHOTOS = tuple(
    material(f"照片.zip/照片/{n}.jpg", 3_000_000 + n, kind=Kind.IMAGE, format="jpg", width=1280 + n, height=960)
    for n in range(6)
)
VIDEO = material("微山湖科普行.mp4", 43_700_000, kind=Kind.VIDEO, format="mp4", seconds=171.3, width=1920, height=1080)
LONG_VIDEO = material("微山湖科普行.mp4", 83_700_000, kind=Kind.VIDEO, format="mp4", seconds=222.4)
LOGO = material("image001.png", 4_000, kind=Kind.IMAGE, format="png", width=120, height=40)


def finding(code: str, severity: Severity = Severity.NOTE, requirement: str | None = None, **detail: object) -> Finding:
    return Finding(code, severity, detail, requirement=requirement)  # type: ignore[arg-type]


TOO_LONG: Detail = {"seconds": 222.4, "limit": 180.0, "excess": 42.4}
ARCHIVE = material("总结材料.zip", 44_000_000, format="zip")
UNPACKED = Assessment(ARCHIVE, findings=(finding("unpacked"),))
REFUSED = Assessment(
    replace(ARCHIVE, facts=replace(ARCHIVE.facts, condition=Condition.REFUSED)),
    state=EntryState.FAULTY,
    findings=(finding("archive-refused", Severity.FAULT, reason="too-deep"),),
)
DECORATION = Assessment(LOGO, findings=(finding("not-counted-decoration"),))


def counted(examined: Examined, key: str) -> Assessment:
    return Assessment(examined, key, EntryState.OK, counted=True)


def faulty(examined: Examined, key: str, code: str, **detail: object) -> Assessment:
    return Assessment(examined, key, EntryState.FAULTY, findings=(finding(code, Severity.FAULT, key, **detail),))


def held(examined: Examined, key: str, code: str, **detail: object) -> Assessment:
    return Assessment(examined, key, EntryState.HELD, findings=(finding(code, Severity.HOLD, key, **detail),))


ALL_GOOD = (
    counted(REPORT, "report"),
    *(counted(photo, "photos") for photo in PHOTOS),
    counted(VIDEO, "video"),
)


def entry(assessment: Assessment, tier: Tier, received_at: datetime, ref: str = "M000012") -> Entry:
    examined = assessment.examined
    assert assessment.requirement
    assert assessment.state
    return Entry(
        assessment.requirement, assessment.state, tier, "kjj@weishan.gov.cn", received_at, 1, ref,
        examined.material.sha256, examined.material.origin, examined.material.size, examined.facts.format,
        examined.facts.seconds, examined.facts.width, examined.facts.height, examined.facts.pages,
    )  # fmt: skip


def list_of(
    assessments: Iterable[Assessment],
    tier: Tier = Tier.KNOWN,
    received_at: datetime = ARRIVED,
    ref: str = "M000012",
    links: Iterable[Entry] = (),
) -> Checklist:
    entries = [*links] + [
        entry(each, tier, received_at, ref) for each in assessments if each.requirement and each.state
    ]
    return checklist(NOTICE, entries, NOTICE.deadline)


def reply(
    assessments: Iterable[Assessment] = ALL_GOOD,
    *findings: Finding,
    tier: Tier = Tier.KNOWN,
    received_at: datetime = ARRIVED,
    earlier: Iterable[Assessment] = (),
    links: Iterable[Entry] = (),
) -> Reply:
    """The answer to a mail that brought these materials, after those of earlier mails."""
    brought = tuple(assessments)
    late = received_at > NOTICE.deadline
    verdict = Verdict(
        Disposition.ACCEPTED, Identity(tier, UNIT.code), NOTICE.id, brought, findings, late=late, answer=True
    )
    return Reply(
        ref="M000012",
        verdict=verdict,
        received_at=received_at,
        now=received_at + timedelta(minutes=1),
        unit=UNIT,
        notice=NOTICE,
        deadline=NOTICE.deadline,
        checklist=list_of([*earlier, *brought], tier, received_at, links=links),
    )


def pasted(code: str) -> Finding:
    """What is said of three photos that stand in the report."""
    return replace(finding(code, requirement="photos", count=3), material=REPORT.material.sha256)


def no_material(earlier: Iterable[Assessment] = ()) -> Reply:
    """The answer to a mail of a known unit that brought nothing."""
    return reply((), finding("no-material", Severity.HOLD), earlier=earlier)


def question(code: str = "unit-unknown") -> Reply:
    """The neutral answer to a mail whose unit, and with it everything else, is not clear."""
    verdict = Verdict(Disposition.HELD, findings=(finding(code, Severity.HOLD),), answer=True)
    return Reply("M000031", verdict, ARRIVED, NOW)


INSIDE = Entry("photos", EntryState.OK, Tier.KNOWN, "kjj@weishan.gov.cn", ARRIVED, 1, "M000012", inside=3)
LINK = Entry("video", EntryState.HELD, Tier.KNOWN, "kjj@weishan.gov.cn", ARRIVED, 1, "M000012", origin="微山.mp4")
LATE = datetime(2024, 6, 12, 9, 30, tzinfo=ZONE)


def samples() -> dict[str, Reply]:
    """One letter of every sort."""
    unmeasured = replace(VIDEO, facts=replace(VIDEO.facts, condition=Condition.UNMEASURED, seconds=None))
    report_and_video = (ALL_GOOD[0], ALL_GOOD[-1])
    too_long = faulty(LONG_VIDEO, "video", "video-too-long", **TOO_LONG)
    return {
        "complete": reply((*ALL_GOOD, DECORATION)),
        "partial": reply(ALL_GOOD[:-1]),
        "too-long": reply((*ALL_GOOD[:-1], too_long)),
        "repair-two-missing": reply((too_long,)),
        "held": reply((*ALL_GOOD[:-1], held(unmeasured, "video", "video-unmeasurable"))),
        "late": reply(ALL_GOOD, received_at=LATE),
        "claimed": reply(ALL_GOOD, finding("unit-claimed"), tier=Tier.CLAIMED),
        "completed-later": reply(ALL_GOOD[-1:], earlier=ALL_GOOD[:-1]),
        "cloud": reply(
            ALL_GOOD[:-1],
            finding("cloud-link", Severity.HOLD, "video", provider="qq", filename="微山.mp4", size=186_400_000,
                    expires="2024-06-20T10:00:00+08:00", limit=180.0),
            links=(LINK,),
        ),
        "question": question(),
        "no-material": no_material(),
        "unpacked": reply((UNPACKED, *ALL_GOOD)),
        "archive-refused": reply((REFUSED,)),
        "photos-in-report": reply(report_and_video, pasted("photos-in-report"), links=(INSIDE,)),
        "photos-only-in-report": reply(
            report_and_video, pasted("photos-only-in-report"),
            finding("photos-missing", Severity.MISSING, "photos", name="照片", need=1, have=0),
        ),
        "replaced": replace(reply(ALL_GOOD[-1:], earlier=ALL_GOOD[:-1]), replaced=("影像资料",)),
    }  # fmt: skip
