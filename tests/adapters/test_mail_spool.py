"""Reading a mail by offsets: nothing is missed where one window ends, and memory stays small."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from intake.adapters.mail.blocks import MAX_BLOCK, read_block, top_block
from intake.adapters.mail.delimiters import next_delimiter
from intake.adapters.mail.spool import FIRST_STEP, STEP, Spool

EDGES = [FIRST_STEP, 5 * FIRST_STEP, 21 * FIRST_STEP, 21 * FIRST_STEP + STEP]
"""Offsets at which windows end when a search begins at the beginning."""


def spool(folder: Path, octets: bytes) -> Spool:
    raw = folder / "spool"
    raw.write_bytes(octets)
    return Spool(raw)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("distance", [-12, -9, -8, -7, -3, -2, -1, 0, 1, 2])
def test_a_delimiter_is_found_across_the_edge_of_a_window(tmp_path: Path, edge: int, distance: int) -> None:
    line = b"--BOUND \r\n"
    before = b"x" * (edge + distance - 2) + b"\r\n"
    with spool(tmp_path, before + line + b"rest") as opened:
        found = next_delimiter(opened, 0, [b"BOUN", b"BOUND"])
    assert found is not None
    assert (found.cut, found.after, found.index) == (len(before) - 2, len(before) + len(line), 1)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("distance", [-3, -2, -1, 0, 1, 2])
def test_what_only_looks_like_one_at_the_edge_is_none(tmp_path: Path, edge: int, distance: int) -> None:
    with spool(tmp_path, b"x" * (edge + distance) + b"--BOUND\r\n") as opened:
        assert next_delimiter(opened, 0, [b"BOUND"]) is None


@pytest.mark.parametrize("reach", range(590, 610))
def test_a_line_that_a_window_cuts_is_looked_at_again(tmp_path: Path, reach: int) -> None:
    before = b"x" * (FIRST_STEP + reach - 9) + b"\r\n"
    with spool(tmp_path, before + b"--BOUNDLESS\r\n--BOUND\r\n") as opened:
        found = next_delimiter(opened, 0, [b"BOUND"])
    assert found is not None
    assert found.cut == len(before) + len(b"--BOUNDLESS")


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize(
    "length", [4_095, 4_096, 4_097, MAX_BLOCK - 3, MAX_BLOCK - 2, MAX_BLOCK - 1, MAX_BLOCK, MAX_BLOCK + 9]
)
def test_a_header_block_may_end_anywhere(tmp_path: Path, length: int, line_end: bytes) -> None:
    fixed = b"Content-Type: a/b" + line_end + b"X: "
    block = fixed + b"x" * (length - len(fixed))
    with spool(tmp_path, block + line_end * 2 + b"body") as opened:
        found = read_block(opened, 0)
        assert opened.read(found.body, opened.size) == b"body"
    assert found.head.values("content-type") == [b" a/b"]


def test_fields_behind_a_long_header_count_wherever_they_stand(tmp_path: Path) -> None:
    for filler in range(MAX_BLOCK + FIRST_STEP - 40, MAX_BLOCK + FIRST_STEP + 10, 3):
        octets = b"X: " + b"x" * filler + b"\r\nContent-Type: multipart/mixed;\r\n boundary=B\r\nY: z\r\n\r\nbody"
        with spool(tmp_path, octets) as opened:
            found = top_block(opened)
            assert found.head.first("content-type").split() == [b"multipart/mixed;", b"boundary=B"]
            assert opened.read(found.body, opened.size) == b"body"


def test_ranges_beyond_the_end_are_cut(tmp_path: Path) -> None:
    with spool(tmp_path, b"abc") as opened:
        assert (opened.read(1, 99), opened.read(5, 9), opened.read(2, 1)) == (b"bc", b"", b"")
        assert list(opened.chunks(1, 99)) == [b"bc"]
        assert list(opened.windows(3, 9)) == []


SCRIPT = """
    import resource, sys
    from pathlib import Path
    from intake.adapters.blobs import BlobStore
    from intake.adapters.mail.reader import read_mail

    def peak():
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10

    before = peak()
    message, materials = read_mail(Path(sys.argv[1]), BlobStore(Path(sys.argv[2])))
    print(peak() - before, max(each.size for each in materials))
"""


@pytest.mark.parametrize("encoding", ["base64", "binary", "forwarded base64"])
def test_a_mail_of_140_mb_is_read_in_60_mb(tmp_path: Path, encoding: str) -> None:
    raw = tmp_path / "big.eml"
    size = _write_big(raw, encoding, 100 << 20 if encoding == "base64" else 30 << 20)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(raw), str(tmp_path / "blobs")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    megabytes, largest = map(int, done.stdout.split())
    assert largest == size
    assert megabytes < 60


def _write_big(raw: Path, encoding: str, size: int) -> int:
    content = os.urandom(57 * 1_000)
    piece = base64.encodebytes(content) if "base64" in encoding else content
    times = size // len(content)
    kind = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    with raw.open("wb") as sink:
        sink.write(b"From: a@b.cn\r\nMIME-Version: 1.0\r\n")
        if encoding == "forwarded base64":
            inner = b"From: c@d.cn\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            sink.write(kind + base64.encodebytes(inner.ljust(57 * 3)))
            piece = base64.encodebytes(piece.rjust(-(-len(piece) // 57) * 57))
        else:
            sink.write(b"Content-Type: video/mp4\r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n")
        for _time in range(times):
            sink.write(piece)
    return times * len(content)
