"""Archives as offices pack them, and as they are packed against us."""

from __future__ import annotations

import bz2
import lzma
import stat
import zipfile
from pathlib import Path

import pytest

from intake.adapters.blobs import BlobStore
from intake.adapters.unpacking import UNPACKABLE, Budget, ChildUnpacker, State, Unpacked
from tests.samples import archives
from tests.samples.archives import FILES


class Opened:
    """What came out of one container, by path, beside how it ended."""

    def __init__(self, unpacked: Unpacked, blobs: BlobStore) -> None:
        self.state, self.note = unpacked.condition, unpacked.note
        self.files = {inner.path: blobs.path(inner.blob.sha256).read_bytes() for inner in unpacked.inner}


def opened(folder: Path, octets: bytes, name: str, budget: Budget | None = None) -> Opened:
    blobs = BlobStore(folder / "blobs")
    path = folder / "container"
    path.write_bytes(octets)
    return Opened(ChildUnpacker()(path, name, blobs, budget or Budget()), blobs)


def ending(folder: Path, octets: bytes, name: str = "zip") -> tuple[str, str]:
    """State and code of the note; nothing may come out of what is not sound."""
    found = opened(folder, octets, name)
    assert found.state is State.SOUND or not found.files
    return found.state, found.note.partition(":")[0]


@pytest.mark.parametrize("names", ["utf-8", "gbk", "bare-utf-8", "unicode-path"])
def test_zip_names_are_read_however_they_are_written(tmp_path: Path, names: str) -> None:
    found = opened(tmp_path, archives.zipped(names=names), "zip")
    assert (found.state, found.note, found.files) == ("sound", "", FILES)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_zip_methods(tmp_path: Path, method: int) -> None:
    assert opened(tmp_path, archives.zipped(method=method), "zip").files == FILES


def test_a_zip_whose_names_differ_in_header_and_directory_opens(tmp_path: Path) -> None:
    assert opened(tmp_path, archives.zip_of_two_minds(), "zip").files == {"报告一二三.txt": b"report"}


def test_folders_and_what_systems_add_are_no_files(tmp_path: Path) -> None:
    files = {"__MACOSX/._a.jpg": b"1", "照片/": b"", "照片/.DS_Store": b"2", "Thumbs.db": b"3", "a\\desktop.ini": b"4"}
    found = opened(tmp_path, archives.zipped({**files, "照片/a.jpg": b"5"}), "zip")
    assert (found.note, found.files) == ("", {"照片/a.jpg": b"5"})
    assert ending(tmp_path, archives.zipped(files)) == ("sound", "empty")


def test_names_are_cleaned(tmp_path: Path) -> None:
    files = {"a/./b/../c.txt": b"1", "e\u202egpj.exe": b"2", "x\\y .txt ": b"3", "e\u0301.txt": b"4", "长" * 300: b"5"}
    found = opened(tmp_path, archives.zipped(files), "zip")
    assert list(found.files) == ["a/c.txt", "egpj.exe", "x/y .txt", "é.txt", "长" * 255]


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a\\..\\..\\x", "C:\\x", "c:x", "\\\\server\\x", ".\u200b./x"]
)
@pytest.mark.parametrize("name", ["zip", "tar"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str, path: str) -> None:
    make = archives.zipped if name == "zip" else archives.tarred
    assert ending(tmp_path, make({"ok.txt": b"ok", path: b"x"}), name) == ("refused", "path-escape")


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    link = archives.zipped({"照片.jpg": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    assert ending(tmp_path, link) == ("refused", "link")
    assert ending(tmp_path, archives.tarred(link="/etc/passwd"), "tar") == ("refused", "link")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (archives.bomb_zip(11), ("refused", "ratio")),
        (archives.overlapping_zip(), ("refused", "overlap")),
        (archives.zip_that_lies(100 << 10, 10), ("refused", "size-lie")),
        (archives.zip_that_lies(10, 1000), ("refused", "size-lie")),
        (archives.crowded_zip(), ("refused", "too-many-files")),
        (archives.zip_with_flag(0x01), ("locked", "")),
        (archives.zip_with_flag(0x2000), ("locked", "")),
        (archives.zip_with_method(99), ("locked", "")),
        (archives.zip_with_method(9), ("unmeasured", "deflate64")),
        (archives.zip_with_method(93), ("unmeasured", "method")),
        (archives.zip_with_flag(0x20), ("unmeasured", "method")),
        (archives.last_volume(), ("unmeasured", "volumes")),
        (archives.zipped()[:-30], ("damaged", "unreadable")),
        (archives.zipped(method=zipfile.ZIP_STORED).replace(b" photo ", b" motto "), ("damaged", "unreadable")),
        (archives.patched(archives.zipped(), 14, 16, b"\0\0\0\0"), ("damaged", "unreadable")),
        (b"", ("damaged", "unreadable")),
    ],
    ids=[
        "bomb", "overlap", "small-lie", "big-lie", "crowd", "zipcrypto", "hidden", "aes", "deflate64", "zstd", "patch",
        "volume", "cut", "changed", "checksum", "empty",
    ],
)  # fmt: skip
def test_zips_that_stay_closed(tmp_path: Path, octets: bytes, expected: tuple[str, str]) -> None:
    assert ending(tmp_path, octets) == expected


def test_ten_megabytes_of_anything_may_come_out(tmp_path: Path) -> None:
    assert ending(tmp_path, archives.bomb_zip(10)) == ("sound", "")


def test_a_bomb_that_declares_nothing_is_stopped_on_the_way(tmp_path: Path) -> None:
    budget = Budget()
    found = opened(tmp_path, archives.xz_bomb(64), "xz", budget)
    assert (found.state, found.note) == ("refused", "ratio")
    assert budget.octets >= (1 << 30) - (11 << 20)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_containers_of_one_mail_share_a_budget(tmp_path: Path) -> None:
    budget = Budget(octets=25_000, files=7)
    assert opened(tmp_path, archives.zipped(), "zip", budget).state == "sound"
    total = sum(map(len, FILES.values()))
    assert (budget.octets, budget.files) == (25_000 - total, 4)
    budget.octets = total - 1
    assert opened(tmp_path, archives.zipped(), "zip", budget).note == "too-large"
    budget.octets, budget.files = total, 2
    assert opened(tmp_path, archives.tarred(), "tar", budget).note == "too-many-files"


def test_what_a_refused_zip_declares_is_not_taken_off_the_budget(tmp_path: Path) -> None:
    budget = Budget()
    assert opened(tmp_path, archives.bomb_zip(20), "zip", budget).state == "refused"
    assert budget == Budget()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_tar(tmp_path: Path, encoding: str) -> None:
    assert opened(tmp_path, archives.tarred(encoding=encoding), "tar").files == FILES


@pytest.mark.parametrize("cut", [100, 700, 1024, 3000, 5120])
def test_a_tar_that_is_cut_off_is_damaged(tmp_path: Path, cut: int) -> None:
    assert ending(tmp_path, archives.tarred()[:cut], "tar") == ("damaged", "unreadable")


def test_a_tar_with_a_broken_header_is_not_half_a_tar(tmp_path: Path) -> None:
    octets = bytearray(archives.tarred({"a": b"x", "b": b"y"}))
    octets[1024 + 148] ^= 1
    assert ending(tmp_path, bytes(octets), "tar") == ("damaged", "unreadable")


@pytest.mark.parametrize(
    ("name", "octets", "path"),
    [
        ("gz", archives.gzipped(b"report" * 99, "C:\\总结.txt".encode("gb18030")), "总结.txt"),
        ("gz", archives.gzipped(b"report" * 99), "content"),
        ("bz2", bz2.compress(b"report" * 99), "content"),
        ("xz", lzma.compress(b"report" * 99), "content"),
    ],
)
def test_single_files(tmp_path: Path, name: str, octets: bytes, path: str) -> None:
    assert opened(tmp_path, octets, name).files == {path: b"report" * 99}
    assert ending(tmp_path, octets[:-9], name) == ("damaged", "unreadable")


def test_rar(tmp_path: Path) -> None:
    pytest.importorskip("unrar.cffi")
    assert opened(tmp_path, archives.rar5(), "rar").files == FILES
    old = archives.rar4({"总结/报告.txt": b"report" * 99})
    assert opened(tmp_path, old, "rar").files == {"总结/报告.txt": b"report" * 99}


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (archives.rar5(encrypted=True), ("locked", "")),
        (archives.rar4({}, main=0x80), ("locked", "")),
        (archives.rar5(volume=True), ("unmeasured", "volumes")),
        (archives.rar4({"a": b"b"}, main=0x01), ("unmeasured", "volumes")),
        (archives.rar5()[:-8], ("damaged", "unreadable")),
        (archives.rar5()[:2000], ("damaged", "unreadable")),
        (archives.rar5().replace(b"photo", b"motto"), ("damaged", "unreadable")),
        (archives.rar5({"../x": b"x"}), ("refused", "path-escape")),
        (archives.rar5(link="/etc/passwd"), ("refused", "link")),
        (archives.rar5({str(number): b"" for number in range(2001)}), ("refused", "too-many-files")),
        (archives.rar5({}), ("sound", "empty")),
    ],
    ids=["locked", "locked4", "volume", "volume4", "no-end", "cut", "changed", "escape", "link", "crowd", "nothing"],
)
def test_rars_that_stay_closed(tmp_path: Path, octets: bytes, expected: tuple[str, str]) -> None:
    pytest.importorskip("unrar.cffi")
    assert ending(tmp_path, octets, "rar") == expected


def test_seven_zip(tmp_path: Path) -> None:
    pytest.importorskip("py7zr")
    assert opened(tmp_path, archives.seven_zipped({**FILES, "照片/Thumbs.db": b"x"}), "7z").files == FILES


def test_seven_zips_that_stay_closed(tmp_path: Path) -> None:
    pytest.importorskip("py7zr")
    healthy = archives.seven_zipped()
    assert ending(tmp_path, archives.seven_zipped(password="123456"), "7z") == ("locked", "")
    assert ending(tmp_path, archives.seven_zipped(password="123456", hidden=True), "7z") == ("locked", "")
    assert ending(tmp_path, healthy[:-10], "7z") == ("damaged", "unreadable")
    assert ending(tmp_path, healthy[:40] + b"xx" + healthy[42:], "7z") == ("damaged", "unreadable")
    assert ending(tmp_path, archives.seven_zipped({"zeros": bytes(20 << 20)}), "7z") == ("refused", "ratio")


@pytest.mark.parametrize(("name", "library"), [("7z", "py7zr"), ("rar", "unrar2-cffi")])
@pytest.mark.usefixtures("nurseries")
def test_a_library_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    """The child finds modules where its parent does: a folder in front hides the real ones."""
    installed = tmp_path / "site-packages"
    installed.mkdir()
    for module in ("py7zr", "unrar"):
        (installed / f"{module}.py").write_text("raise ImportError\n")
    monkeypatch.syspath_prepend(str(installed))
    found = opened(tmp_path, archives.rar5(), name)
    assert (found.state, found.note) == ("unmeasured", f"no-reader: {library}")


def test_the_names_of_formats_are_those_of_inspection() -> None:
    from intake.adapters.inspection.formats import FORMATS

    assert UNPACKABLE - {"tar"} <= set(FORMATS)
