"""A child that is wanted before its zygote has loaded everything loads the rest itself, locked in as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from intake.adapters.blobs import BlobStore
from intake.adapters.inspection import ChildInspector, inspector
from intake.adapters.unpacking import Budget, ChildUnpacker, unpacker
from tests.samples import archives, containers, documents, media

FILES = {
    "总结.docx": lambda: documents.docx_with_pictures("总结", [media.photo()]),
    "总结.doc": lambda: documents.doc(["总结"]),
    "总结.pdf": lambda: documents.pdf(["总结"]),
    "总结.rtf": lambda: documents.rtf(["总结"]),
    "照片.jpg": lambda: media.photo(640, 480),
    "照片.png": lambda: media.image("PNG"),
    "照片.webp": lambda: media.image("WEBP"),
    "照片.tiff": lambda: media.image("TIFF"),
    "照片.heic": media.heic,
    "视频.mp4": lambda: media.video(10),
}
CONTAINERS = [
    *archives.healthy(),
    ("tnef", containers.tnef([containers.Attached(b"x" * 50, long_name="报告.doc")])),
    ("msg", containers.msg({"报告.docx": b"r" * 5000})),
    ("p7m", containers.signed(b"Content-Type: text/plain\r\n\r\nreport")),
]

Worker = Callable[..., str]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_measured_cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Worker, name: str) -> None:
    path = tmp_path / "material"
    path.write_bytes(FILES[name]())
    monkeypatch.setattr(inspector, "_WORKER", worker("work(errand)", _main_of("inspection")))
    cold = ChildInspector(previews=True)(path, name)
    monkeypatch.undo()
    assert cold == ChildInspector(previews=True)(path, name)
    assert cold.condition == "sound"
    assert (cold.preview is not None) == (cold.width is not None)


@pytest.mark.parametrize(("name", "octets"), CONTAINERS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(CONTAINERS)])
def test_a_container_is_opened_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Worker, name: str, octets: bytes
) -> None:
    path = tmp_path / "container"
    path.write_bytes(octets)
    monkeypatch.setattr(unpacker, "_WORKER", worker("work(errand)", _main_of("unpacking")))
    found = ChildUnpacker()(path, name, BlobStore(tmp_path / "blobs"), Budget())
    assert (found.condition, bool(found.inner)) == ("sound", True), found.note


def _main_of(package: str) -> str:
    return f"from intake.adapters.{package}.worker import main as work"
