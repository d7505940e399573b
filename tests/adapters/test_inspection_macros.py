"""Macros are told by what parts are, wherever they lie, and whatever else is wrong with the file."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.fates import Waived, assess
from intake.domain.harmful import Harm, harm_of
from intake.domain.material import Condition, Examined, Facts, Material
from intake.domain.submission import EntryState
from tests.samples import containers, documents
from tests.unit.builders import NOTICE

TITLE = "微山县2024年科技活动周总结报告"
PARTS = dict(documents.docx_parts(TITLE, ["开展科普进校园活动。"] * 5))
TYPES = str(PARTS["[Content_Types].xml"])
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
ENABLED = "application/vnd.ms-word.document.macroEnabled.main+xml"
VBA = '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
BOUND = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r9" '
    'Type="http://schemas.microsoft.com/office/2006/relationships/%s" Target="stuff.bin"/></Relationships>'
)
BOOK = '<Types xmlns="x"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.%s"/></Types>'
PROJECT = {"VBA": {"_VBA_PROJECT": b"\xcc\x61", "dir": b"x" * 100}}
OPENING = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 0)
SHEET = struct.pack("<HHIBB", 0x85, 14, 100, 0, 1) + b"\x06\0Macro1"
END = struct.pack("<HH", 0x0A, 0)
VBA_INFO = struct.pack("<HHIHHIIII", 0x0F, 0x03FF, 20, 2, 0x0400, 12, 7, 1, 2)
CHART = struct.pack("<HHII", 0x10, 0x1011, 9, 9) + zlib.compress(b"x")
OBJECT = zlib.compress(containers.compound(PROJECT))


def crowded() -> bytes:
    parts = PARTS | {f"word/x/{number}.xml": "" for number in range(20_011)}
    return documents.zipped(parts | {"word/vbaProject.bin": b"m"})


def word97(version: int, *, fib: int = 900) -> bytes:
    head = b"\xec\xa5" + struct.pack("<H", version)
    return containers.compound({"WordDocument": head + bytes(fib), "Macros": PROJECT})


WITH = {
    "type.docx": documents.zipped(PARTS | {"[Content_Types].xml": TYPES.replace("</Types>", VBA), "word/a.bin": b"m"}),
    "main.docx": documents.zipped(PARTS | {"[Content_Types].xml": TYPES.replace(MAIN, ENABLED)}),
    "written.docx": documents.zipped(
        PARTS | {"[Content_Types].xml": TYPES.replace(MAIN, ENABLED.replace("macroE", "macro&#69;"))}
    ),
    "wide.docx": documents.zipped(
        PARTS | {"[Content_Types].xml": TYPES.replace(MAIN, ENABLED).replace("UTF-8", "UTF-16").encode("utf-16")}
    ),
    "bound.docx": documents.zipped(PARTS | {"word/_rels/a.xml.rels": BOUND % "vbaProject"}),
    "bound.doc": documents.zipped(PARTS | {"word/_rels/a.xml.rels": BOUND % "vbaProject"}),
    "sheet.xlsx": documents.zipped({"[Content_Types].xml": BOOK % "ms-excel.sheet", "xl/macrosheets/sheet1.xml": "x"}),
    "type.xlsx": documents.zipped(
        {"[Content_Types].xml": BOOK % "ms-excel.sheet.macroEnabled.main+xml", "xl/workbook.xml": "x"}
    ),
    "bound.xlsx": documents.zipped(
        {
            "[Content_Types].xml": BOOK % "ms-excel.sheet",
            "xl/workbook.xml": "x",
            "xl/_rels/workbook.xml.rels": BOUND % "xlMacrosheet",
        }
    ),
    "crowded.docx": crowded(),
    "cut.docx": documents.zipped(PARTS | {"word/a.bin": bytes(90_000), "word/vbaProject.bin": b"m" * 90})[:-40],
    "old.doc": word97(0x00A0),
    "broken.doc": word97(0x00C1, fib=20),
    "locked.doc": containers.compound({"WordDocument": b"\xec\xa5\xc1" + bytes(7) + b"\1\1", "Macros": PROJECT}),
    "cut.doc": word97(0x00C1)[:512] + b"\0" * 512 + "_VBA_PROJECT".encode("utf-16-le"),
    "xlm.xls": containers.compound({"Workbook": OPENING + SHEET + END}),
    "slides.ppt": containers.compound({"PowerPoint Document": bytes(32) + VBA_INFO + bytes(900)}),
    "packed.ppt": containers.compound(
        {"PowerPoint Document": struct.pack("<HHII", 0x10, 0x1011, len(OBJECT) + 4, 1 << 20) + OBJECT}
    ),
}
WITHOUT = {
    "plain.docx": documents.zipped(PARTS),
    "linked.docx": documents.zipped(PARTS | {"word/_rels/a.xml.rels": BOUND.replace("stuff", "vbaProject") % "image"}),
    "binary.xlsx": documents.zipped({"[Content_Types].xml": BOOK % "ms-excel.sheet.binary.macroEnabled.main"}),
    "plain.doc": documents.doc([TITLE]),
    "plain.xls": containers.compound({"Workbook": OPENING + SHEET.replace(b"\0\1\6", b"\0\0\6") + END}),
    "locked.xls": containers.compound({"Workbook": OPENING + struct.pack("<HH", 0x2F, 0) + SHEET + END}),
    "plain.ppt": containers.compound({"PowerPoint Document": VBA_INFO[:16] + bytes(12) + CHART}),
    "folders.zip": documents.zipped({"Scripts/a.txt": "x", "word/vbaProject.bin": "x"}),
}


def inspected(folder: Path, name: str, octets: bytes) -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, name)


@pytest.mark.parametrize("name", WITH)
def test_macros_are_found_by_what_they_are(tmp_path: Path, name: str) -> None:
    facts = inspected(tmp_path, name, WITH[name])
    assert facts.macros
    assert harm_of(Examined(Material(name, name, "0" * 64, 1), facts)) is Harm.MACROS


@pytest.mark.parametrize("name", WITHOUT)
def test_where_there_are_none_none_are_found(tmp_path: Path, name: str) -> None:
    assert not inspected(tmp_path, name, WITHOUT[name]).macros


@pytest.mark.parametrize("name", ["crowded.docx", "old.doc", "broken.doc", "locked.doc"])
def test_what_cannot_be_measured_does_not_count_when_it_is_released(tmp_path: Path, name: str) -> None:
    facts = inspected(tmp_path, name, WITH[name])
    assert facts.condition is not Condition.SOUND
    called = f"总结报告.{name.rpartition('.')[2]}"
    (fate,) = assess((Examined(Material(called, called, "0" * 64, 9), facts),), NOTICE, frozenset(), Waived(holds=True))
    assert (fate.state, [each.code for each in fate.findings]) == (EntryState.FAULTY, ["format-not-accepted"])
