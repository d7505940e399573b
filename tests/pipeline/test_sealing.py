"""Mail that bears a marking of classified papers: what it says is nowhere, and two people decide what becomes of it."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import NullPool, create_engine, inspect

from intake.adapters.looking import Looker
from intake.entry.cli import cli
from intake.pipeline.examine import examine
from intake.pipeline.summarise import compose
from intake.ports import Deferred
from tests.e2e.world import NOON, address, complete, mail, report
from tests.pipeline.office import Office
from tests.pipeline.test_replies import limited
from tests.samples import archives, documents, media

pytestmark = pytest.mark.server

CANARY = "金丝雀七四一"
MARK = "机密★5年"
SUBJECT = f"微山县2024年科技活动周总结材料{CANARY}主题"
NAME = f"{CANARY}名称.docx"


def sealed_mail(where: str) -> bytes:
    """A county's own submission, complete but for the marking; the canary stands in every place that tells of it."""
    files = {
        NAME: documents.docx(f"微山县总结报告{CANARY}", [f"{CANARY}正文。" * 9]),
        "1.jpg": media.photo(seed=1),
        f"{CANARY}.mp4": media.video(60),
    }
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "a@example.cn", CANARY
    inner.set_content(f"{CANARY}\n{MARK}\n")
    files |= {
        "name": {f"【机密】{CANARY}.docx": report("微山县")},
        "report": {NAME: documents.docx(CANARY, [f"{CANARY}正文。" * 900, MARK, f"{CANARY}正文。" * 900])},
        "member name": {f"{CANARY}.zip": archives.zipped({f"秘密★/{CANARY}.txt": CANARY.encode()})},
        "nested mail": {f"{CANARY}.eml": inner.as_bytes()},
        "subject of a nested mail": {f"{CANARY}.eml": _within(f"{MARK} {CANARY}")},
        "subject two mails deep": {f"{CANARY}.eml": _within(CANARY, _within(f"{MARK} {CANARY}"))},
        "subject of a zipped mail": {f"{CANARY}.zip": archives.zipped({"a.eml": _within(f"{MARK} {CANARY}")})},
    }.get(where, {})
    subject = f"{MARK} {SUBJECT}" if where == "subject" else SUBJECT
    body = f"{CANARY}请查收。\n{MARK if where == 'body' else ''}\n谢谢"
    sender = f"{CANARY} <kjj@u370826.example.gov.cn>"
    if where == "page":
        return _with_a_page(mail("370826", files, subject=subject, sender=sender, body=body))
    return mail("370826", files, subject=subject, sender=sender, body=body)


def _within(subject: str, attached: bytes | None = None) -> bytes:
    """A mail about nothing in particular, in which another one may lie."""
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "a@example.cn", subject
    inner.set_content(f"{CANARY}请查收\n")
    if attached is not None:
        inner.add_attachment(attached, maintype="application", subtype="octet-stream", filename="b.eml")
    return inner.as_bytes()


def _with_a_page(octets: bytes) -> bytes:
    """The marking stands in the page only that a mail brings beside its plain text."""
    whole = message_from_bytes(octets, policy=default)
    (text,) = (part for part in whole.walk() if part.get_content_type() == "text/plain")
    text.add_alternative(f"<p>{CANARY}请查收。</p><p>{MARK[0]}<b>{MARK[1]}</b>{MARK[2:]}</p>", subtype="html")
    return whole.as_bytes()


PLACES = [
    "subject", "body", "name", "report", "member name", "nested mail", "subject of a nested mail",
    "subject two mails deep", "subject of a zipped mail", "page",
]  # fmt: skip


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def run(office: Office, *words: str | Path, status: int = 0) -> str:
    """A command, in this process; what it says."""
    folder = office.world.folder / "config"
    done = CliRunner().invoke(cli, ["--config", str(folder), "--now", NOON, *map(str, words)])
    assert done.exit_code == status, done.output
    return done.output


def ordinary(office: Office) -> list[Path]:
    """All files of the store that are not sealed."""
    files = (path for path in office.app.blobs.root.rglob("*") if path.is_file() and path.name != "lock")
    return [path for path in files if path.parent.name != "sealed"]


EITHER = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)


def database(office: Office) -> bytes:
    """All that the records hold; what is binary on a server, in hex."""
    file = office.app.config.database_file
    if file is None:
        with create_engine(office.app.config.database_url, poolclass=NullPool).connect() as server:
            tables = [table for table in inspect(server).get_table_names() if table != "alembic_version"]
            rows = [row for table in tables for row in server.exec_driver_sql(f"SELECT t::text FROM {table} t")]
        return "".join(text for (text,) in rows).encode()
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


def sealed(office: Office) -> list[Path]:
    folder = office.app.blobs.root / "sealed"
    return sorted(folder.iterdir()) if folder.exists() else []


def told(office: Office, folder: Path, *, everything: bool) -> bytes:
    """What the service tells anybody: commands, digests, exports, letters. The rows are the same for all places."""
    commands: list[list[str]] = [["show", "M000001", "--json"]]
    if everything:
        run(office, "export", folder / "export")
        run(office, "digest", "--out", folder / "digest.html")
        commands += [["show", "M000001"], ["held"], ["held", "--json"], ["status", "--json"], ["status"], ["digest"],
                     ["seal", "--list"], ["fsck"]]  # fmt: skip
    said = "".join(run(office, *words) for words in commands)
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"".join(
        [said.encode(), *files, *(draft.octets for draft in office.app.stationery.digest(digest_of(office)))]
    )


def digest_of(office: Office):  # type: ignore[no-untyped-def]

    with office.app.records.chronicle() as chronicle:
        return compose(office.app.desk, chronicle, office.now.date())


def forms() -> list[bytes]:
    """The canary as files may hold it."""
    encoded = [CANARY.encode(form) for form in ("utf-8", "gb18030", "utf-16-le")]
    return encoded + [each.hex().encode() for each in encoded] + [
        json.dumps(CANARY)[1:-1].encode(), json.dumps(CANARY)[1:-1].upper().encode()]  # fmt: skip


def assert_nowhere(octets: bytes, where: str) -> None:
    assert not [form for form in forms() if form in octets], where


@pytest.mark.parametrize(
    ("world", "where"), [*(("sqlite", place) for place in PLACES), ("postgresql", "report")], indirect=["world"]
)
def test_what_a_marked_mail_says_is_nowhere(
    office: Office, tmp_path: Path, logged: pytest.LogCaptureFixture, where: str
) -> None:
    office.world.deliver(sealed_mail(where))
    assert office.poll() is None

    assert office.codes() == [{"secret-marking"}] or office.states()["held"] == 1
    assert office.world.letters() == [], "nobody is answered"
    assert office.world.unit("370826")["state"] == "missing", "nothing counts"
    assert [path.name for path in ordinary(office)] == [], "neither the mail nor what came out of it is left"
    (kept,) = sealed(office)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700

    assert_nowhere(logged.text.encode(), "log")
    assert_nowhere(told(office, tmp_path / "told", everything=where == "report"), "told")
    assert_nowhere(database(office), "database")
    assert len(database(office)) > 1 << 9
    for path in office.world.folder.rglob("*"):
        if path.is_file() and path.parent.name != "sealed":
            assert_nowhere(path.read_bytes(), str(path))


def test_the_digest_says_only_that_there_is_one(office: Office) -> None:
    office.world.deliver(sealed_mail("body"))
    office.poll()
    said = run(office, "digest")
    assert "疑似涉密邮件1封" in said
    assert "M000001" in said
    assert "微山县" not in said.split("三、")[0].split("二、")[1], "nor whose it is"


def test_who_speaks_of_secrecy_is_answered_as_ever(office: Office) -> None:
    short = "微山县"
    files = {
        f"{short}总结报告.docx": documents.docx(f"{short}总结报告", ["举办保密宣传，学习保守国家秘密法，不涉密。"] * 9),
        "1.jpg": media.photo(seed=1),
        f"{short}.mp4": media.video(60),
    }
    office.world.deliver(mail("370826", files, body="以上材料均不涉密，请保密工作人员放心。"))
    office.poll()
    assert office.world.unit("370826")["state"] == "complete"
    assert not sealed(office)


def test_a_file_that_another_mail_brought_too_stays_that_mail_s(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    before = {path.name for path in ordinary(office)}
    files = {"微山县总结报告.docx": report("微山县"), "1.jpg": media.photo(seed=1)}
    office.world.deliver(mail("370826", files, subject=f"{MARK} 总结"))
    office.poll()
    assert {path.name for path in ordinary(office)} == before
    assert len(sealed(office)) == 1
    assert office.world.unit("370826")["state"] == "complete"


def test_staff_cannot_have_it_examined_by_another_command(office: Office, tmp_path: Path) -> None:
    office.world.deliver(sealed_mail("subject"))
    office.poll()
    extra = tmp_path / "x.txt"
    extra.write_text("x", encoding="utf-8")
    for words in (["retry", "M000001"], ["release", "M000001"], ["accept", "M000001", "--reason", "x"],
                  ["assign", "M000001", "微山县"], ["attach", "M000001", extra]):  # fmt: skip
        assert "looks classified" in run(office, *words, status=2)
    assert office.poll() is None
    assert len(sealed(office)) == 1
    assert not ordinary(office), "what was to be attached is not left in the store"


def test_one_operator_is_not_enough_and_the_same_one_twice_is_one(office: Office) -> None:
    office.world.deliver(sealed_mail("subject"))
    office.poll()
    assert "second operator" in run(office, "seal", "--destroy", "M000001", "--operator", "张 三")
    assert "second operator" in run(office, "seal", "--destroy", "M000001", "--operator", "张　三")
    assert "second operator" in run(office, "seal", "--lift", "M000001", "--operator", "李四"), (
        "who wants another thing"
    )
    assert "second operator" in run(office, "seal", "--destroy", "M000001", "--operator", "张三")
    assert len(sealed(office)) == 1
    assert "张三 wants it destroyed" in run(office, "seal", "--list")
    run(office, "seal", "--destroy", "M000001", status=2)


@EITHER
def test_two_operators_destroy_it_and_it_never_comes_back(office: Office) -> None:
    same = sealed_mail("report")
    office.world.deliver(same)
    office.poll()
    run(office, "seal", "--destroy", "M000001", "--operator", "张三")
    assert "destroyed" in run(office, "seal", "--destroy", "M000001", "--operator", "李四")
    assert not sealed(office)
    assert not ordinary(office)
    story = json.loads(run(office, "show", "M000001", "--json"))
    assert (story["seal"], story["needs_person"]) == ("destroyed", False)
    assert {"first": "张三", "second": "李四"}.items() <= story["events"][-1]["detail"].items()
    assert "nothing waits for a person" in run(office, "held")

    office.world.deliver(same)
    assert office.poll() is None
    assert not ordinary(office), "the same mail once more is dropped as it comes"
    assert office.states()["received"] == 1
    assert "0 problems" in run(office, "fsck")


def test_the_same_mail_once_more_stays_sealed(office: Office) -> None:
    same = sealed_mail("report")
    office.world.deliver(same)
    office.poll()
    office.world.deliver(same)
    assert office.poll() is None
    assert len(sealed(office)) == 1
    assert not ordinary(office)
    assert json.loads(run(office, "show", "M000001", "--json"))["seal"] == "sealed"


@EITHER
def test_a_false_alarm_is_lifted_by_two_and_examined_as_any_other(office: Office) -> None:
    office.world.deliver(sealed_mail("report"))
    office.poll()
    run(office, "seal", "--lift", "M000001", "--operator", "张三")
    run(office, "seal", "--lift", "M000001", "--operator", "李四")
    assert not sealed(office)
    assert office.poll() is None
    assert office.world.unit("370826")["state"] == "complete"
    assert len(office.world.letters()) == 1
    assert json.loads(run(office, "show", "M000001", "--json"))["seal"] == "lifted"


@pytest.mark.parametrize("step", ["set_apart", "remove_unless"])
def test_what_a_crash_left_in_the_store_goes_before_anything_else_is_done(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    office.world.deliver(sealed_mail("report"))

    def die(*_what: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(office.app.blobs, step, die)
        with pytest.raises(KeyboardInterrupt):
            office.poll()
    assert ordinary(office)
    office.app.examine()
    assert not ordinary(office)
    assert len(sealed(office)) == 1


def test_a_disk_that_does_not_take_it_keeps_no_other_mail_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.world.deliver(sealed_mail("report"))
    office.world.deliver(complete("370883"))

    def refuse(_sha256: str) -> None:
        raise Deferred("read-only")

    with monkeypatch.context() as patched:
        patched.setattr(office.app.blobs, "set_apart", refuse)
        for _round in range(2):
            assert "M000001: read-only" in (office.poll() or "")
        assert office.world.unit("370883")["state"] == "complete"
    assert office.poll() is None
    assert len(sealed(office)) == 1


def test_an_error_of_ours_tells_nothing_of_the_mail(
    office: Office, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    office.world.deliver(sealed_mail("report"))

    def broken(*_arguments: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr(Looker, "__call__", broken)
    office.poll()
    story = run(office, "show", "M000001", "--json")
    assert "ValueError" in story
    assert "in broken" in story, "where it happened is told"
    for octets in (story.encode(), logged.text.encode(), database(office)):
        assert_nowhere(octets, "error")


def test_a_backup_and_fsck_know_of_sealed_mails(office: Office, tmp_path: Path) -> None:
    office.world.deliver(sealed_mail("report"))
    office.poll()
    assert "1 sealed" in run(office, "backup", tmp_path / "backup")
    kept = sealed(office)[0]
    assert not [path for path in (tmp_path / "backup").rglob("*") if path.name == kept.name]
    assert "0 problems" in run(office, "fsck")
    kept.unlink()
    assert "M000001" in run(office, "fsck", status=75)


def test_a_helper_leaves_it_to_the_keeper_to_move_it(office: Office) -> None:
    """What a helper does not find may be there for all others: it must not put on record that it was moved."""
    office.world.deliver(sealed_mail("subject"))
    office.app.receive()
    examine(replace(office.app.bench, keeper=False))
    assert not sealed(office)
    assert office.states()["held"] == 1
    assert office.poll() is None
    assert len(sealed(office)) == 1
    assert not ordinary(office)


def attached(office: Office, folder: Path) -> Path:
    """An ordinary mail, answered, to which staff add a file that is marked; the file."""
    office.world.deliver(mail("370826", {"1.jpg": media.photo(seed=1)}))
    office.poll()
    file = folder / f"{CANARY}.docx"
    file.write_bytes(documents.docx(CANARY, [MARK, f"{CANARY}正文。"]))
    run(office, "attach", "M000001", file)
    return file


@EITHER
def test_a_file_that_staff_added_is_kept_apart_with_the_mail(office: Office, tmp_path: Path) -> None:
    """It is in no mailbox: one who is wrong must not lose it, one who is right must not see it copied."""
    octets = attached(office, tmp_path).read_bytes()
    assert json.loads(run(office, "show", "M000001", "--json"))["seal"] == "sealed"
    assert not ordinary(office)
    assert octets in [path.read_bytes() for path in sealed(office)]
    assert_nowhere(database(office), "database")
    assert "0 problems" in run(office, "fsck")
    run(office, "seal", "--lift", "M000001", "--operator", "张三")
    run(office, "seal", "--lift", "M000001", "--operator", "李四")
    office.poll()
    assert not sealed(office)
    assert octets in [path.read_bytes() for path in ordinary(office)]
    assert "report" in json.loads(run(office, "show", "M000001", "--json"))["materials"][-1]["requirement"]


def test_a_file_that_staff_added_is_destroyed_with_the_mail(office: Office, tmp_path: Path) -> None:
    attached(office, tmp_path)
    run(office, "seal", "--destroy", "M000001", "--operator", "张三")
    run(office, "seal", "--destroy", "M000001", "--operator", "李四")
    assert not sealed(office)
    assert not ordinary(office)
    assert "0 problems" in run(office, "fsck")


def test_no_letter_speaks_for_a_mail_that_was_sealed_since(office: Office, tmp_path: Path) -> None:
    """Neither does one go out that still waits, nor is kept what one said that went."""
    limited(office, quiet_minutes=5)
    office.world.deliver(mail("370826", {f"{CANARY}.jpg": media.photo(seed=1)}), office.now)
    office.poll()
    office.now += timedelta(minutes=1)
    office.world.deliver(mail("370826", {"2.jpg": media.photo(seed=2)}), office.now)
    office.poll()
    assert not office.world.letters(address("370826")), "one letter waits, and speaks for both"
    file = tmp_path / "x.docx"
    file.write_bytes(documents.docx(CANARY, [MARK]))
    run(office, "attach", "M000001", file)
    assert_nowhere(database(office), "database")
    for _round in range(3):
        office.now += timedelta(minutes=6)
        office.poll()
    (letter,) = office.world.letters(address("370826"))
    assert "M000002" in str(letter["Subject"])
    assert CANARY not in letter.get_body(("plain",)).get_content()
    assert "M000001" not in letter.get_body(("plain",)).get_content()


def test_what_is_added_after_a_seal_was_lifted_is_looked_at(office: Office, tmp_path: Path) -> None:
    """Two people have seen what was there, and not this."""
    office.world.deliver(sealed_mail("subject"))
    office.poll()
    for name in ("张三", "李四"):
        run(office, "seal", "--lift", "M000001", "--operator", name)
    office.poll()
    assert not sealed(office)
    file = tmp_path / "x.docx"
    file.write_bytes(documents.docx(CANARY, [MARK]))
    run(office, "attach", "M000001", file)
    assert len(sealed(office)) == 2
    assert not ordinary(office)
