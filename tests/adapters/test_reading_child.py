"""The child that reads mails: it says what reading in one process says, and whatever becomes of it, no mail is lost."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import msgspec
import pytest

from intake.adapters.blobs import BlobStore
from intake.adapters.mail.bounds import MAX_MATERIALS, MAX_OPENED
from intake.adapters.mail.reader import read_mail
from intake.adapters.reading import reader
from intake.adapters.reading.grammar import Head, Keep, Lend, Whole, told
from intake.adapters.reading.reader import ChildReader
from intake.adapters.sandbox.child import Child, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.domain.mail import CUT_SHORT, Address, Message
from intake.domain.material import Material
from intake.ports import BlobWriter, Deferred, Killed
from tests.samples import mails

MAILS = sorted((Path(__file__).parents[1] / "mail").glob("*.eml"))
SAMPLES = {sample.name: sample.octets for sample in (*mails.well_formed(), *mails.awkward())}

Worker = Callable[..., str]
Read = tuple[Message, tuple[Material, ...]]


def both(folder: Path, raw: Path) -> tuple[Read, Read]:
    blobs = BlobStore(folder / "blobs")
    return ChildReader()(raw, blobs), read_mail(raw, BlobStore(folder / "others"))


def spooled(folder: Path, octets: bytes) -> Path:
    raw = folder / "raw"
    raw.write_bytes(octets)
    return raw


@pytest.mark.parametrize("raw", MAILS[::4], ids=lambda raw: raw.stem)
def test_a_child_reads_as_we_do(tmp_path: Path, raw: Path) -> None:
    found, expected = both(tmp_path, raw)
    assert found == expected
    stored = {path.name for path in (tmp_path / "blobs").glob("??/*")}
    assert {each.sha256 for each in found[1]} <= stored


@pytest.mark.parametrize("octets", SAMPLES.values(), ids=SAMPLES)
def test_a_child_reads_what_is_awkward_as_we_do(tmp_path: Path, octets: bytes) -> None:
    found, expected = both(tmp_path, spooled(tmp_path, octets))
    assert found == expected


@pytest.mark.parametrize(
    "octets", [b"", b"\0", b"Subject: x", b"\r\n" * 1000, "Subject: 照\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_child_reads_what_is_hardly_a_mail(tmp_path: Path, octets: bytes) -> None:
    found, expected = both(tmp_path, spooled(tmp_path, octets))
    assert found == expected


def test_mails_inside_a_mail_come_back_to_the_child_to_be_read(tmp_path: Path) -> None:
    """As many as are opened at all, each decoded and kept by the parent."""
    inner = mails.mail(mails.part(mails.PHOTO, b"Content-Type: image/jpeg"))
    each = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(inner)
    found, expected = both(tmp_path, spooled(tmp_path, mails.mail(mails.multipart([each] * (MAX_OPENED + 1)))))
    assert found == expected
    assert len(found[1]) == MAX_OPENED + 1
    assert found[0].defects == ("too many mails inside",)


def test_a_text_of_a_million_files_is_not_read_to_its_end(tmp_path: Path) -> None:
    text = b"\r\n".join(mails.uuencoded(b"x", b"a.jpg") for _ in range(MAX_MATERIALS + 10))
    message, materials = ChildReader()(spooled(tmp_path, mails.mail(b"\r\n" + text)), BlobStore(tmp_path / "blobs"))
    assert len(materials) == MAX_MATERIALS
    assert message.unread


# What may become of a child. A stand-in says what a child would say that was broken into, or breaks.

HEAD = Message(subject="总结", sender=Address("", "kjj@weishan.gov.cn"), headers={"from": ("<kjj@weishan.gov.cn>",)})


def line(said: Head | Keep | Lend | Whole) -> bytes:
    return msgspec.json.encode(said) + b"\n"


def piece(octets: bytes, length: int | None = None) -> bytes:
    return (len(octets) if length is None else length).to_bytes(4, "big") + octets


KEPT = line(Keep()) + piece(b"octets") + piece(b"")
WHOLE = line(Whole(told(HEAD), []))


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> Callable[..., Read]:
    """What is made of a child that says this behind the head, and then does something else."""

    def read(answer: bytes, then: str = "", raw: Path | None = None, limits: Limits | None = None) -> Read:
        (tmp_path / "answer").write_bytes(line(Head(told(HEAD))) + answer)
        body = f"errand.answer.write(ANSWER)\nerrand.answer.flush()\n{then}"
        before = f"ANSWER, BORROWS = open({str(tmp_path / 'answer')!r}, 'rb').read(), True"
        monkeypatch.setattr(reader, "_WORKER", worker(body, f"from intake.ports import Deferred\n{before}"))
        reading = ChildReader(lambda _size: limits) if limits else ChildReader()
        return reading(raw or spooled(tmp_path, b"mail"), BlobStore(tmp_path / "blobs"))

    return read


def test_a_whole_answer_is_believed(said: Callable[..., Read]) -> None:
    assert said(KEPT + WHOLE) == (HEAD, ())


CUT = Message(**{**{f: getattr(HEAD, f) for f in HEAD.__dataclass_fields__}, "defects": (CUT_SHORT,)})


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        KEPT,
        b"x" * (33 << 20),
        b"\xff\n",
        b'{"type": "whole"}\n',
        b'{"type": "keep", "more": 1}\n',
        line(Keep()) + piece(b"x", 1 << 30),
        line(Keep()) + piece(bytes(1 << 20)) * 5,
        line(Keep()) + piece(b"x"),
        KEPT * (reader._MOST_BODIES + 1) + WHOLE,
        line(Lend(0)),
        WHOLE.replace(b'"parts":[]', b'"parts":[{"origin":"a","filename":"a","body":0,"declared_type":"a/b",'
                                   b'"disposition":null,"content_id":null}]'),
        WHOLE.replace(b'"relayed_at":null', b'"relayed_at":"2024-06-04T09:30:00"'),
        WHOLE.replace(b'"subject":"', b'"subject":"' + b"x" * (600 << 10)),
    ],
    ids=[
        "silence", "no-last-word", "endless-line", "no-text", "no-message", "more", "huge-piece", "more-than-the-mail",
        "stops", "crowd", "lend-what-is-not", "part-of-nothing", "naive", "long-subject",
    ],
)  # fmt: skip
def test_a_child_that_lies_or_stops_leaves_its_head(said: Callable[..., Read], answer: bytes) -> None:
    assert said(answer) == (CUT, ())
    assert CUT.unread


@pytest.mark.parametrize(
    "then",
    [
        "raise ValueError",
        "os.abort()",
        "bytes(2 << 30)",
        "raise RecursionError",
        "os._exit(0)",
        "raise Deferred('disk')",
    ],
)
def test_a_child_that_breaks_leaves_its_head(said: Callable[..., Read], then: str) -> None:
    """Also one that says that the disk failed, when the parent finds that it has not."""
    assert said(KEPT, then) == (CUT, ())


def test_from_a_child_that_was_killed_nothing_follows(
    said: Callable[..., Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither from its head nor from its silence: the mail is read again when there is memory."""

    @contextmanager
    def doomed(*arguments: Any) -> Iterator[Child]:
        with started(*arguments) as child:
            Timer(0.5, os.kill, (child.process, signal.SIGKILL)).start()
            yield child

    monkeypatch.setattr(reader, "started", doomed)
    with pytest.raises(Killed, match="for want of memory"):
        said(KEPT, "time.sleep(20)")


@pytest.mark.parametrize(
    ("then", "limits"),
    [("time.sleep(60)", Limits(512 * MIB, 20, 1)), ("while True: pass", Limits(512 * MIB, 1, 30))],
    ids=["wall", "processor"],
)
def test_time_is_bounded(said: Callable[..., Read], then: str, limits: Limits) -> None:
    assert said(KEPT, then, limits=limits) == (CUT, ())


def test_a_disk_that_fails_is_the_worlds_failure(said: Callable[..., Read]) -> None:
    with pytest.raises(Deferred, match="Input/output error"):
        said(b"", "raise Deferred('disk')", raw=Path("/proc/self/mem"))


def test_a_broken_installation_is_no_mails_fault(said: Callable[..., Read]) -> None:
    with pytest.raises(Deferred, match="exit 69 no such library"):
        said(b"", "raise ImportError('no such library')")


def test_a_mail_that_is_not_there_is_the_worlds_failure(tmp_path: Path) -> None:
    with pytest.raises(Deferred, match="No such file"):
        ChildReader()(tmp_path / "gone", BlobStore(tmp_path / "blobs"))


@pytest.mark.usefixtures("nurseries")
def test_a_child_that_cannot_start_is_the_worlds_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    with pytest.raises(Deferred, match="no-python"):
        ChildReader()(MAILS[0], BlobStore(tmp_path / "blobs"))


class FullDisk:
    """A store that takes nothing."""

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        raise Deferred("disk full")
        yield  # type: ignore[unreachable]

    def path(self, sha256: str) -> Path:
        raise NotImplementedError

    def free_bytes(self) -> int:
        return 0


def test_a_full_disk_is_the_worlds_failure() -> None:
    with pytest.raises(Deferred, match="disk full"):
        ChildReader()(MAILS[0], FullDisk())
