"""What need not be kept goes: mail that is none of our business by itself, a closed notice when staff say so."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import quopri
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from intake.adapters.blobs import BlobStore
from intake.adapters.records.discards import DiscardRow, discard
from intake.adapters.records.rulings import SqlRulings
from intake.adapters.records.tables import LetterRow, MaterialRow
from intake.domain.mail import Locator
from intake.entry.app import App
from intake.entry.cli import cli
from intake.entry.config import load
from intake.ports import Arrival, Deferred
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
    """The canary stands in no file of the service, be it coded as mail codes it."""
    forms = [form for word in (CANARY, CANARY_ADDRESS, *words) for form in forms_of(word)]
    for path in (office.world.folder / "config/data").rglob("*"):
        if path.is_file():
            assert not stands_in(forms, path.read_bytes()), path


def stands_in(forms: list[bytes], octets: bytes) -> bool:
    """Whether one of them does, also over the ends of lines."""
    unbroken = octets, re.sub(rb"=\r?\n", b"", octets), re.sub(rb"\r?\n", b"", octets)
    return any(form in each for form in forms for each in unbroken)


def forms_of(word: str) -> Iterator[bytes]:
    """A word as it is, in JSON, in quoted-printable, and in base64 wherever in a group it begins."""
    octets = word.encode()
    yield from (octets, json.dumps(word)[1:-1].encode(), quopri.encodestring(octets))
    for before in range(3):
        coded = base64.b64encode(b"." * before + octets)
        yield coded[4 if before else 0 : -4]


def test_a_word_is_found_however_it_is_coded() -> None:
    text = f"金丝雀的信：{CANARY}，请查收。".encode()
    for coded in (text, base64.encodebytes(text), quopri.encodestring(text), json.dumps(text.decode()).encode()):
        assert stands_in(list(forms_of(CANARY)), coded), coded
    assert not stands_in(list(forms_of(CANARY)), base64.encodebytes(text[:20]))


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
    assert "the next poll asks the mailbox for it" in run(office, "assign", "M000001", "微山县", "--notice", NOTICE)
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
    office.poll()
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


def test_more_than_a_batch_is_forgotten_in_one_round(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.adapters.records.retention.BATCH", 1)
    for number in range(2):
        office.world.deliver(mail("370826", {}, subject=f"会议场地{number}", sender=CANARY_ADDRESS, body="广告"))
    office.poll()
    assert blobs(office) == []
    office.now += timedelta(days=31)
    office.poll()
    assert [story(office, f"M00000{number}")["octets"] for number in (1, 2)] == ["erased", "erased"]


def robots() -> bytes:
    """An automatic mail of nobody's, with a file."""
    octets = advertisement()
    return b"Auto-Submitted: auto-generated\r\n" + octets


@EITHER
def test_what_was_stored_of_a_mail_and_is_no_file_of_it_goes(office: Office) -> None:
    """A robot's files are taken out before it is seen that nobody wants them."""
    office.world.deliver(robots())
    office.poll()
    assert office.states()["ignored"] == 1
    assert blobs(office) == pending(office) == []


def test_a_small_picture_that_was_drawn_anew_takes_the_place_of_the_old_one(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    with office.app.blobs.writer() as writer:
        writer.write(b"as an older library drew it")
        old = writer.commit().sha256
    with office.app.database.writing() as session:
        row = session.scalars(select(MaterialRow).where(MaterialRow.preview.is_not(None))).first()
        assert row is not None
        drawn, row.preview = row.preview, old
    run(office, "retry", "M000001")
    assert pending(office) == [old]
    office.poll()
    assert old not in blobs(office)
    assert drawn in blobs(office)


def test_what_was_answered_before_it_was_none_of_our_business_goes_with_its_head(office: Office) -> None:
    """Who ruled so may be wrong, and has as long to see it."""
    files = {f"{CANARY}.docx": report("某县")}
    office.world.deliver(
        mail("370826", files, subject=f"科技活动周总结{CANARY}", sender=CANARY_ADDRESS, body=f"{CANARY}请查收")
    )
    office.poll()
    assert len(office.world.letters(CANARY_ADDRESS)) == 1
    run(office, "release", "M000001")
    office.poll()
    assert office.states()["ignored"] == 1
    run(office, "digest", "--send")
    office.now += timedelta(days=29)
    office.poll()
    assert blobs(office), "a second look is possible"
    office.now += timedelta(days=2)
    office.poll()
    assert blobs(office) == pending(office) == []
    assert story(office)["octets"] == "erased"
    assert story(office, "L000001")["text"] is None
    assert_nowhere(office)


def test_a_letter_that_has_not_left_is_kept_with_the_head(office: Office) -> None:
    office.world.deliver(mail("370826", {"a.docx": report("某县")}, subject="科技活动周总结", sender=CANARY_ADDRESS))
    office.world.sink.say("MAIL", *["450 busy"] * 200)
    office.poll()
    run(office, "release", "M000001")
    office.now += timedelta(days=31)
    with office.app.database.writing() as session:
        session.execute(update(LetterRow).values(state="held"))
    office.poll()
    assert story(office)["octets"] == "purged"
    assert story(office, "L000001")["text"]


def test_a_clock_that_was_ahead_keeps_nothing_for_years(office: Office) -> None:
    office.now, then = office.now + timedelta(days=3650), office.now
    office.world.deliver(advertisement())
    office.poll()
    office.now = then
    office.poll()
    assert story(office)["octets"] == "erased"


def test_what_is_gone_when_staff_ask_for_it_is_again_what_it_was(office: Office) -> None:
    office.world.deliver(advertisement())
    office.poll()
    office.world.dovecot.expunge(office.world.user, 1)
    run(office, "retry", "M000001")
    assert "the next poll asks the mailbox" in run(office, "retry", "M000001"), "asked twice is asked once"
    office.poll()
    assert story(office)["octets"] == "lost"
    run(office, "release", "M000001")
    assert (story(office)["octets"], story(office)["needs_person"]) == ("purged", False)
    assert "0 problems" in run(office, "fsck")
    office.now += timedelta(days=31)
    office.poll()
    assert story(office)["octets"] == "erased"


def test_what_is_lost_is_purged_too(closed: Office) -> None:
    sha256 = str(story(closed)["sha256"])
    closed.app.blobs.path(sha256).unlink()
    closed.world.dovecot.expunge(closed.world.user, 1)
    run(closed, "retry", "M000001", status=1)
    closed.poll()
    assert story(closed)["octets"] == "lost"
    assert "waiting for a person: M000001" in run(closed, "purge", NOTICE, "--yes", status=2)
    run(closed, "release", "M000001")
    assert "2 mails" in run(closed, "purge", NOTICE, "--yes")
    assert story(closed)["octets"] == "erased"
    assert_nowhere(closed, address("370826"))


def test_what_may_still_be_of_it_keeps_a_notice(office: Office) -> None:
    """A mail that nobody knows the notice of, one that could not be fetched, and what came before the last poll."""
    office.poll()
    office.world.deliver(mail("370826", {"a.docx": report("某县")}, subject="总结", sender="x@qq.com", body="请查收"))
    office.app.receive()
    office.app.examine()
    with office.app.records.ledger() as ledger:
        ledger.postpone(Arrival(Locator("INBOX", 1, 77), 10, office.now), "not given", office.now)
    office.now = LATER
    said = run(office, "purge", NOTICE, "--yes", status=2)
    assert "not read since it closed" in said
    assert "could not be fetched yet: 1" in said
    assert "waiting for a person: M000001" in said


def test_what_changes_while_one_is_asked_counts(closed: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    before = blobs(closed)

    def confirmed(*_words: object, **_more: object) -> None:
        with closed.app.database.writing() as session:
            SqlRulings(session).extend(NOTICE, "370826", LATER + timedelta(days=9), closed.now)

    monkeypatch.setattr("click.confirm", confirmed)
    assert "open until 2024-09-10" in run(closed, "purge", NOTICE, status=2)
    assert blobs(closed) == before


def test_what_others_read_just_now_is_told_to_be_there_still(closed: Office) -> None:
    with closed.app.database.reading() as session:
        session.scalars(select(DiscardRow)).all()
        told = run(closed, "purge", NOTICE, "--yes", status=os.EX_TEMPFAIL)
        began = time.monotonic()
        assert not closed.app.database.compact()
        assert time.monotonic() - began < 10, "writers wait as long"
    assert "still there: what others are reading just now" in told
    assert "0 mails" in run(closed, "purge", NOTICE, "--yes")
    assert_nowhere(closed, address("370826"))


def test_an_export_of_what_was_purged_is_not_written_over(closed: Office, tmp_path: Path) -> None:
    run(closed, "export", tmp_path / "export")
    before = (tmp_path / "export/index.xlsx").read_bytes()
    run(closed, "purge", NOTICE, "--yes")
    closed.world.deliver(complete("370881"), LATER)
    closed.poll()
    assert "choose another folder" in run(closed, "export", tmp_path / "export", status=2)
    assert (tmp_path / "export/index.xlsx").read_bytes() == before


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_a_name_that_is_taken_out_while_it_is_given_again_is_there_afterwards(office: Office) -> None:
    """Retain lets go of a name that its blob is in use for, while another process takes that use away."""
    sha256, database = "ab" * 32, office.app.database
    with database.writing() as session:
        discard(session, [sha256])

    def named() -> None:
        with database.writing() as session:
            discard(session, [sha256])

    with office.app.records.retention() as retention:
        retention.in_use(sha256)
        other = Thread(target=named)
        other.start()
        other.join(0.5)
        assert other.is_alive()
        retention.discarded(sha256)
    other.join()
    assert pending(office) == [sha256]
