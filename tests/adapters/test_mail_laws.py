"""Laws of reading, over our own mails, mutations of them, and real mail where a corpus lies beside the project.

1. Reading returns, whatever the octets. 2. Reading twice is equal. 3. The ranges of the leaves are in order, do
not overlap, lie inside the file, and no run of encoded file content lies between them. 4. What the standard
library decodes without a defect, we have with the same octets.

INTAKE_MAIL_EXAMPLES sets the number of mutations per law.
"""

from __future__ import annotations

import email
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.adapters.blobs import BlobStore
from intake.adapters.mail.blocks import top_block
from intake.adapters.mail.reader import read_mail
from intake.adapters.mail.splitter import split
from intake.adapters.mail.spool import Spool
from tests.samples import mails

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "mail"
REAL = sorted(CORPUS.glob("*.eml")) if CORPUS.is_dir() else []
OWN = [sample for sample in [*mails.well_formed(), *mails.awkward()] if len(sample.octets) < 50_000]
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None

often = settings(
    max_examples=int(os.environ.get("INTAKE_MAIL_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One of our mails after up to four accidents."""
    octets = draw(st.sampled_from([sample.octets for sample in OWN]))
    for accident in draw(st.lists(st.sampled_from(ACCIDENTS), max_size=4)):
        octets = accident(draw, octets)
    return octets


def _flip(draw: st.DrawFn, octets: bytes) -> bytes:
    at = draw(st.integers(0, max(0, len(octets) - 1)))
    return octets[:at] + draw(st.binary(min_size=1, max_size=1)) + octets[at + 1 :]


def _truncate(draw: st.DrawFn, octets: bytes) -> bytes:
    return octets[: draw(st.integers(0, len(octets)))]


def _fold(draw: st.DrawFn, octets: bytes) -> bytes:
    at = draw(st.integers(0, min(len(octets), 600)))
    return octets[:at] + draw(st.sampled_from([b"\r\n ", b"\r\n\t", b"\n ", b"\r ", b" \r\n"])) + octets[at:]


def _damage_delimiter(draw: st.DrawFn, octets: bytes) -> bytes:
    hits = [match.start() for match in re.finditer(rb"\n--", octets)]
    if not hits:
        return octets
    at = draw(st.sampled_from(hits)) + draw(st.integers(0, 5))
    return octets[:at] + draw(st.sampled_from([b"", b"-", b"\r", b"\n", b"--", b"x"])) + octets[at + 1 :]


def _change_line_ends(draw: st.DrawFn, octets: bytes) -> bytes:
    start = draw(st.integers(0, len(octets)))
    end = draw(st.integers(start, len(octets)))
    new = draw(st.sampled_from([b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n"]))
    return octets[:start] + octets[start:end].replace(b"\r\n", new) + octets[end:]


def _repeat(draw: st.DrawFn, octets: bytes) -> bytes:
    start = draw(st.integers(0, len(octets)))
    return octets[:start] + octets[draw(st.integers(0, start)) :]


def _insert(draw: st.DrawFn, octets: bytes) -> bytes:
    at = draw(st.integers(0, len(octets)))
    piece = draw(
        st.sampled_from(
            [b"\0", b"=?", b"--B--\r\n", b"--B\r\n", b"\r\n\r\n", b"Content-Type: message/rfc822\r\n", b"begin 644 x\n"]
        )
    )
    return octets[:at] + piece + octets[at:]


ACCIDENTS = [_flip, _truncate, _fold, _damage_delimiter, _change_line_ends, _repeat, _insert]


@pytest.fixture(scope="module")
def blobs() -> Iterator[BlobStore]:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield BlobStore(Path(folder) / "blobs")


def spooled(octets: bytes, folder: Path) -> Path:
    raw = folder / "mutated.eml"
    raw.write_bytes(octets)
    return raw


@often
@given(octets=mutated())
def test_reading_returns_and_twice_is_equal(tmp_path: Path, blobs: BlobStore, octets: bytes) -> None:
    raw = spooled(octets, tmp_path)
    assert read_mail(raw, blobs) == read_mail(raw, blobs)


@often
@given(
    octets=st.one_of(
        st.binary(max_size=400), st.text("\r\n\t :;=?-\"'<>()@BCFabcm/0\\\0", max_size=400).map(str.encode)
    )
)
def test_any_octets_are_read(tmp_path: Path, blobs: BlobStore, octets: bytes) -> None:
    raw = spooled(octets, tmp_path)
    assert read_mail(raw, blobs) == read_mail(raw, blobs)


@often
@given(octets=mutated())
def test_the_leaves_cover_the_file(tmp_path: Path, octets: bytes) -> None:
    _assert_covered(spooled(octets, tmp_path))


@often
@given(octets=mutated())
def test_what_the_standard_library_finds_we_find(tmp_path: Path, blobs: BlobStore, octets: bytes) -> None:
    assert _missing(spooled(octets, tmp_path), blobs) == []


@pytest.mark.skipif(not REAL, reason="no corpus of real mail beside the project")
def test_the_laws_hold_for_real_mail(blobs: BlobStore) -> None:
    missing = {}
    for raw in REAL:
        assert read_mail(raw, blobs) == read_mail(raw, blobs)
        _assert_covered(raw)
        if found := _missing(raw, blobs):
            missing[raw.stem] = found
    assert {name for name in missing if name not in LIBRARY_IS_WRONG} == set(), missing


def _assert_covered(raw: Path) -> None:
    octets = raw.read_bytes()
    with Spool(raw) as spool:
        found = split(spool, top_block(spool))
    at = found.top.body if found.leaves else len(octets)
    gaps = []
    for leaf in found.leaves:
        assert at <= leaf.start <= leaf.end <= len(octets)
        gaps.append(octets[at : leaf.start])
        at = leaf.end
    gaps.append(octets[at:])
    if "too many parts" not in found.defects:
        assert [gap for gap in gaps if ENCODED_RUN.search(gap)] == []


TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
ENCODED_RUN = re.compile(rb"(?:^[A-Za-z0-9+/]{76}\r?\n){3}", re.MULTILINE)


def _missing(raw: Path, blobs: BlobStore) -> list[tuple[str, int]]:
    """Type and size of what the library decodes without a defect, and we neither made a material of nor opened."""
    _message, materials = read_mail(raw, blobs)
    known = {material.sha256 for material in materials}
    missing = []
    for part in _sound_leaves(email.message_from_bytes(raw.read_bytes())):
        octets = part.get_payload(decode=True)
        if not isinstance(octets, bytes) or not octets or part.defects or not _is_understood(part):
            continue
        sha256 = hashlib.sha256(octets).hexdigest()
        if sha256 not in known and not blobs.path(sha256).exists():
            missing.append((part.get_content_type(), len(octets)))
    return missing


def _sound_leaves(part: Message) -> Iterator[Message]:
    """Leaves that are no text, below nothing that has a defect."""
    if part.defects or part.get_content_type() in ("message/partial", "message/external-body"):
        return
    if part.is_multipart():
        for inner in part.get_payload():
            assert isinstance(inner, Message)
            yield from _sound_leaves(inner)
    elif TYPE.fullmatch(part.get_content_type()) and part.get_content_maintype() != "text":
        yield part


def _is_understood(part: Message) -> bool:
    """Whether the library undoes the encoding; of "base64;" and of lines that are padded each it does not say so."""
    encoding = str(part.get("content-transfer-encoding", "7bit")).lower()
    body = str(part.get_payload()).rstrip("= \r\n")
    return encoding in ("7bit", "8bit", "binary", "quoted-printable") or (encoding == "base64" and "=" not in body)


_CONVERTED = "uuencoded lines spoilt by a charset conversion: it gives the text undecoded"
LIBRARY_IS_WRONG = {"6e8a704bebc1": _CONVERTED, "e1e2e8fce250": _CONVERTED}
"""Real mails, by the hash they are named after, of which the standard library says nothing is wrong, and why it is."""
