"""`fsck`: every fault of the store is told with what to do; what can be mended is mended, and nobody answered again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from intake.adapters import census
from intake.adapters.blobs import BlobStore
from intake.adapters.geotags import eraser
from intake.entry.exporting import export
from intake.entry.fsck import fsck
from intake.entry.progress import Progress
from tests.crash.warm import Warm
from tests.e2e.world import World, address, complete, mail, report
from tests.pipeline.office import Office
from tests.samples import archives, media
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

ZIPPED = mail(
    "370883", {"邹城市.zip": archives.zipped({"邹城市总结报告.docx": report("邹城市"), "1.jpg": media.photo(seed=7)})}
)
LONG_AGO = 1_700_000_000
LATER = "2024-06-05T12:20:00+08:00"


@pytest.fixture
def office(  # noqa: PLR0917 - fixtures are named
    tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """Two mails were decided and answered, one with a video, the other with an archive."""
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
    world = World(tmp_path, user, dovecot, sink, warm=warm)
    world.configure()
    world.deliver(complete("370826"))
    world.deliver(ZIPPED)
    office = Office(world)
    assert office.poll() is None
    yield office
    office.app.close()


def rows(office: Office, query: str) -> list[tuple[Any, ...]]:
    with office.app.database.reading() as session:
        return [tuple(row) for row in session.execute(text(query))]


def change(office: Office, statement: str) -> None:
    with office.app.database.writing() as session:
        session.execute(text(statement))


def blob(office: Office, query: str) -> Path:
    return office.app.blobs.path(rows(office, query)[0][0])


def told(office: Office, *, repair: bool = False, status: int = 0) -> dict[str, Any]:
    """What `fsck --json` prints."""
    with redirect_stdout(StringIO()) as output:
        ended = fsck(office.world.folder / "config", office.now, False, repair, True, 7, (), ())
    assert ended == status, output.getvalue()
    done: dict[str, Any] = json.loads(output.getvalue())
    return done


def tree(office: Office) -> dict[str, tuple[int, int, str]]:
    """Mode, time and content of everything in the store."""
    root = office.app.blobs.root
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns if path.is_file() else 0,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in root.rglob("*")
    }


def contents(files: dict[str, tuple[int, int, str]]) -> dict[str, str]:
    """What is stored, whenever it was."""
    return {name: content for name, (_, _, content) in files.items() if content and name[:3] != "cor"}


def turned(path: Path) -> None:
    octets = path.read_bytes()
    path.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))


def stored(office: Office, octets: bytes, written_at: float = LONG_AGO) -> Path:
    """A file of the store that nothing refers to."""
    with office.app.blobs.writer() as writer:
        writer.write(octets)
        path = office.app.blobs.path(writer.commit().sha256)
    os.utime(path, (written_at, written_at))
    return path


def test_a_sound_store_is_told_as_such_and_nothing_is_changed(office: Office) -> None:
    before = tree(office)
    done = told(office)
    assert (done["left"], done["problems"], done["corrupt"]) == (0, [], 0)
    assert done["files"] == sum(name.count("/") == 1 and name[0] != "t" for name in before)
    assert done["octets"] == sum(path.stat().st_size for path in office.app.blobs.root.glob("??/*"))
    assert "0 problems, 0 left" in office.world.run("fsck", "--repair")
    assert tree(office) == before


OF_A_MAIL = "SELECT sha256 FROM mail WHERE id = {}"
OF_THE_VIDEO = "SELECT sha256 FROM material WHERE mail_id = 1 AND requirement = 'video'"
IN_THE_ARCHIVE = "SELECT sha256 FROM material WHERE mail_id = 2 AND origin LIKE '%.zip/%.jpg'"
OF_A_PREVIEW = "SELECT preview FROM material WHERE mail_id = 1 AND preview IS NOT NULL"

FAULTS: dict[str, Callable[[Office], object]] = {
    "missing mail": lambda office: blob(office, OF_A_MAIL.format(1)).unlink(),
    "spoilt mail": lambda office: turned(blob(office, OF_A_MAIL.format(2))),
    "missing material": lambda office: blob(office, OF_THE_VIDEO).unlink(),
    "spoilt material": lambda office: turned(blob(office, IN_THE_ARCHIVE)),
    "missing preview": lambda office: blob(office, OF_A_PREVIEW).unlink(),
    "size mail": lambda office: change(office, "UPDATE mail SET size = size + 1 WHERE id = 1"),
    "size material": lambda office: change(office, "UPDATE material SET size = 1 WHERE mail_id = 2 AND position = 0"),
    "temporary None": lambda office: (office.app.blobs.root / "tmp" / "left").write_bytes(b"half"),
    "permissions None": lambda office: (office.app.blobs.root / "tmp").chmod(0o755),
    "orphan None": lambda office: stored(office, b"left by a refused archive"),
}


def fault(problem: dict[str, Any]) -> str:
    return f"{problem['fault']} {problem['what']}"


AT_ONCE = [each for each in FAULTS if each != "size mail"]  # that mail is missing, too


@pytest.mark.parametrize("faults", [["size mail"], AT_ONCE], ids=["size", "all at once"])
def test_what_is_wrong_is_told_and_mended_and_nobody_is_answered_again(office: Office, faults: list[str]) -> None:
    before, decided = tree(office), rows(office, "SELECT sha256, size, facts, findings FROM material ORDER BY id")
    for each in faults:
        FAULTS[each](office)
    spoilt = tree(office)
    done = told(office, status=75)
    assert set(map(fault, done["problems"])) >= set(faults)
    assert all(each["todo"] and not each["repaired"] for each in done["problems"])
    assert tree(office) == spoilt, "looking changes nothing"

    done = told(office, repair=True)
    assert set(map(fault, done["problems"])) >= set(faults)
    assert done["left"] == 0
    assert told(office)["problems"] == []
    assert contents(tree(office)) == contents(before)
    assert rows(office, "SELECT sha256, size, facts, findings FROM material ORDER BY id") == decided
    assert office.poll() is None
    assert len(office.world.letters()) == 2


def test_another_place_of_a_mail_will_do(office: Office) -> None:
    path = blob(office, OF_A_MAIL.format(1))
    office.world.deliver(path.read_bytes())
    assert office.poll() is None
    path.unlink()
    office.world.dovecot.expunge(office.world.user, 1)
    assert told(office, repair=True)["left"] == 0
    assert path.exists()


def test_what_cannot_be_had_again_is_left_with_what_to_do(office: Office) -> None:
    path = blob(office, OF_A_MAIL.format(1))
    octets = path.read_bytes()
    turned(path)
    office.world.dovecot.expunge(office.world.user, 1)
    blob(office, OF_THE_VIDEO).unlink()
    done = told(office, repair=True, status=75)
    assert {fault(each): each["repaired"] for each in done["problems"]} == {
        "spoilt mail": False,
        "missing material": False,
    }
    assert "look for the file in a backup" in done["problems"][0]["todo"] + done["problems"][1]["todo"]
    assert "M000001" in office.world.run("held")
    assert "to do: " in office.world.run("fsck", status=75)
    path.write_bytes(octets)
    path.chmod(0o600)
    assert told(office, repair=True)["left"] == 0
    assert office.poll() is None
    assert "M000001" not in office.world.run("held")
    assert len(office.world.letters(address("370826"))) == 1


def test_a_server_that_is_away_is_said_so_and_the_rest_is_mended(office: Office) -> None:
    blob(office, OF_A_MAIL.format(1)).unlink()
    blob(office, OF_THE_VIDEO).unlink()
    turned(blob(office, IN_THE_ARCHIVE))
    config = office.world.folder / "config/intake.toml"
    sound = config.read_text(encoding="utf-8")
    config.write_text(sound.replace(f"port = {office.world.dovecot.port}", "port = 1"), encoding="utf-8")
    done = told(office, repair=True, status=75)
    left = {fault(each): each["todo"] for each in done["problems"] if not each["repaired"]}
    assert "try again" in left["missing mail"]
    assert "what it would come from is spoilt itself" in left["missing material"]
    assert len(done["problems"]) == 3
    config.write_text(sound, encoding="utf-8")
    assert told(office, repair=True)["left"] == 0


def test_what_is_spoilt_is_not_exported(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "out"
    office.world.run("export", target)
    (video,) = target.rglob("*.mp4")
    turned(blob(office, OF_THE_VIDEO))
    assert f"left out: {video}" in office.world.run("export", target, status=75)
    assert not video.exists()
    assert told(office, repair=True)["left"] == 0
    office.world.run("export", target)
    assert video.exists()


def test_what_cannot_be_looked_through_for_its_place_is_not_exported(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go out with where it was taken; the index says so, and of which."""
    target = tmp_path / "out"
    office.world.run("export", target)
    (video,) = target.rglob("*.mp4")
    monkeypatch.setattr(eraser, "_WORKER", "no.such.worker")
    with redirect_stdout(StringIO()) as output:
        assert export(office.world.folder / "config", None, False, target) == os.EX_TEMPFAIL
    said = output.getvalue()
    assert f"left out: {video}, which could not be looked through" in said
    assert "from mail M000001 in the mailbox" in said
    assert not video.exists()
    sheet = openpyxl.load_workbook(target / "index.xlsx").active
    assert sheet is not None
    told = {row[2]: row[12] for row in sheet.iter_rows(values_only=True)}
    assert (told["总结报告"], told["影像资料"]) == ("", "无法检查，未导出")
    monkeypatch.undo()
    office.world.run("export", target)
    assert video.exists()


def test_a_file_that_staff_added_can_only_be_added_again(office: Office, tmp_path: Path) -> None:
    video = tmp_path / "v.mp4"
    video.write_bytes(media.video(30))
    office.world.run("attach", "M000002", video)
    blob(office, "SELECT sha256 FROM attachment").unlink()
    (problem,) = told(office, repair=True, status=75)["problems"]
    assert (fault(problem), problem["todo"]) == ("missing attachment", "attach M000002 FILE adds the file once more")
    office.world.run("attach", "M000002", video)
    assert told(office)["left"] == 0


UNKNOWN = b"Received: from x by y; Tue, 4 Jun 2024 08:00:00 +0800\r\n" + mail(
    "370881", {"曲阜市总结报告.docx": report("曲阜市")}
)


def test_a_mail_that_no_row_tells_of_is_for_a_person_to_decide(office: Office) -> None:
    path = stored(office, UNKNOWN)
    (problem,) = told(office, repair=True, status=75)["problems"]
    assert fault(problem) == "unrecorded None"
    assert path.exists()
    assert "M000003: taken from the store, received 2024-06-04 08:00" in office.world.run("fsck", "--adopt", path.name)
    office.world.run("poll")
    assert office.world.unit("370881")["items"]["report"]["state"] == "ok"
    assert len(office.world.letters(address("370881"))) == 1
    assert told(office)["left"] == 0
    assert "is on record" in office.world.run("fsck", "--remove", path.name, status=64)

    other = stored(office, UNKNOWN + b"\r\n")
    office.world.run("fsck", "--remove", other.name)
    assert not other.exists()
    assert "there is no" in office.world.run("fsck", "--adopt", other.name, status=64)
    assert "no SHA-256" in office.world.run("fsck", "--adopt", "../../etc/passwd", status=64)


def test_what_is_young_may_be_work_under_way_and_stays(office: Office) -> None:
    path = stored(office, b"taken out of a mail a moment ago", office.now.timestamp() - 3600)
    done = told(office, repair=True)
    assert (done["young"], done["problems"]) == (1, [])
    assert path.exists()


def test_without_records_nothing_is_anybodys_and_nothing_is_touched(office: Office) -> None:
    office.app.close()
    before = tree(office)
    (office.world.folder / "config/data/intake.db").rename(office.world.folder / "elsewhere.db")
    assert "restore it first" in office.world.run("fsck", "--repair", status=75)
    assert tree(office) == before


def test_the_running_service_is_not_in_the_way(office: Office) -> None:
    blob(office, OF_A_MAIL.format(1)).unlink()
    stored(office, b"left")
    with office.app.owned():
        assert told(office, repair=True)["left"] == 0


def test_a_file_stored_anew_is_not_removed_for_an_old_one(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    for _ in range(2):
        with store.writer() as writer:
            writer.write(b"the same")
            path = store.path(writer.commit().sha256)
        os.utime(path, (LONG_AGO, LONG_AGO))
    (old,) = census.files(store)
    with store.writer() as writer:
        writer.write(b"the same")
        writer.commit()
    assert not census.remove_unused(store, old, lambda: True)
    (young,) = census.files(store)
    assert not census.remove_unused(store, young, lambda: False)
    assert census.remove_unused(store, young, lambda: True)
    assert not path.exists()


def test_long_work_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("checked", seconds=0)
    progress.tell(5, 3 << 30, 200)
    Progress("checked", seconds=60).tell(5, 3 << 30, 200)
    assert capsys.readouterr().err == "checked 5 of about 200 files, 3.0 GiB\n"
