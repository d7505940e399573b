"""The demo as its readers meet it: one command, no set-up, everything in one folder, nothing left running."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SUBJECTS = {
    "01-question": "【已收到，待人工确认】2024年科技活动周总结材料（泗水县）[M000001]",
    "02-three-mails-report": "【部分收到，尚缺2项】2024年科技活动周总结材料（汶上县）[M000002]",
    "04-complete": "【已收齐】2024年科技活动周总结材料受理回执（任城区）[M000004]",
    "05-three-mails-photos": "【部分收到，尚缺1项】2024年科技活动周总结材料（汶上县）[M000005]",
    "06-video-too-long": "【需补正】2024年科技活动周总结材料有1项需要补正（微山县）[M000006]",
    "08-three-mails-video": "【已收齐】2024年科技活动周总结材料受理回执（汶上县）[M000008]",
    "09-no-photos": "【部分收到，尚缺1项】2024年科技活动周总结材料（曲阜市）[M000009]",
    "10-damaged-files": "【需补正】2024年科技活动周总结材料有2项需要补正（邹城市）[M000010]",
    "11-locked-report": "【需补正】2024年科技活动周总结材料有1项需要补正（鱼台县）[M000011]",
    "12-private-address": "【已收齐】2024年科技活动周总结材料受理回执（金乡县）[M000012]",
    "14-header-says-too-little": "【需补正】2024年科技活动周总结材料有1项需要补正（嘉祥县）[M000014]",
    "15-header-says-too-much": "【已收齐】2024年科技活动周总结材料受理回执（泗水县）[M000015]",
    "17-raw-gbk": "【已收齐】2024年科技活动周总结材料受理回执（梁山县）[M000017]",
    "18-shorter-video": "【已收齐】2024年科技活动周总结材料受理回执（微山县）[M000018]",
    "19-same-files-again": "【已收齐】2024年科技活动周总结材料受理回执（任城区）[M000019]",
    "20-two-units": "【已收到，待人工确认】2024年科技活动周总结材料（济宁高新区）[M000020]",
    "21-oversized-attachment": "【已收到，待人工确认】2024年科技活动周总结材料（太白湖新区）[M000021]",
    "22-logo-in-signature": "【已收齐】2024年科技活动周总结材料受理回执（济宁经开区）[M000022]",
    "23-newer-video": "【已收齐】2024年科技活动周总结材料受理回执（任城区）[M000023]",
    "24-late": "【逾期收到】2024年科技活动周总结材料已收齐（兖州区）[M000024]",
}
"""The answers; of 25 mails one is older than the notice, and four are not ours to answer."""
MAILS = 25


@dataclass(frozen=True)
class Run:
    """One run of the command: its folder, its exit status, what it said, the seconds it took, its process group."""

    out: Path
    status: int
    said: str
    complained: str
    seconds: float
    group: int


def run(out: Path, *options: str) -> Run:
    """Passwords of a real site, and where it keeps them, must not matter."""
    environment = {**os.environ, "INTAKE_IMAP_PASSWORD": "of a real site", "INTAKE_SMTP_PASSWORD_FILE": "/nowhere"}
    command: Sequence[str] = [sys.executable, "run_intake.py", *options, "demo", "--out", str(out)]
    started = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        said, complained = process.communicate(timeout=120)
    return Run(out, process.returncode, said, complained, time.monotonic() - started, process.pid)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("demo") / "out")


def subject(path: Path) -> str:
    return str(message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"])


def text(path: Path) -> str:
    body = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_it_runs_through_quietly_and_in_time(demo: Run) -> None:
    assert (demo.status, demo.complained) == (0, "")
    assert demo.seconds < 60
    assert str(demo.out) in demo.said


def test_every_mail_is_answered_as_its_story_asks(demo: Run) -> None:
    assert len(list((demo.out / "mails").iterdir())) == MAILS
    assert {path.stem: subject(path) for path in (demo.out / "letters").iterdir()} == SUBJECTS
    assert all(told in demo.said for told in SUBJECTS.values())
    assert demo.said.count("(no answer)") == MAILS - len(SUBJECTS)


def test_who_wrote_in_time_is_answered_in_time(demo: Run) -> None:
    answers = {path.stem: text(path) for path in (demo.out / "letters").iterdir()}
    late = {"23-newer-video", "24-late"}
    assert all(("2024年6月12日" if name in late else "2024年6月11日\n") in told for name, told in answers.items())
    assert not [name for name, told in answers.items() if "截止时间已过" in told]
    assert "请于6月11日（星期二）23时59分前直接回复本邮件" in answers["02-three-mails-report"]
    assert "晚于截止时间" in answers["24-late"]
    assert "收取邮件2次" in text(demo.out / "digest.eml")


def test_what_is_not_answered_is_not_answered_for_a_reason(demo: Run) -> None:
    for decision in (
        "IGNORED  not-a-submission",
        "IGNORED  automatic-reply",
        "IGNORED  bounce",
        "HELD  relevance-unclear",
    ):
        assert demo.said.count(decision) == 1
    assert demo.said.count("not read") == 1


def test_the_digest_is_there_as_mail_page_and_workbook(demo: Run) -> None:
    assert subject(demo.out / "digest.eml").startswith("【日报】2024年科技活动周总结材料 6月12日：收齐8/14")
    assert "微山县" in (demo.out / "digest.html").read_text(encoding="utf-8")
    assert (demo.out / "digest.xlsx").read_bytes().startswith(b"PK")


def test_nothing_is_left_running(demo: Run) -> None:
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.group, 0)
    site = tomllib.loads((demo.out / "config/intake.toml").read_text(encoding="utf-8"))
    for server in ("imap", "smtp"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((site[server]["host"], site[server]["port"]), 2)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/precious.txt").write_text("mine")
    refused = run(tmp_path)
    assert refused.status == os.EX_USAGE
    assert "not of an earlier demo" in refused.complained
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
    assert (tmp_path / "letters/precious.txt").read_text() == "mine"


def test_an_earlier_demo_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".intake-demo").touch()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/99-old.eml").touch()
    (tmp_path / "notes.txt").write_text("mine")
    assert run(tmp_path, "--now", "2024-06-12T10:00").status == 0
    assert not (tmp_path / "letters/99-old.eml").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"
