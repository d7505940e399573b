"""What lies in archives, in mails inside mails and in reports, judged through the real reader and real children."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from intake.adapters.blobs import BlobStore
from intake.adapters.looking import NO_TIME_LEFT, Looker
from intake.adapters.reading.reader import ChildReader
from intake.adapters.scanning import Clamd, endpoint
from intake.domain.finding import Severity
from intake.domain.material import NOT_ASKED, Scan, Scanned
from intake.domain.recognise import Office
from intake.domain.verdict import Disposition, Verdict
from intake.entry import rehearsal
from intake.entry.config import load
from intake.entry.office import office_of
from intake.entry.rehearsal import rehearse
from tests.e2e.world import PROJECT, mail, report
from tests.samples import archives, containers, documents, media

NOW = datetime(2024, 6, 5, 4, 0, tzinfo=UTC)
FILES = {"微山县总结报告.docx": report("微山县"), "照片/1.jpg": media.photo(), "微山县视频.mp4": media.video(60)}

Judge = Callable[..., Verdict]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    office = office_of(load(PROJECT / "config"))

    def judge(files: dict[str, bytes], office: Office = office, octets: bytes | None = None) -> Verdict:
        path = tmp_path / "mail.eml"
        path.write_bytes(octets or mail("370826", files))
        return rehearse(office, path, NOW)[1]

    return judge


def counted(verdict: Verdict) -> dict[str | None, str]:
    return {each.requirement: each.examined.material.origin for each in verdict.assessments if each.counted}


def codes(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.all_findings}


@pytest.mark.parametrize("names", ["gbk", "utf-8", "bare-utf-8"])
def test_a_zip_with_everything_is_complete(judged: Judge, names: str) -> None:
    verdict = judged({"材料.zip": archives.zipped(FILES, names=names)})
    assert verdict.disposition is Disposition.ACCEPTED
    assert counted(verdict) == {
        "report": "材料.zip/微山县总结报告.docx",
        "photos": "材料.zip/照片/1.jpg",
        "video": "材料.zip/微山县视频.mp4",
    }
    assert codes(verdict) == {"unpacked", "unit-claimed"}


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("材料.7z", archives.seven_zipped(FILES)),
        ("材料.rar", archives.rar5(FILES)),
        ("材料.tar.gz", archives.gzipped(archives.tarred(FILES), b"x.tar")),
        (
            "winmail.dat",
            containers.tnef([containers.Attached(c, long_name=n.split("/")[-1]) for n, c in FILES.items()]),
        ),
    ],
)
def test_so_is_any_other_container(judged: Judge, name: str, octets: bytes) -> None:
    assert set(counted(judged({name: octets}))) == {"report", "photos", "video"}


def test_a_mail_in_a_file_and_a_signed_mail_are_opened(judged: Judge) -> None:
    forwarded = mail("370826", {name.split("/")[-1]: octets for name, octets in FILES.items()})
    assert set(counted(judged({"转发.eml": forwarded}))) == {"report", "photos", "video"}
    head, body = forwarded.split(b"MIME-Version", 1)
    entity = b"MIME-Version" + body
    signed = head + b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\n"
    verdict = judged({}, octets=signed + containers.signed(entity))
    assert set(counted(verdict)) == {"report", "photos", "video"}


def test_two_levels_are_opened_and_the_third_is_refused(judged: Judge) -> None:
    twice = archives.zipped({"里.zip": archives.zipped(FILES)})
    assert set(counted(judged({"外.zip": twice}))) == {"report", "photos", "video"}
    verdict = judged({"外外.zip": archives.zipped({"外.zip": twice})})
    assert not counted(verdict)
    assert verdict.disposition is Disposition.RETURNED
    assert "archive-refused" in codes(verdict)


@pytest.mark.parametrize(
    ("name", "octets", "code"),
    [
        ("锁.7z", archives.seven_zipped(FILES, password="1"), "file-locked"),
        ("炸.zip", archives.bomb_zip(400), "archive-refused"),
        ("叠.zip", archives.overlapping_zip(), "archive-refused"),
        ("多.zip", archives.crowded_zip(), "archive-refused"),
        ("逃.zip", archives.zipped({"../../etc/passwd": b"x"}), "archive-refused"),
        ("六四.zip", archives.zip_with_method(9), "archive-refused"),
        ("半.zip", archives.zipped(FILES)[:5000], "file-damaged"),
    ],
)
def test_what_cannot_be_opened_is_sent_back_with_the_reason(judged: Judge, name: str, octets: bytes, code: str) -> None:
    verdict = judged({name: octets})
    assert verdict.disposition is Disposition.RETURNED
    assert code in codes(verdict)


def with_photos(count: int) -> bytes:
    parts: dict[str, Any] = dict(documents.docx_parts("微山县2024年科技活动周总结报告", ["开展活动。"]))
    parts |= {f"word/media/image{n}.jpeg": media.photo(seed=n) for n in range(count)}
    return documents.zipped(parts)


def test_photos_pasted_into_the_report_count_unless_the_notice_asks_for_files(judged: Judge) -> None:
    files = {"微山县总结报告.docx": with_photos(3), "微山县视频.mp4": media.video(60)}
    verdict = judged(files)
    assert "photos-in-report" in codes(verdict)
    assert "photos-missing" not in codes(verdict)
    office = office_of(load(PROJECT / "config"))
    (notice,) = office.notices
    asking = Office(office.roster, (type(notice)(**{**_fields(notice), "photos_in_report": "ask"}),))
    verdict = judged(files, asking)
    assert codes(verdict) >= {"photos-only-in-report", "photos-missing"}
    verdict = judged({**files, "1.jpg": media.photo(seed=9)})
    assert not codes(verdict) & {"photos-in-report", "photos-only-in-report"}, "files go before what is pasted"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_what_there_is_no_time_for_is_held_and_nobody_is_told_a_fault(
    judged: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "Looker", lambda: Looker(seconds=-1))
    verdict = judged({"微山县总结报告.docx": report("微山县"), "材料.zip": archives.zipped(FILES)})

    assert verdict.disposition is Disposition.HELD
    assert {each.code for each in verdict.all_findings if each.severity in (Severity.HOLD, Severity.FAULT)} == {
        "not-inspected"
    }
    assert {each.examined.facts.note for each in verdict.assessments} == {NO_TIME_LEFT}


def test_what_there_is_no_time_for_was_not_scanned_either(tmp_path: Path) -> None:
    """So it is shown to the scanner again, and nobody lets it count without knowing."""
    nobody = Clamd(endpoint("tcp:127.0.0.1:1"))
    blobs = BlobStore(tmp_path / "blobs")
    path = tmp_path / "mail.eml"
    path.write_bytes(mail("370826", {"a.txt": b"a"}))
    _message, materials = ChildReader()(path, blobs)

    assert [each.scan for each in Looker(seconds=-1, scanner=nobody)(materials, blobs)] == [
        Scan(Scanned.UNSCANNED, NO_TIME_LEFT)
    ]
    assert [each.scan for each in Looker(seconds=-1)(materials, blobs)] == [NOT_ASKED]


def test_that_somebody_is_at_it_is_said_between_two_materials(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    path = tmp_path / "mail.eml"
    path.write_bytes(mail("370826", {"材料.zip": archives.zipped(FILES), "a.txt": b"a"}))
    _message, materials = ChildReader()(path, blobs)
    said: list[None] = []

    assert len(Looker()(materials, blobs, lambda: said.append(None))) == len(said) == 5


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_has_no_name_in_its_container_is_called_like_it(judged: Judge, pack: Callable[[bytes], bytes]) -> None:
    """Else a script would be a text that is only kept aside."""
    ending = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]
    verdict = judged({f"打开.js.{ending}": pack(b"var a = 1;\n" * 9)})
    (inner,) = (each for each in verdict.assessments if each.examined.material.filename == "打开.js")
    assert [finding.code for finding in inner.findings] == ["format-not-accepted"]
