"""The stages in one process, with real servers, files and database: what subprocesses cannot be made to meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.adapters.blobs import BlobFile
from intake.domain.identity import Tier
from intake.domain.material import Examined, Material
from intake.domain.submission import Entry
from intake.entry.schema import Storage
from intake.pipeline.examine import examine
from intake.ports import Blob, Blobs, Deferred, Killed, Room
from tests.e2e.world import address, complete, mail, report
from tests.pipeline.office import Office
from tests.samples import documents, media

pytestmark = pytest.mark.server


def test_a_mail_too_large_is_held_by_its_headers_and_the_sender_told(office: Office) -> None:
    office.app.office = replace(office.app.office, max_mail=30_000)
    office.world.deliver(complete("370826"))
    office.world.deliver(mail("370883", {"邹城市总结报告.docx": report("邹城市")}))
    assert office.poll() is None
    assert office.states()["held"] == 1
    assert office.states()["accepted"] == 1, "the next mail goes on"
    assert {"too-large"} in office.codes()
    (letter,) = office.world.letters(address("370826"))
    assert "待人工确认" in letter["Subject"]
    told = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "可将材料分为几封邮件发送，每封不超过29KB" in "".join(told.split())
    assert sum(path.stat().st_size for path in office.app.blob_folder.rglob("*") if path.is_file()) < 1 << 20


def test_a_mail_that_does_not_fit_the_disk_is_not_fetched_and_the_small_one_before_it_is(office: Office) -> None:
    office.world.deliver(mail("370883", {"邹城市总结报告.docx": report("邹城市")}))
    office.world.deliver(complete("370826"))
    store = office.app.blobs
    store.room = lambda: Room("/small", 100_000)  # type: ignore[method-assign]
    office.app.config = msgspec.structs.replace(
        office.app.config,
        site=msgspec.structs.replace(office.app.config.site, storage=Storage(reserve_mb=0)),
    )
    told = office.poll()
    assert told is not None
    assert "mail is fetched when there is room" in told
    assert office.states() == {**office.states(), "received": 1, "accepted": 1}
    del store.room  # type: ignore[method-assign]
    assert office.poll() is None
    assert office.states()["accepted"] == 2


@pytest.mark.parametrize("why", [RuntimeError("our bug"), Killed("reading was killed")], ids=["ours", "killed"])
def test_a_mail_that_makes_us_fail_is_tried_three_times_and_parked(office: Office, why: Exception) -> None:
    office.world.deliver(mail("370826", {"poison.docx": b"poison"}))
    office.world.deliver(complete("370883"))

    def look(materials: Sequence[Material], blobs: Blobs, alive: Callable[[], None]) -> tuple[Examined, ...]:
        if any(material.filename == "poison.docx" for material in materials):
            raise why
        return healthy.look(materials, blobs, alive)

    healthy = office.app.bench
    office.app.receive()
    for attempt in range(3):
        examine(replace(healthy, look=look))
        assert office.states()["accepted"] == 1, "the next mail goes on"
        assert office.states()["parked"] == (attempt == 2)
        office.now += timedelta(minutes=30)
    with office.app.records.chronicle() as chronicle:
        (line,) = chronicle.needing_person()
    assert line.parked
    assert "M000001" in office.world.run("held")
    office.world.run("retry", "M000001")
    assert office.states()["parked"] == 0


def test_a_mail_that_the_world_keeps_from_us_delays_no_other_and_is_no_attempt(office: Office) -> None:
    office.world.deliver(mail("370826", {"away.docx": report("微山县")}))
    office.world.deliver(complete("370883"))

    def look(materials: Sequence[Material], blobs: Blobs, alive: Callable[[], None]) -> tuple[Examined, ...]:
        if any(material.filename == "away.docx" for material in materials):
            raise Deferred("no child can be started")
        return healthy.look(materials, blobs, alive)

    healthy = office.app.bench
    office.app.receive()
    for _round in range(4):
        with pytest.raises(Deferred, match="M000001: no child can be started"):
            examine(replace(healthy, look=look))
        assert office.states()["accepted"] == 1, "the next mail goes on"
    assert examine(healthy) == 1
    assert office.states()["parked"] == 0
    assert '"attempts": 0' in office.world.run("show", "M000001", "--json")


def test_a_file_that_another_process_removes_before_it_is_recorded_is_had_again(office: Office) -> None:
    """A sealed mail had the same file in it, and nobody could know yet that this one has, too."""
    office.world.deliver(complete("370826"))

    def look(materials: Sequence[Material], blobs: Blobs, alive: Callable[[], None]) -> tuple[Examined, ...]:
        looked = healthy.look(materials, blobs, alive)
        blobs.remove_unless(materials[0].sha256, lambda: False)
        return looked

    healthy = office.app.bench
    office.app.receive()
    with pytest.raises(Deferred, match=r"M000001: .* was removed a moment ago"):
        examine(replace(healthy, look=look))
    assert '"attempts": 0' in office.world.run("show", "M000001", "--json")
    assert examine(healthy) == 1
    assert office.states()["accepted"] == 1
    office.world.run("fsck")  # whose status says that nothing is missing


def test_a_mail_that_is_removed_before_it_is_recorded_is_fetched_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in a sealed mail comes as a mail of its own."""
    office.world.deliver(complete("370826"))
    commit = BlobFile.commit

    def removed(blob: BlobFile, announced: int | None = None) -> Blob:
        stored = commit(blob, announced)
        office.app.blobs.remove_unless(stored.sha256, lambda: False)
        return stored

    with monkeypatch.context() as racing:
        racing.setattr(BlobFile, "commit", removed)
        with pytest.raises(Deferred, match="was removed a moment ago"):
            office.app.receive()
    assert office.app.receive() == 1
    assert office.poll() is None
    assert office.states()["accepted"] == 1


def test_renumbered_mails_are_recognised_and_answered_once(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    office.world.dovecot.renew_uidvalidity(office.world.user, 4_000_000_000)
    office.world.deliver(complete("370883"))
    office.poll()
    assert office.states()["received"] == 2
    assert [len(office.world.letters(address(code))) for code in ("370826", "370883")] == [1, 1]
    with office.app.records.chronicle() as chronicle:
        assert chronicle.reconciliation().balanced


def test_the_same_octets_twice_are_one_mail_and_one_letter(office: Office) -> None:
    octets = complete("370826")
    office.world.deliver(octets)
    office.world.deliver(octets)
    office.poll()
    assert office.states()["received"] == 1
    assert len(office.world.letters()) == 1
    with office.app.records.chronicle() as chronicle:
        found = chronicle.reconciliation()
    assert (found.on_server, found.accepted, found.copies) == (2, 1, 1)


def test_a_failure_between_file_and_ledger_costs_a_refetch(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.world.deliver(complete("370826"))
    with monkeypatch.context() as patched:
        patched.setattr("intake.adapters.records.ledger.SqlLedger.take", lambda *_, **__: _fail())
        assert office.poll() is not None
    assert office.states()["received"] == 0
    assert office.poll() is None
    assert office.states()["accepted"] == 1


def _fail() -> None:
    raise Deferred("the disk is full")


def test_older_mail_is_counted_and_never_read(office: Office) -> None:
    for day in range(1, 4):
        office.world.deliver(complete("370826"), datetime(2024, 4, day, tzinfo=UTC))
    office.world.deliver(complete("370883"))
    office.poll()
    assert office.states()["received"] == 1
    with office.app.records.chronicle() as chronicle:
        assert chronicle.reconciliation().older == 3


BIG = "从QQ邮箱发来的超大附件\n\n微山县视频.mp4 (128.03M, 2024年06月27日 21:59 到期)进入下载页面：http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=7d36&code=7684decd"


def test_a_video_that_came_as_a_link_is_held_and_never_called_missing(office: Office) -> None:
    files = {"微山县总结报告.docx": report("微山县"), "1.jpg": media.photo()}
    office.world.deliver(mail("370826", files, body=BIG))
    office.poll()
    (letter,) = office.world.letters(address("370826"))
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "待人工确认" in letter["Subject"]
    assert "6月27日" in text
    assert "未发现附件" not in text
    assert office.world.unit("370826")["items"]["video"]["state"] == "held"


def test_staff_attach_the_file_that_they_fetched(office: Office, tmp_path: Path) -> None:
    files = {"微山县总结报告.docx": report("微山县"), "1.jpg": media.photo()}
    office.world.deliver(mail("370826", files, body=BIG))
    office.poll()
    digest = office.world.run("digest")
    assert "待下载的链接" in digest
    assert "attach M000001" in digest
    fetched = tmp_path / "微山县视频.mp4"
    fetched.write_bytes(media.video(222))
    office.world.run("attach", "M000001", fetched)
    assert office.world.unit("370826")["items"]["video"]["state"] == "faulty", "it passes the same checks"
    fetched.write_bytes(media.video(100))
    office.world.run("attach", "M000001", fetched)
    assert office.world.unit("370826")["state"] == "complete"
    assert '"provenance": "operator"' in office.world.run("show", "M000001", "--json")
    office.poll()
    assert "已收齐" in office.world.letters()[-1]["Subject"]
    assert "待下载的链接" not in office.world.run("digest")


def test_a_notice_may_ask_for_attachments_instead_of_links(office: Office) -> None:
    notice = office.world.folder / "config/notices/week.toml"
    notice.write_text('links = "return"\n' + notice.read_text(encoding="utf-8"), encoding="utf-8")
    files = {"微山县总结报告.docx": report("微山县"), "1.jpg": media.photo()}
    office.world.deliver(mail("370826", files, body=BIG))
    office.world.run("poll")
    (letter,) = office.world.letters(address("370826"))
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "需补正" in letter["Subject"]
    assert "改用普通附件" in text
    assert "34 MB" in text


def test_a_reply_to_our_letter_is_known_by_its_thread(office: Office) -> None:
    private = "小李 <li@qq.example>"
    office.world.deliver(mail("370826", {"微山县总结报告.docx": report("微山县")}, sender=private))
    office.poll()
    office.world.run("assign", "M000001", "370826")
    office.poll()
    ours = office.world.letters("li@qq.example")[-1]["Message-ID"]
    reply = mail("370826", {"v.mp4": media.video(60)}, subject="Re: 答复", sender=private)
    office.world.deliver(f"In-Reply-To: {ours}\r\n".encode() + reply)
    office.poll()
    assert _handed_in(office, "video").tier is Tier.THREAD


def test_a_forwarded_letter_of_ours_lets_nobody_else_speak_for_the_unit(office: Office) -> None:
    office.world.deliver(mail("370826", {"微山县总结报告.docx": report("微山县")}))
    office.poll()
    ours = office.world.letters(address("370826"))[0]["Message-ID"]
    reply = mail("370826", {"v.mp4": media.video(60)}, subject="Re: 答复", sender="小李 <li@qq.example>")
    office.world.deliver(f"In-Reply-To: {ours}\r\n".encode() + reply)
    office.poll()
    assert _handed_in(office, "video").tier is Tier.CLAIMED


def _handed_in(office: Office, requirement: str) -> Entry:
    with office.app.records.chronicle() as chronicle:
        (row, *_others) = chronicle.unit_rows(office.app.office.notices[0], office.app.office.roster)
    return row.checklist.item(requirement).entries[0]


def test_stopping_finishes_the_mail_in_hand_and_leaves_the_rest(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.world.deliver(complete("370883"))
    office.app.receive()
    seen: list[str] = []
    bench = replace(office.app.bench, progress=seen.append, stopping=lambda: bool(seen))
    assert examine(bench) == 1
    assert office.states()["accepted"] == 1


def test_a_bounce_marks_the_letter_undelivered_and_names_the_phone(office: Office) -> None:
    units = office.world.folder / "config/units.toml"
    text = units.read_text(encoding="utf-8")
    units.write_text(text.replace('short = "微山县"\n', 'short = "微山县"\nphone = "0537-1234567"\n'), encoding="utf-8")
    office.world.deliver(complete("370826"))
    office.poll()
    ours = office.world.letters()[0]["Message-ID"]
    bounce = (
        "From: postmaster@aliyun.example\r\nSubject: =?utf-8?B?5p2l6IeqcG9zdG1hc3RlckBhbGl5dW4uY29t55qE6YCA5L+h?=\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nno such user\r\n"
        f"--B\r\nContent-Type: application/octet-stream\r\n\r\nMessage-ID: {ours}\r\nSubject: x\r\n\r\n--B--\r\n"
    )
    office.world.deliver(bounce.encode())
    office.poll()
    assert {"bounce"} in office.codes()
    with office.app.records.chronicle() as chronicle:
        assert chronicle.letter_totals() == {"due": 0, "held": 0, "sent": 0, "failed": 1, "superseded": 0}
    told = office.world.run("digest")
    assert "微山县" in told.split("自动邮件", 1)[1]
    assert "0537-1234567" in told


def test_a_stranger_cannot_bounce_a_letter_that_he_does_not_know(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    guess = "<reply.0123456789abcdef0123456789abcdef@ji.shandong.cn>"
    forged = f"From: mailer-daemon@x.example\r\nSubject: x\r\n\r\n{guess}\r\n"
    office.world.deliver(forged.encode())
    office.poll()
    with office.app.records.chronicle() as chronicle:
        assert chronicle.letter_totals()["sent"] == 1


def test_one_bad_folder_does_not_stop_the_others(office: Office) -> None:
    site = office.world.folder / "config/intake.toml"
    text = site.read_text(encoding="utf-8")
    site.write_text(text.replace("[imap]", '[imap]\nfolders = ["gone", "INBOX"]'), encoding="utf-8")
    office.world.deliver(complete("370826"))
    assert "gone" in office.world.run("poll", status=75)
    assert office.world.unit("370826")["state"] == "complete"
    assert office.world.status()["service"]["last_poll_ok"] is False


def test_staff_say_for_which_notice_a_mail_is(office: Office) -> None:
    first = office.world.folder / "config/notices/week.toml"
    text = first.read_text(encoding="utf-8")
    other = text.replace('"2024-science-week"', '"2024-talents"').replace('["科技活动周", "科技周"]', '["人才工作"]')
    (first.parent / "talents.toml").write_text(other, encoding="utf-8")
    files = {"总结报告.docx": documents.docx("总结报告", ["微山县开展活动。"]), "1.jpg": media.photo()}
    office.world.deliver(mail("370826", files, subject="总结报告", body="请查收"))
    office.world.run("poll")
    assert "--notice ID" in office.world.run("held")
    assert "--notice" in office.world.run("assign", "M000001", "微山县", status=64)
    office.world.run("assign", "M000001", "微山县", "--notice", "2024-talents")
    told = office.world.run("status", "--json", "--notice", "2024-talents")
    assert '"state": "partial"' in told


def test_photos_inside_the_report_are_filed(office: Office) -> None:
    parts: dict[str, Any] = dict(documents.docx_parts("微山县2024年科技活动周总结报告", ["开展活动。"]))
    parts |= {f"word/media/image{n}.jpeg": media.photo(seed=n) for n in range(3)}
    files = {"微山县总结报告.docx": documents.zipped(parts), "微山县视频.mp4": media.video(60)}
    office.world.deliver(mail("370826", files))
    office.poll()
    unit = office.world.unit("370826")
    assert unit["state"] == "complete"
    assert unit["items"]["photos"]["count"] == 3
    assert "文中插有照片3张" in office.world.letters()[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
