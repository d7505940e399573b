"""Small builders for tests of decisions: one notice, five units, mails and materials, and an office that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from intake.domain.case import Case
from intake.domain.fates import NOTHING_WAIVED, Waived
from intake.domain.finding import Finding
from intake.domain.handing import entries_of
from intake.domain.identity import Acquaintance, Tier
from intake.domain.judge import judge
from intake.domain.mail import Address, Link, Message
from intake.domain.material import Condition, Examined, Facts, Material
from intake.domain.notice import Kind, Notice, Requirement, Roster, Unit
from intake.domain.recognise import Office, Recognised, Relevance, recognise
from intake.domain.submission import Checklist, Entry, EntryState, checklist
from intake.domain.verdict import Assessment, Verdict

ZONE = ZoneInfo("Asia/Shanghai")
OPENS = datetime(2024, 5, 8, tzinfo=ZONE)
DEADLINE = datetime(2024, 6, 11, 23, 59, 59, tzinfo=ZONE)
MONDAY = datetime(2024, 6, 3, 9, 0, tzinfo=ZONE)

WEISHAN, RENCHENG, YUTAI, JINXIANG, JIAXIANG = "370826", "370811", "370827", "370828", "370829"
KNOWN = "kjj@weishan.example.cn"
SHARED = "shared@example.cn"
STRANGER = "12345@qq.com"
OWN = "box@ji.example.cn"
STAFF = "clerk@ji.example.cn"

ROSTER = Roster(
    (
        Unit(RENCHENG, "任城区科学技术局", "任城区", ("任城区科技局",), ("@rencheng.example.cn",)),
        Unit(WEISHAN, "微山县科学技术局", "微山县", ("微山县科技局",), (KNOWN,)),
        Unit(YUTAI, "鱼台县科学技术局", "鱼台县"),
        Unit(JINXIANG, "金乡县科学技术局", "金乡县", senders=(SHARED,)),
        Unit(JIAXIANG, "嘉祥县科学技术局", "嘉祥县", senders=(SHARED,)),
    )
)
REPORT = Requirement("report", "总结报告", Kind.DOCUMENT, ("docx", "doc", "pdf"))
PHOTOS = Requirement("photos", "照片", Kind.IMAGE, ("jpg", "png"))
VIDEO = Requirement("video", "影像资料", Kind.VIDEO, ("mp4", "mov"), max_seconds=180.0)
NOTICE = Notice(
    id="week",
    title="关于举办2024年济宁市科技活动周的通知",
    short_title="科技活动周总结材料",
    contact_office="人才科",
    contact_phone="3379992",
    opens=OPENS,
    deadline=DEADLINE,
    unit_codes=tuple(unit.code for unit in ROSTER.units),
    keywords=("科技活动周",),
    requirements=(REPORT, PHOTOS, VIDEO),
)
OFFICE = Office(ROSTER, (NOTICE,), frozenset({OWN}), frozenset({STAFF}))
UNACQUAINTED = Acquaintance()


def message(subject: str = "科技活动周材料", sender: str | None = KNOWN, text: str = "", **more: Any) -> Message:
    """A mail that a person wrote; `headers` may be given as plain strings."""
    headers = {name.lower(): (value,) for name, value in more.pop("headers", {}).items()}
    shown = more.pop("shown", "")
    address = Address(shown, sender) if sender else None
    return Message(subject=subject, sender=address, text=text, own_text=text, headers=headers, **more)


def digest_of(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def material(origin: str, size: int = 1_000_000, content: str = "", **facts: Any) -> Examined:
    """A file; its content is its name unless `content` says otherwise."""
    facts = {"condition": Condition.SOUND, **facts}
    name = origin.rpartition("/")[2]
    return Examined(Material(origin, name, digest_of(content or origin), size), Facts(**facts))


def report(origin: str = "总结报告.docx", **facts: Any) -> Examined:
    return material(origin, **{"kind": Kind.DOCUMENT, "format": "docx", "text_length": 2000, **facts})


def photo(origin: str = "1.jpg", **facts: Any) -> Examined:
    return material(origin, **{"kind": Kind.IMAGE, "format": "jpg", "width": 4000, "height": 3000, **facts})


def video(origin: str = "活动.mp4", seconds: float | None = 170.0, **facts: Any) -> Examined:
    return material(origin, **{"kind": Kind.VIDEO, "format": "mp4", "seconds": seconds, **facts})


def logo(origin: str = "image001.png") -> Examined:
    return photo(origin, size=4_000, format="png", width=120, height=40)


def link(filename: str | None = "活动.mp4", expires: datetime | None = None) -> Link:
    return Link("https://mail.qq.com/cgi-bin/ftnExs_download?k=1", "qq", filename, 180_000_000, expires)


def entry(
    requirement: str, order: int, state: EntryState = EntryState.OK, tier: Tier = Tier.KNOWN, **more: Any
) -> Entry:
    """What mail number `order` brought, an hour after the one before."""
    values = {
        "sender": KNOWN if tier.trusted else STRANGER,
        "received_at": MONDAY + timedelta(hours=order),
        "sha256": digest_of(f"{requirement} {order}"),
        **more,
    }
    return Entry(requirement, state, tier, order=order, **values)


def codes(of: Verdict | Assessment) -> list[str]:
    """The codes of all findings, in order."""
    found = of.all_findings if isinstance(of, Verdict) else of.findings
    return [finding.code for finding in found]


def finding(of: Verdict, code: str) -> Finding:
    """The one finding with this code."""
    (found,) = (each for each in of.all_findings if each.code == code)
    return found


def counted(verdict: Verdict) -> list[str]:
    """Where the materials that count came from."""
    return [each.examined.material.origin for each in verdict.assessments if each.counted]


def seen(message: Message, *examined: Examined, known: Acquaintance = UNACQUAINTED, at: datetime = MONDAY,
         office: Office = OFFICE) -> Recognised:  # fmt: skip
    return recognise(message, examined, at, office, known)


def relevance(*args: Any, **more: Any) -> Relevance:
    return seen(*args, **more).relevance


@dataclass
class Desk:
    """Judges one mail after the other as the service does; lists stand for its records."""

    office: Office = OFFICE
    extended: dict[str, datetime] = field(default_factory=dict)
    filed: list[tuple[str, str, Entry]] = field(default_factory=list)
    mails: int = 0

    def hand_in(
        self,
        mail: Message,
        *examined: Examined,
        at: datetime | None = None,
        known: Acquaintance = UNACQUAINTED,
        waived: Waived = NOTHING_WAIVED,
        again: int | None = None,
        junk: str | None = None,
    ) -> Verdict:
        """Judge a mail, the next one, or one that was judged before (`again`: its number)."""
        self.mails += again is None
        order = again or self.mails
        at = at or MONDAY + timedelta(minutes=order)
        seen = recognise(mail, examined, at, self.office, known)
        unit, notice = seen.identity.unit, seen.notice
        self.filed = [each for each in self.filed if each[2].order != order]
        case = Case(
            f"M{order:06d}",
            order,
            digest_of(f"mail {order}"),
            mail,
            examined,
            at,
            seen,
            policy=self.office.policy,
            waived=waived,
            junk=junk,
        )
        if unit and notice:
            deadline = self.extended.get(unit, notice.deadline)
            case = replace(case, deadline=deadline, prior=tuple(self.entries(unit, notice.id)))
        verdict = judge(case)
        if unit and notice:
            self.filed += [(unit, notice.id, each) for each in entries_of(case, verdict)]
        return verdict

    def entries(self, unit: str, notice_id: str = NOTICE.id) -> list[Entry]:
        return [each for code, asked, each in self.filed if code == unit and asked == notice_id]

    def checklist(self, unit: str = WEISHAN, notice: Notice = NOTICE) -> Checklist:
        deadline = self.extended.get(unit, notice.deadline)
        return checklist(notice, self.entries(unit, notice.id), deadline)

    def states(self, unit: str = WEISHAN) -> dict[str, str]:
        return {item.requirement.key: str(item.state) for item in self.checklist(unit).items}

    def origins(self, key: str, unit: str = WEISHAN) -> list[str]:
        """Where what counts for a requirement came from."""
        return [each.origin for each in self.checklist(unit).item(key).entries]
