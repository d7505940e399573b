"""How the mails of the demo are made and noted. All of it is made up."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from intake.entry.demo import media
from intake.entry.demo.documents import docx
from intake.entry.demo.mails import File, Mail, compose

BEIJING = timezone(timedelta(hours=8))
SENDERS = {
    "370811": ("kjj@rencheng.example.gov.cn",),
    "370812": ("kjj@yanzhou.example.gov.cn",),
    "370881": ("@qufu.example.gov.cn",),
    "370883": ("kjj@zoucheng.example.gov.cn",),
    "370826": ("kjj@weishan.example.gov.cn",),
    "370827": ("kjj@yutai.example.gov.cn",),
    "370829": ("kjj@jiaxiang.example.gov.cn",),
    "370830": ("kjj@wenshang.example.gov.cn",),
    "370831": ("kjj@sishui.example.gov.cn",),
    "370832": ("kjj@liangshan.example.gov.cn",),
    "370891": ("kcj@gxq.example.gov.cn",),
    "370892": ("jfj@taibaihu.example.gov.cn",),
}
"""Addresses that the demo's roster knows, by unit; the two units that are left out "just e-mail"."""

_JPEG_PIXELS = (480, 360)
_PNG_PIXELS = (400, 120)
"""Of the photos: little more than what tells a photo from a logo, so that the mails stay small."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail: a name for its files, when the server took it, what it is, how it is made."""

    name: str
    received: datetime
    story: str
    make: Callable[[], Mail]

    @property
    def octets(self) -> bytes:
        return compose(self.make(), self.received)


_samples: list[Sample] = []


def arrives(when: str) -> Callable[[Callable[[], Mail]], Callable[[], Mail]]:
    """Mark a maker of a mail: its name names the sample, its docstring tells the story. `when` is in 2024."""
    received = datetime.strptime(f"2024-{when}", "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)

    def note(make: Callable[[], Mail]) -> Callable[[], Mail]:
        story = (make.__doc__ or "").strip().rstrip(".")
        _samples.append(Sample(make.__name__.replace("_", "-"), received, story, make))
        return make

    return note


def noted() -> list[Sample]:
    """The samples noted so far, in the order of arrival."""
    return sorted(_samples, key=lambda sample: sample.received)


def report(short: str, name: str = "") -> File:
    """The summary report of a unit as a docx."""
    title = f"{short}2024年科技活动周总结报告"
    return File(
        name or f"{title}.docx",
        docx(
            title,
            [
                f"    5月25日至6月1日，{short}围绕“弘扬科学家精神 激发全社会创新活力”主题，开展科技活动周系列活动。",
                "    一、精心组织。制定活动方案，成立工作专班，协调宣传、教育、科协等部门共同参与。",
                "    二、活动丰富。举办科普进校园、科技下乡、科普讲座等活动23场次，参与群众1.2万余人次。",
                "    三、成效明显。发放科普资料8000余份，开放科普教育基地6处，营造了爱科学、学科学、用科学的良好氛围。",
            ],
        ),
    )


def photos(*names: str) -> tuple[File, ...]:
    """One photo per name, each another picture; a name in png makes a png."""
    return tuple(File(name, _photo(name)) for name in names)


def _photo(name: str) -> bytes:
    seed = zlib.crc32(name.encode())
    return media.png(*_PNG_PIXELS, seed) if name.endswith(".png") else media.photo(*_JPEG_PIXELS, seed)


def video(name: str, seconds: int) -> File:
    """A video of so many seconds, in the container that the name's ending says."""
    return File(name, media.video(seconds, name.rpartition(".")[2], size=(64, 48), fps=2))
