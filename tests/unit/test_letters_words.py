"""Words and figures: every code has some, nothing undefined slips through, foreign names come out harmless."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from intake.adapters.letters import replies
from intake.adapters.letters.clean import clean
from intake.adapters.letters.words import Remark
from intake.domain.faults import CODES
from tests.unit.letter_samples import TEMPLATES, samples, words

ELSEWHERE = {"malware"}
"""Codes that what reads, unpacks or guards may raise beside those of the judgement."""

DETAILS = {
    "video-too-long": {"seconds": 222.4, "limit": 180.0, "excess": 42.4},
    "format-not-accepted": {"format": "rmvb", "allowed": "mp4, mov"},
    "photos-in-report": {"count": 3},
    "photos-only-in-report": {"count": 3},
    "photo-too-small": {"width": 320, "height": 200, "need": 480_000},
}


def said(tmp_path: Path, code: str, **detail: object) -> list[str]:
    (tmp_path / "said.txt").write_text("{{ say(remark)|join('\n') }}", encoding="utf-8")
    remark = Remark(code, detail, "微山.mp4", "影像资料")  # type: ignore[arg-type]
    return words(tmp_path).text("said.txt", remark=remark).strip().splitlines()


def test_no_code_is_without_words() -> None:
    assert words().codes() >= CODES | ELSEWHERE


def test_no_words_are_without_a_code() -> None:
    assert words().codes() <= CODES | ELSEWHERE


@pytest.mark.parametrize("code", sorted(CODES | ELSEWHERE | {"report-missing"}))
def test_every_code_can_be_said_with_the_least_detail(tmp_path: Path, code: str) -> None:
    lines = said(tmp_path, code, **DETAILS.get(code, {}))

    assert lines[0].endswith("。")
    assert "None" not in "".join(lines)
    assert "错误" not in "".join(lines)


def test_a_detail_that_a_fault_must_have_is_not_forgotten_in_silence(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        said(tmp_path, "video-too-long", seconds=222.4, limit=180.0)


def test_an_unknown_name_in_a_template_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text("{{ nothing }}", encoding="utf-8")

    with pytest.raises(UndefinedError):
        words(tmp_path).text("odd.txt")


def test_a_little_too_long_is_not_called_zero(tmp_path: Path) -> None:
    assert "超出不足1秒" in said(tmp_path, "video-too-long", seconds=180.8, limit=180.0, excess=0.8)[0]


def test_a_target_that_fits_an_attachment_whatever_the_limit(tmp_path: Path) -> None:
    advice = said(tmp_path, "video-too-long", seconds=1000.0, limit=600.0, excess=400.0)[1]

    assert "码率0.533 Mbps左右，文件约40 MB" in advice


def test_a_shortcut_is_called_one_and_a_format_by_its_name(tmp_path: Path) -> None:
    assert "快捷方式" in said(tmp_path, "format-not-accepted", format="url", allowed="", harm="shortcut")[0]
    other = said(tmp_path, "format-not-accepted", format="rmvb", allowed="mp4, mov")
    assert other[0] == "收到的是RMVB格式，可接收的格式为MP4、MOV。"


def test_a_few_of_many_are_counted(tmp_path: Path) -> None:
    assert said(tmp_path, "photos-missing", name="照片", need=3, have=1) == ["尚缺影像资料（至少3个，已有1个）。"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'2024-06-11T15:59:59+00:00'|day", "2024年6月11日（星期二）"),
        ("'2024-06-11T15:59:59+00:00'|until", "6月11日（星期二）23时59分前"),
        ("'2024-06-11T17:00:00+08:00'|until", "6月11日（星期二）17时前"),
        ("'2024-06-06T07:42:08+00:00'|clock", "15时42分08秒"),
        ("43700000|octets", "41.7 MB"),
        ("812|octets", "812 字节"),
        ("20480|octets", "20 KB"),
        ("41300000000|octets", "38.5 GB"),
        ("222.4|duration", "3分42秒"),
        ("42.9|duration", "42秒"),
        ("3725|duration", "1小时02分05秒"),
        ("180.0|limit", "3分钟"),
        ("90|limit", "1分30秒"),
        ("171.3|runtime", "2:51"),
        ("1920|pixels(1080)", "1920×1080"),
        ("10|numeral", "十"),
        ("12|numeral", "十二"),
        ("('单位'|pad(6))|length", "4"),
    ],
)
def test_figures_are_written_as_an_office_writes_them(tmp_path: Path, written: str, expected: str) -> None:
    (tmp_path / "figure.txt").write_text("{{ " + written + " }}", encoding="utf-8")

    assert words(tmp_path).line("figure.txt") == expected


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("朱镕基䶮𠮷.docx", "朱镕基䶮𠮷.docx"),
        ("报告\u202efdp.exe", "报告fdp.exe"),
        ("a\u200bb\ufeffc\u2066d", "abcd"),
        ("第一行\r\n第二行\tx\x00y", "第一行 第二行 xy"),
        ("x\ud800y\ufffez", "xyz"),
        ("  ", ""),
    ],
)
def test_foreign_names_are_one_harmless_line(name: str, shown: str) -> None:
    assert clean(name) == shown


def test_a_long_name_loses_its_middle_and_keeps_its_ending() -> None:
    shown = clean("总" * 200 + ".mp4")

    assert len(shown) == 80
    assert shown.endswith("总.mp4")
    assert "…" in shown


def test_an_office_may_override_a_template(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "reply.subject").write_text("我局{{ reply.ref }}", encoding="utf-8")

    assert replies.render(words(tmp_path), samples()["complete"]).subject == "我局M000012"


def test_a_shadowed_letter_says_on_top_to_whom_it_would_go() -> None:
    rendered = replies.render(words(), samples()["complete"])
    shadowed = words().shadowed(rendered, "kjj@weishan.gov.cn<script>")

    assert shadowed.subject == f"【试运行，未发出】{rendered.subject}"
    assert shadowed.text.startswith("〔试运行〕本邮件未发给报送单位")
    assert shadowed.text.endswith(rendered.text)
    assert shadowed.html.index("kjj@weishan.gov.cn&lt;script&gt;") < shadowed.html.index("微山县科学技术局：")
    assert "<script>" not in shadowed.html


def test_templates_are_the_only_place_with_prose() -> None:
    for source in (TEMPLATES.parent / "intake" / "adapters" / "letters").glob("*.py"):
        assert not any("\u4e00" <= char <= "\u9fff" for char in source.read_text(encoding="utf-8")), source.name
