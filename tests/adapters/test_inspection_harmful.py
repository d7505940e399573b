"""What can act is told by its content, whatever it is called; what only the name tells, by its name."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.adapters.inspection.sniff import sniff
from intake.adapters.inspection.textforms import text_format
from intake.domain.harmful import Harm, harm_of
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


PAGES = {
    "saved": b"<!-- saved from url=(0014)about:internet -->\r\n<html><script>1</script>",
    "body": b"<body onload=alert(1)>",
    "title": b"<title>x</title><script>1</script>",
    "div": b"<div><script>1</script></div>",
    "wide": "\ufeff<html><script>x</script></html>".encode("utf-16-le"),
    "xhtml": b'<?xml version="1.0"?>\n<!-- c --><html xmlns="http://www.w3.org/1999/xhtml"/>',
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_told_behind_what_stands_before_them(name: str) -> None:
    assert sniff(io.BytesIO(PAGES[name]), "说明.txt") == "html"


@pytest.mark.parametrize("octets", [b"<?xml version='1.0'?><title>x</title>", b"<!-- x --> text", b"a <b> c"])
def test_what_only_looks_like_a_page_is_none(octets: bytes) -> None:
    assert sniff(io.BytesIO(octets), "说明.txt") in {"txt", "xml"}


@pytest.mark.parametrize(
    ("name", "octets", "expected"),
    [
        (
            "section",
            b"[{000214A0-0000-0000-C000-000000000046}]\r\nProp3=19,2\r\n[InternetShortcut]\r\nURL=x\r\n",
            "url",
        ),
        ("comment", b"; c\r\n[InternetShortcut]\r\nURL=x\r\n", "url"),
        ("class", b"\xca\xfe\xba\xbe" + bytes(99), "exe"),
        ("mach-o", b"\xcf\xfa\xed\xfe" + bytes(99), "exe"),
        ("dex", b"dex\n035\0" + bytes(99), "exe"),
        ("cab", b"MSCF" + bytes(99), "exe"),
        ("one", bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(99), "exe"),
        ("vmdk", b"KDMV" + bytes(99), "vhd"),
        ("qcow2", b"QFI\xfb" + bytes(99), "vhd"),
        ("wim", b"MSWIM\0\0\0" + bytes(99), "vhd"),
        ("vdi", b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(64, b"\0") + b"\x7f\x10\xda\xbe", "vhd"),
        ("udf", bytes(0x8001) + b"BEA01" + bytes(2043), "iso"),
    ],
)
def test_programs_shortcuts_and_discs_of_other_systems(name: str, octets: bytes, expected: str) -> None:
    assert sniff(io.BytesIO(octets), f"{name}.pdf") == expected


@pytest.mark.parametrize(("octets", "expected"), [(b"<html><p>x</p>", None), (b"<html><form action=x>", Harm.PAGE)])
def test_a_mailers_own_page_is_spared_only_while_it_does_nothing(
    octets: bytes, expected: Harm | None, tmp_path: Path
) -> None:
    (tmp_path / "page").write_bytes(octets)
    facts = ChildInspector()(tmp_path / "page", "ATT00001.html")
    assert harm_of(Examined(Material("x", "ATT00001.html", "0" * 64, 1), facts)) == expected


def test_a_file_shorter_than_a_sector_is_no_disc() -> None:
    assert sniff(io.BytesIO(b"conectix"), "说明.txt") == "txt"
    assert sniff(io.BytesIO(b""), "说明.txt") == "txt"


@pytest.mark.parametrize("octets", [b";\n" + b"\n" * 65_000, b";a\n" * 30_000, b"rem \n" * 16_000, b"<!--" * 20_000])
def test_what_only_begins_like_a_form_is_told_at_once(octets: bytes) -> None:
    """None of the forms looks back over what it has read."""
    start = time.monotonic()
    assert text_format(octets, "txt") == "txt"
    assert time.monotonic() - start < 1
