"""The service end to end: real IMAP and SMTP servers, run_intake.py as a subprocess."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from tests.e2e.world import NOON, World, address, complete, mail, report
from tests.samples import media
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server


@pytest.fixture
def world(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink) -> World:
    world = World(tmp_path, user, dovecot, sink)
    world.configure()
    return world


def wait_until(true: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def test_a_complete_mail_is_answered_once_and_the_mailbox_is_left_as_it_was(world: World) -> None:
    world.deliver(complete("370826"))
    world.run("poll")
    world.run("poll")
    (letter,) = world.letters(address("370826"))
    assert letter["Subject"].startswith("【已收齐】")
    assert letter["Auto-Submitted"] == "auto-replied"
    assert world.sink.received[0].mail_from == ""
    assert world.unit("370826")["state"] == "complete"
    assert list(world.dovecot.flags(world.user).values()) == [()]


def test_materials_add_up_over_mails_and_a_faulty_one_displaces_nothing(world: World) -> None:
    world.deliver(mail("370826", {"微山县总结报告.docx": report("微山县")}))
    world.run("poll")
    assert "缺" in world.letters()[-1]["Subject"]
    world.deliver(mail("370826", {"1.jpg": media.photo(seed=1), "v.mp4": media.video(100)}, subject="补充材料"))
    world.run("poll")
    assert "已收齐" in world.letters()[-1]["Subject"]
    counted = world.unit("370826")["items"]["video"]["materials"]
    world.deliver(mail("370826", {"v3.mp4": media.video(90)}, subject="更换视频"))
    world.run("poll")
    told = world.letters()[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "此前所报影像资料不再使用" in told
    counted = world.unit("370826")["items"]["video"]["materials"]
    world.deliver(mail("370826", {"v2.mp4": media.video(222)}, subject="更换视频"))
    world.run("poll")
    assert "补正" in world.letters()[-1]["Subject"]
    assert world.unit("370826")["items"]["video"] == {"state": "ok", "count": 1, "materials": counted}
    assert world.unit("370826")["state"] == "complete"


def test_smtp_trouble_is_retried_and_a_refusal_stands_in_the_digest(world: World) -> None:
    world.deliver(complete("370826"))
    world.sink.say("DATA", "451 4.7.1 later")
    world.run("poll")
    assert world.status()["letters"] == {"due": 1, "held": 0, "sent": 0, "failed": 0, "superseded": 0}
    world.run("poll", now="2024-06-05T12:00:30+08:00")
    assert world.status()["letters"]["sent"] == 0, "not before its time"
    world.run("poll", now="2024-06-05T12:02:00+08:00")
    assert world.status()["letters"] == {"due": 0, "held": 0, "sent": 1, "failed": 0, "superseded": 0}
    world.sink.refuse(address("370883"), "550 5.1.1 no such user")
    world.deliver(complete("370883"))
    world.run("poll")
    assert world.status()["letters"] == {"due": 0, "held": 0, "sent": 1, "failed": 1, "superseded": 0}
    assert "邹城市" in world.run("digest").split("自动邮件", 1)[1]


def test_a_server_that_is_down_is_told_with_75_and_loses_nothing(world: World) -> None:
    world.deliver(complete("370826"))
    text = (world.folder / "config/intake.toml").read_text(encoding="utf-8")
    down = text.replace(f"port = {world.dovecot.port}", "port = 1")
    (world.folder / "config/intake.toml").write_text(down, encoding="utf-8")
    assert "127.0.0.1:1" in world.run("poll", status=75)
    assert world.status()["service"]["last_poll_ok"] is False
    world.configure()
    world.run("poll")
    assert len(world.letters()) == 1


def test_a_wrong_configuration_is_told_with_78_all_at_once(world: World) -> None:
    (world.folder / "config/intake.toml").write_text("[imap]\nport = 0\nhots = 1\n", encoding="utf-8")
    told = world.run("poll", status=78)
    for key in ("imap.port", "imap.hots", "imap.host", "smtp", "staff"):
        assert f"intake.toml: {key}" in told


def test_shadow_mode_writes_to_staff_only(world: World) -> None:
    world.configure(mode="shadow")
    world.deliver(complete("370826"))
    world.run("poll")
    (letter,) = world.letters()
    assert world.sink.received[0].recipients == ("rck@ji.shandong.cn",)
    assert address("370826") in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_check_tells_what_the_server_says_of_itself(world: World) -> None:
    told = world.run("check")
    for fact in (
        "greeting",
        "capabilities",
        "folders",
        "UIDVALIDITY",
        "letters: SMTP",
        "clock",
        "disk",
        "children: rlimits, no_new_privs",
    ):
        assert fact in told
    assert "NO " not in told


def test_serve_works_on_schedule_and_stops_cleanly(world: World) -> None:
    world.configure(digest_at="00:00")
    service = world.start("serve")
    try:
        wait_until((world.folder / "config/data/intake.db").exists)
        world.deliver(complete("370826"), datetime.now(UTC))
        wait_until(lambda: world.letters(address("370826")))
        wait_until(lambda: world.letters("rck@ji.shandong.cn"))
        assert "already works on this database" in world.run("poll", status=75)
    finally:
        service.send_signal(signal.SIGTERM)
        output, _ = service.communicate(timeout=30)
    assert "children-confined by='rlimits, no_new_privs" in output
    assert service.returncode == 0, output
    assert "stopped" in output


def test_staff_assign_release_accept_extend_and_retry(world: World) -> None:
    unclear = mail(
        "370826", {"总结报告.docx": report("科技活动周"), "1.jpg": media.photo()}, "科技活动周材料", "qq <a@qq.example>"
    )
    world.deliver(unclear.replace("微山县".encode(), b""))
    world.run("poll")
    assert "待人工确认" in world.letters("a@qq.example")[0]["Subject"]
    assert "assign M000001 UNIT" in world.run("held")
    assert "微山县" in world.run("assign", "M000001", "没有的县", status=64)
    assert "370826" in world.run("assign", "M000001", "微山县")
    assert world.unit("370826")["identity"] == "confirmed"
    world.deliver(mail("370826", {"v.mp4": media.video(222)}, subject="视频"))
    world.run("poll")
    assert world.unit("370826")["state"] == "partial"
    world.run("accept", "M000002", "--reason", "领导同意")
    assert world.unit("370826")["state"] == "complete"
    world.run("retry", "M000002")
    assert world.unit("370826")["state"] == "complete", "a retry keeps what was ruled"
    world.run("poll")
    assert len(world.letters()) == 4, "unclear, assigned, too long, accepted"
    assert "before the deadline" in world.run("extend", "微山县", "2024-06-04", status=64)
    world.run("extend", "微山县", "2024-06-14")
    assert "accepted by staff" in world.run("show", "M000002")
    assert "领导同意" in world.run("show", "微山县", "--json")
    assert world.run("show", "M000099", status=64)


def test_export_lays_out_what_counts(world: World, tmp_path: Path) -> None:
    world.deliver(complete("370826"))
    world.run("poll")
    target = tmp_path / "out"
    world.run("export", target)
    assert sorted(each.name for each in (target / "01-微山县").iterdir()) == [
        "影像资料.mp4",
        "影像资料.preview.jpg",
        "总结报告.docx",
        "照片.jpg",
    ]
    sheet = openpyxl.load_workbook(target / "index.xlsx").active
    assert sheet is not None
    assert [row[2] for row in sheet.iter_rows(values_only=True)][1:] == ["总结报告", "照片", "影像资料"]


def test_the_digest_is_sent_once_a_day(world: World) -> None:
    world.run("digest", "--send", now=NOON)
    world.run("digest", "--send", now="2024-06-05T23:00:00+08:00")
    world.run("digest", "--send", now="2024-06-06T09:00:00+08:00")
    subjects = [letter["Subject"] for letter in world.letters("rck@ji.shandong.cn")]
    assert len(subjects) == 2
    assert all("日报" in subject for subject in subjects)


def test_the_reconciliation_follows_people_who_tidy_up(world: World) -> None:
    world.deliver(complete("370826"), datetime(2024, 4, 1, tzinfo=UTC))
    world.deliver(complete("370826"))
    world.deliver(mail("370883", {}, subject="午饭", sender="x <x@y.example>", body="好"))
    world.run("poll")
    world.dovecot.expunge(world.user, 2)
    world.deliver(mail("370883", {"邹城市总结报告.docx": report("邹城市")}))
    world.run("poll")
    line = next(line for line in world.run("digest").splitlines() if "＝" in line)
    assert "3封" in line, line
    assert "不符" not in line


def test_a_server_that_cannot_be_reached_costs_a_letter_no_attempt(world: World) -> None:
    world.deliver(complete("370826"))
    text = (world.folder / "config/intake.toml").read_text(encoding="utf-8")
    (world.folder / "config/intake.toml").write_text(text.replace(f"port = {world.sink.port}", "port = 1"), "utf-8")
    world.run("poll", status=75)
    assert '"attempts": 0' in world.run("show", "L000001", "--json")
    world.configure()
    world.run("poll", now="2024-06-05T12:02:00+08:00")
    assert world.status()["letters"]["sent"] == 1
    assert "微山县科学技术局" in world.run("show", "L000001")


def test_a_place_that_cannot_be_written_is_told_without_a_traceback(world: World) -> None:
    assert "/proc/nowhere" in world.run("digest", "--out", "/proc/nowhere.html", status=75)
    assert "/proc/nowhere" in world.run("export", "/proc/nowhere", status=75)
