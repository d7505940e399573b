"""What need not be kept goes: mail that is none of our business by itself, a closed notice when staff say so."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from intake.adapters.blobs import BlobStore
from intake.adapters.records.discards import DiscardRow
from intake.entry.app import App
from intake.entry.cli import cli
from intake.entry.config import load
from intake.ports import Deferred
from tests.e2e.world import address, complete, mail, report
from tests.pipeline.office import Office
from tests.samples import media

pytestmark = pytest.mark.server

CANARY = "金丝雀八五二"
NOTICE = "2024-science-week"
LATER = datetime(2024, 9, 1, 4, tzinfo=UTC)
"""Long after the deadline."""


EITHER = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)


def run(office: Office, *words: str | Path, status: int = 0, answer: str = "") -> str:
    """A command, in this process, at the office's time; what it says."""
    now = ["--config", str(office.world.folder / "config"), "--now", office.now.isoformat()]
    done = CliRunner().invoke(cli, [*now, *map(str, words)], input=answer)
    assert done.exit_code == status, done.output
    return done.output


def advertisement() -> bytes:
    """A stranger's mail about something else, with a file."""
    return mail(
        "370826",
        {f"{CANARY}.jpg": media.photo(seed=9)},
        subject=f"会议场地{CANARY}优惠",
        sender=f"{CANARY} <{CANARY_ADDRESS}>",
        body=f"{CANARY}，欢迎选购。",
    )


CANARY_ADDRESS = "canary852@ads.example.com"


def blobs(office: Office) -> list[str]:
    return sorted(path.name for path in office.app.blobs.root.glob("??/*"))


def story(office: Office, ref: str = "M000001") -> dict[str, object]:
    told: dict[str, object] = json.loads(run(office, "show", ref, "--json"))
    return told


def pending(office: Office) -> list[str]:
    with office.app.database.reading() as session:
        return sorted(session.scalars(select(DiscardRow.sha256)))


@EITHER
def test_mail_that_is_none_of_our_business_is_emptied_at_once(office: Office) -> None:
    office.world.deliver(advertisement())
    assert office.poll() is None
    assert office.states()["ignored"] == 1
    assert blobs(office) == []
    told = story(office)
    assert (told["octets"], told["materials"], told["links"]) == ("purged", [], [])
    assert CANARY in str(told["subject"]), "the digest still tells of it"
    assert CANARY in run(office, "digest")
    assert "0 problems" in run(office, "fsck")


def test_what_its_head_says_is_forgotten_after_thirty_days(office: Office) -> None:
    office.world.deliver(advertisement())
    office.poll()
    run(office, "digest", "--send")
    office.now += timedelta(days=29)
    office.poll()
    assert CANARY in str(story(office)["subject"])
    office.now += timedelta(days=2)
    assert office.poll() is None
    told = story(office)
    assert (told["octets"], told["subject"], told["from"], told["disposition"]) == ("erased", "", "", "IGNORED")
    assert story(office, "L000001")["text"] is None, "nor does the outbox tell what the digest said"
    office.app.database.compact()
    assert_nowhere(office)
    assert office.states()["ignored"] == 1


def assert_nowhere(office: Office, *words: str) -> None:
    """The canary stands in no file of the service."""
    forms = [each.encode() for word in (CANARY, CANARY_ADDRESS, *words) for each in (word, json.dumps(word)[1:-1])]
    for path in (office.world.folder / "config/data").rglob("*"):
        if path.is_file():
            octets = path.read_bytes()
            assert not [form for form in forms if form in octets], path


def test_a_submission_stays(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    before = blobs(office)
    assert before
    office.now = LATER
    office.poll()
    assert blobs(office) == before
    assert story(office)["subject"]


def test_a_file_that_a_submission_brought_too_stays(office: Office) -> None:
    shared = media.photo(seed=1)
    office.world.deliver(complete("370826"))
    office.poll()
    before = blobs(office)
    office.world.deliver(mail("370826", {"1.jpg": shared}, subject="会议场地优惠", sender=CANARY_ADDRESS, body="广告"))
    office.poll()
    assert office.states()["ignored"] == 1
    assert blobs(office) == before


def test_the_same_mail_once_more_is_dropped_as_it_comes(office: Office) -> None:
    same = advertisement()
    for _ in range(2):
        office.world.deliver(same)
        assert office.poll() is None
        assert blobs(office) == []
    assert office.states()["received"] == 1


def test_killed_between_rows_and_files_it_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_anything: object) -> bool:
        raise KeyboardInterrupt

    office.world.deliver(advertisement())
    with monkeypatch.context() as patch:
        patch.setattr("intake.adapters.blobs.BlobStore.remove_unless", killed)
        with pytest.raises(KeyboardInterrupt):
            office.poll()
    assert len(blobs(office)) == 3
    assert pending(office) == blobs(office)
    assert "3 files that nothing refers to are young and stay" in run(office, "fsck")
    assert office.poll() is None
    assert blobs(office) == pending(office) == []


def test_what_comes_again_while_it_is_being_removed_is_removed_by_the_next_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process than the one that receives may be removing: `purge` does."""
    same = advertisement()
    office.world.deliver(same)
    remove, again = BlobStore.remove_unless, [same]

    def interrupted(store: BlobStore, sha256: str, used: Callable[[], bool]) -> bool:
        removed = remove(store, sha256, used)
        if removed and sha256 == hashlib.sha256(same).hexdigest() and again:
            office.world.deliver(again.pop())
            office.app.receive()
        return removed

    monkeypatch.setattr(BlobStore, "remove_unless", interrupted)
    office.poll()
    assert blobs(office) == pending(office) == [hashlib.sha256(same).hexdigest()]
    office.poll()
    assert blobs(office) == pending(office) == []


def test_what_staff_added_to_a_mail_stays_whatever_is_decided_about_it(office: Office, tmp_path: Path) -> None:
    """It is in no mailbox."""
    office.world.deliver(advertisement())
    office.app.receive()
    file = tmp_path / "video.mp4"
    file.write_bytes(media.video(60))
    run(office, "attach", "M000001", file)
    office.poll()
    assert office.states()["ignored"] == 1
    assert hashlib.sha256(file.read_bytes()).hexdigest() in blobs(office)


def test_what_is_purged_while_it_is_fetched_once_more_is_not_there_again(office: Office) -> None:
    office.world.deliver(advertisement())
    office.poll()
    (sha256,) = [str(story(office)["sha256"])]
    with office.app.records.mending() as mending:
        mending.whole(1, office.now)
        mending.lost(1, "nowhere", office.now)
        mending.postpone(1, "not given", office.now)
    assert (story(office)["octets"], story(office)["needs_person"]) == ("purged", False)
    assert pending(office) == [sha256], "what was fetched is to be discarded"


def test_a_disk_that_gives_nothing_up_stops_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_anything: object) -> bool:
        raise Deferred("read-only")

    office.world.deliver(advertisement())
    office.world.deliver(complete("370826"))
    with monkeypatch.context() as patch:
        patch.setattr("intake.adapters.blobs.BlobStore.remove_unless", refused)
        assert office.poll() == "retain: read-only"
    assert len(office.world.letters(address("370826"))) == 1
    assert office.poll() is None
    assert pending(office) == []


@EITHER
def test_who_wants_to_see_it_after_all_has_it_fetched_once_more(office: Office) -> None:
    office.world.deliver(advertisement())
    office.poll()
    assert "the next poll fetches it" in run(office, "assign", "M000001", "微山县", "--notice", NOTICE)
    assert office.poll() is None
    told = story(office)
    assert told["unit"] == "370826"
    assert told["disposition"] != "IGNORED"
    assert len(blobs(office)) == 3
    assert "0 problems" in run(office, "fsck")


def test_what_is_in_the_mailbox_no_more_is_told_to_whoever_asks(office: Office) -> None:
    office.world.deliver(advertisement())
    office.poll()
    office.world.dovecot.expunge(office.world.user, 1)
    run(office, "retry", "M000001")
    office.poll()
    assert "it is not on the server any more" in run(office, "held")


def test_longer_terms_are_kept_to(office: Office) -> None:
    site = office.world.folder / "config/intake.toml"
    site.write_text(
        site.read_text(encoding="utf-8") + "[retention]\nunrelated_body_days = 7\nunrelated_headers_days = 7\n",
        encoding="utf-8",
    )
    office.app.close()
    office.app = App(load(site.parent), lambda: office.now)
    office.world.deliver(advertisement())
    office.poll()
    office.now += timedelta(days=6, hours=23)
    office.poll()
    assert len(blobs(office)) == 3
    office.now += timedelta(hours=2)
    office.poll()
    assert blobs(office) == []
    assert story(office)["octets"] == "erased"


def test_what_waits_for_a_person_stays(office: Office) -> None:
    office.world.deliver(mail("370826", {"总结报告.docx": report("某县")}, subject="科技活动周总结", sender="x@qq.com"))
    office.poll()
    assert office.states()["held"] == 1
    office.now = LATER
    office.poll()
    assert story(office)["materials"]
    assert blobs(office)


@pytest.fixture
def closed(office: Office) -> Office:
    """A notice of which two units handed something in; the canary stands wherever a mail says something."""
    files = {f"{CANARY}总结报告.docx": report("微山县"), "1.jpg": media.photo(seed=1), f"{CANARY}.mp4": media.video(60)}
    sender = f"{CANARY} <{address('370826')}>"
    body = f"{CANARY}请查收 https://pan.baidu.com/s/1{'a' * 22}?pwd=abcd"
    office.world.deliver(mail("370826", files, subject=f"微山县科技活动周总结{CANARY}", sender=sender, body=body))
    office.world.deliver(complete("370883"))
    office.poll()
    run(office, "release", "M000001")
    office.poll()
    office.now = LATER
    return office


@pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)
def test_a_closed_notice_goes_whole_and_its_sums_stay(closed: Office, tmp_path: Path) -> None:
    before = closed.world.status(now=LATER.isoformat())
    assert "2 mails" in run(closed, "purge", NOTICE, "--dry-run")
    assert blobs(closed), "nothing is removed by asking"
    said = run(closed, "purge", NOTICE, "--yes")
    assert "2 mails" in said
    assert "backups" in said
    assert blobs(closed) == pending(closed) == []
    assert "0 problems" in run(closed, "fsck")
    assert "unbroken" in run(closed, "audit", "verify")
    after = closed.world.status(now=LATER.isoformat())
    assert {key: after[key] for key in ("units", "letters")} == {key: before[key] for key in ("units", "letters")}
    assert "was purged" in run(closed, "export", tmp_path / "export")
    assert not (tmp_path / "export").exists()
    if closed.app.config.database_file:
        assert_nowhere(closed, address("370826"))


def test_what_comes_after_a_purge_is_exported(closed: Office, tmp_path: Path) -> None:
    run(closed, "purge", NOTICE, "--yes")
    closed.world.deliver(complete("370881"), LATER)
    closed.poll()
    assert "3 files" in run(closed, "export", tmp_path / "export")
    assert "1 mails" in run(closed, "purge", NOTICE, "--dry-run")


def test_the_same_mail_after_that_is_known_and_dropped(closed: Office) -> None:
    run(closed, "purge", NOTICE, "--yes")
    letters = len(closed.world.letters())
    closed.world.dovecot.renew_uidvalidity(closed.world.user, 4711)
    assert closed.poll() is None
    assert blobs(closed) == []
    assert closed.states()["received"] == 2
    assert len(closed.world.letters()) == letters
    assert "0 mails" in run(closed, "purge", NOTICE, "--dry-run")
    assert "2 mails were purged before" in run(closed, "purge", "--dry-run")


def test_a_notice_that_is_open_is_not_purged(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    before = blobs(office)
    assert "open until 2024-06-11" in run(office, "purge", NOTICE, "--yes", status=2)
    assert "not yet: it is open until" in run(office, "purge", NOTICE, "--dry-run")
    run(office, "extend", "微山县", "2024-07-01")
    office.now = datetime(2024, 6, 20, tzinfo=UTC)
    assert "open until 2024-07-01" in run(office, "purge", NOTICE, "--yes", status=2)
    assert blobs(office) == before


def test_what_is_not_done_with_keeps_a_notice(office: Office) -> None:
    office.world.deliver(
        mail("370826", {}, subject="微山县科技活动周总结", body=f"https://pan.baidu.com/s/1{'a' * 22}")
    )
    office.world.sink.say("MAIL", *["450 busy"] * 9)
    office.poll()
    office.world.deliver(complete("370883"))
    office.app.receive()
    office.now = LATER
    said = run(office, "purge", NOTICE, "--yes", status=2)
    assert "waiting for a person: M000001" in said
    assert "not decided yet: M000002" in said
    assert "letters that have not left: L000001" in said


def test_asked_whether_one_means_it_no_is_no(closed: Office) -> None:
    before = blobs(closed)
    run(closed, "purge", NOTICE, answer="n\n", status=1)
    assert blobs(closed) == before
    run(closed, "purge", NOTICE, answer="y\n")
    assert blobs(closed) == []


def test_broken_off_it_goes_on(closed: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("intake.entry.purging.discard", lambda *_: (_ for _ in ()).throw(Deferred("disk")))
        run(closed, "purge", NOTICE, "--yes", status=1)
    assert blobs(closed) == pending(closed) != []
    assert closed.poll() is None
    assert blobs(closed) == []


def test_a_notice_that_left_the_configuration_is_purged_by_its_name(closed: Office) -> None:
    notice = closed.world.folder / "config/notices/week.toml"
    other = notice.read_text(encoding="utf-8").replace(NOTICE, "2025-science-week")
    (notice.parent / "next.toml").write_text(other, encoding="utf-8")
    notice.unlink()
    assert NOTICE in run(closed, "purge", "--dry-run")
    assert "2 mails" in run(closed, "purge", NOTICE, "--yes")
    assert "no notice 'x'" in run(closed, "purge", "x", "--yes", status=2)


def test_a_copy_that_was_put_back_is_an_orphan_and_no_mail(closed: Office) -> None:
    sha256 = str(story(closed)["sha256"])
    kept = closed.app.blobs.verified(sha256).read_bytes()
    run(closed, "purge", NOTICE, "--yes")
    with closed.app.blobs.writer() as writer:
        writer.write(kept)
        writer.commit()
    os.utime(closed.app.blobs.path(sha256), (1, 1))
    assert "fsck --repair removes it" in run(closed, "fsck", status=os.EX_TEMPFAIL)
    assert "removed on purpose" in run(closed, "fsck", "--adopt", sha256, status=2)
    run(closed, "fsck", "--repair")
    assert blobs(closed) == []


def test_no_more_than_a_batch_in_one_round(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.adapters.records.retention.BATCH", 1)
    for number in range(2):
        office.world.deliver(mail("370826", {}, subject=f"会议场地{number}", sender=CANARY_ADDRESS, body="广告"))
    office.poll()
    assert len(blobs(office)) == 1
    office.poll()
    assert blobs(office) == []
