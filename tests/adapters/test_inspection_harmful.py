"""What can act is told by its content, whatever it is called; what only the name tells, by its name."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from intake.adapters.inspection.sniff import sniff
from intake.domain.harmful import harm_of
from intake.domain.material import Condition, Examined, Facts, Material


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return packed.getvalue()


ISO = bytes(0x8001) + b"CD001" + bytes(2048)
BY_CONTENT = {
    "exe": b"MZ\x90\0" + bytes(100),
    "lnk": b"L\0\0\0\x01\x14\x02\0" + bytes(100),
    "chm": b"ITSF\3\0\0\0",
    "iso": ISO,
    "vhd": bytes(4096) + b"conectix" + bytes(504),
    "dmg": bytes(4096) + b"koly\0\0\0\4" + bytes(504),
    "apk": zipped("AndroidManifest.xml", "META-INF/MANIFEST.MF"),
    "jar": zipped("META-INF/MANIFEST.MF", "A.class"),
    "html": b"\xef\xbb\xbf\r\n<!DOCTYPE html><html><script>alert(1)</script></html>",
    "url": b"[InternetShortcut]\r\nURL=http://example.cn/\r\n",
    "bat": b"@echo off\r\ndel *.*\r\n",
    "script": b"#!/bin/sh\nrm -rf /\n",
    "docm": zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    "xlsm": zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"),
}


@pytest.mark.parametrize("name", ["微山县总结报告.pdf", "活动.mp4", "1.jpg", "readme"])
@pytest.mark.parametrize("expected", BY_CONTENT)
def test_content_tells_whatever_the_name_says(expected: str, name: str) -> None:
    found = sniff(io.BytesIO(BY_CONTENT[expected]), name)

    assert found == expected
    assert harm_of(Examined(Material(name, name, "0" * 64, 1), Facts(Condition.SOUND, format=found)))


@pytest.mark.parametrize("ending", ["bat", "cmd", "js", "vbs", "hta", "ps1", "wsf", "reg"])
def test_text_that_windows_would_run_is_a_script(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"照片.jpg.{ending}"
    path.write_bytes("微山县科技活动周".encode("gbk"))
    with path.open("rb") as file:
        found = sniff(file, path.name)

    assert found in {"bat", "script"}


def test_a_file_shorter_than_a_sector_is_no_disc() -> None:
    assert sniff(io.BytesIO(b"conectix"), "说明.txt") == "txt"
    assert sniff(io.BytesIO(b""), "说明.txt") == "txt"
