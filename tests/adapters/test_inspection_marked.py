"""Markings of classified papers, wherever a file can bear one, and files that only speak of secrets."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from tests.samples import documents

MARK = "机密★5年"
PLAIN = ["一、基本情况。开展保密宣传教育，不涉及国家秘密。"] * 30
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
V = 'xmlns:v="urn:schemas-microsoft-com:vml"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/></Types>'
)


def inspected(folder: Path, octets: bytes) -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, "材料")


def docx(**parts: str) -> bytes:
    extra = {
        f"word/{name}.xml": f"<w:x {W}><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:x>" for name, text in parts.items()
    }
    return documents.zipped({**documents.docx_parts("总结", PLAIN), **extra})


def office(part: str, kind: str, parts: dict[str, str]) -> bytes:
    return documents.zipped({"[Content_Types].xml": CONTENT_TYPES.format(part=part, kind=kind), part: "<x/>", **parts})


def xlsx(strings: str = "", footer: str = "") -> bytes:
    return office(
        "xl/workbook.xml",
        "spreadsheetml.sheet",
        {
            "xl/sharedStrings.xml": f"<sst {S}>{''.join(f'<si><t>{each}</t></si>' for each in strings.split())}</sst>",
            "xl/worksheets/sheet1.xml": f"<worksheet {S}><oddFooter>{footer}</oddFooter></worksheet>",
        },
    )


def with_part(name: str, content: str) -> bytes:
    return documents.zipped({**documents.docx_parts("总结", PLAIN), name: content})


def of_book(name: str, content: str) -> bytes:
    return office("xl/workbook.xml", "spreadsheetml.sheet", {name: content})


def sheet_named(name: str) -> bytes:
    book = f'<workbook {S}><sheets><sheet name="{name}" sheetId="1"/></sheets></workbook>'
    kind = CONTENT_TYPES.format(part="xl/workbook.xml", kind="spreadsheetml.sheet")
    return documents.zipped({"[Content_Types].xml": kind, "xl/workbook.xml": book})


def in_body(content: str) -> bytes:
    """A report, and behind its text something that is not plain text."""
    parts = documents.docx_parts("总结", PLAIN)
    whole = parts["word/document.xml"].replace("</w:body>", f"{content}</w:body>")
    return documents.zipped({**parts, "word/document.xml": whole})


def pptx(text: str) -> bytes:
    slide = f"<sld {A}><a:p><a:r><a:t>{text[:2]}</a:t></a:r><a:r><a:t>{text[2:]}</a:t></a:r></a:p></sld>"
    return office("ppt/presentation.xml", "presentationml.presentation", {"ppt/slides/slide1.xml": slide})


def rtf(header: str) -> bytes:
    coded = "".join(f"\\u{ord(each)}?" for each in header)
    return documents.rtf(PLAIN).replace(b"\\deff0", b"\\deff0{\\header " + coded.encode("ascii") + b"\\par}", 1)


def rtf_with(group: bytes) -> bytes:
    coded = "".join(f"\\u{ord(each)}?" for each in MARK).encode("ascii")
    return documents.rtf(PLAIN).replace(b"\\deff0", b"\\deff0" + group % coded, 1)


def odt(header: str) -> bytes:
    spaces = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    styles = f'<x xmlns:text="{spaces}"><text:p>{header}</text:p></x>'
    kind, body = "application/vnd.oasis.opendocument.text", f'<x xmlns:text="{spaces}"><text:p>总结</text:p></x>'
    return documents.zipped({"mimetype": kind, "content.xml": body, "styles.xml": styles})


def doc_with_header(header: str) -> bytes:
    """A Word 97 document whose piece table goes on behind the main text, as it does when there are headers."""
    octets = documents.doc([*PLAIN, header])
    length = len("\r".join([*PLAIN, header])) + 1
    for at in range(len(octets) - 4):
        if octets[at : at + 4] == struct.pack("<i", length) and octets[at - 0x4C : at - 0x4A] == b"\xec\xa5":
            shorter = length - len(header) - 1
            return octets[:at] + struct.pack("<i", shorter) + octets[at + 4 :]
    raise AssertionError("no count of characters found")


MARKED = {
    "docx body": documents.docx("总结", [*PLAIN, MARK, *PLAIN]),
    "docx header": docx(header1=MARK),
    "docx footer": docx(footer2=MARK),
    "docx head line": documents.docx("机密", PLAIN),
    "xlsx cell": xlsx(f"单位 {MARK}"),
    "xlsx footer": xlsx(footer=f"&amp;C{MARK}"),
    "pptx": pptx(MARK),
    "docx watermark": with_part("word/header1.xml", f'<w:hdr {W} {V}><v:textpath string="{MARK}"/></w:hdr>'),
    "docx title": with_part("docProps/core.xml", f"<cp {DC}><dc:title>{MARK}</dc:title></cp>"),
    "docx property": with_part("docProps/custom.xml", f"<Properties><lpwstr>{MARK}</lpwstr></Properties>"),
    "docx diagram": with_part("word/diagrams/data1.xml", f"<x {A}><a:p><a:t>{MARK}</a:t></a:p></x>"),
    "docx deleted text": with_part("word/header1.xml", f"<w:hdr {W}><w:p><w:delText>{MARK}</w:delText></w:p></w:hdr>"),
    "docx watermark in the body": in_body(f'<w:p><v:textpath {V} string="{MARK}"/></w:p>'),
    "docx star that is a symbol": in_body(
        '<w:p><w:r><w:t>机密</w:t></w:r><w:r><w:sym w:font="Wingdings" w:char="F0AB"/></w:r>'
        "<w:r><w:t>5年</w:t></w:r></w:p>"
    ),
    "docx text deleted in the body": in_body(f"<w:p><w:del><w:r><w:delText>{MARK}</w:delText></w:r></w:del></w:p>"),
    "docx text box for old programs": in_body(
        f'<w:p><x:AlternateContent xmlns:x="urn:mc"><x:Fallback>{MARK}</x:Fallback></x:AlternateContent></w:p>'
    ),
    "docx picture's description": in_body(f'<w:p><x descr="{MARK}"/></w:p>'),
    "docx part of somebody's own": with_part("customXml/item1.xml", f"<x><y>{MARK}</y></x>"),
    "docx class among the properties": with_part(
        "docProps/custom.xml", '<Properties><property name="密级"><lpwstr>机密</lpwstr></property></Properties>'
    ),
    "xlsx formula's result": of_book("xl/worksheets/sheet1.xml", f"<worksheet {S}><c><v>{MARK}</v></c></worksheet>"),
    "xlsx font within a header": xlsx(footer='&amp;R机密&amp;"宋体,常规"★&amp;145年'),
    "pptx drawing": office(
        "ppt/presentation.xml",
        "presentationml.presentation",
        {"ppt/drawings/vmlDrawing1.vml": f'<xml {V}><v:textpath string="{MARK}"/></xml>'},
    ),
    "rtf text box": rtf_with(rb"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt %s}}}"),
    "rtf title": rtf_with(rb"{\info{\title %s}}"),
    "xlsx sheet name": sheet_named(MARK),
    "xlsx comment": of_book("xl/comments1.xml", f"<comments {S}><comment><t>{MARK}</t></comment></comments>"),
    "xlsx text box": of_book("xl/drawings/drawing1.xml", f"<x {A}><a:p><a:t>{MARK}</a:t></a:p></x>"),
    "pptx notes master": office(
        "ppt/presentation.xml",
        "presentationml.presentation",
        {"ppt/notesMasters/notesMaster1.xml": f"<x {A}><a:p><a:t>{MARK}</a:t></a:p></x>"},
    ),
    "odt header": odt(MARK),
    "ofd": documents.ofd([PLAIN, [MARK]]),
    "pdf": documents.pdf([MARK, *PLAIN]),
    "rtf": documents.rtf([*PLAIN, MARK]),
    "rtf header": rtf(MARK),
    "doc": documents.doc([*PLAIN, MARK]),
    "doc header": doc_with_header(MARK),
    "xls": documents.ole({"Workbook": b"\x00" * 5000 + b"\x07" + MARK.encode("utf-16-le") + b"\x00" * 5000}),
    "txt": "\n".join([*PLAIN, MARK]).encode("gb18030"),
}


@pytest.mark.parametrize("octets", MARKED.values(), ids=MARKED)
def test_a_marking_in_a_file_is_seen(tmp_path: Path, octets: bytes) -> None:
    facts = inspected(tmp_path, octets)
    assert facts.condition is Condition.SOUND
    assert facts.marked


UNMARKED = {
    "docx": docx(header1="保密工作专题", footer1="第1页"),
    "docx broken header": documents.zipped({**documents.docx_parts("总结", PLAIN), "word/header1.xml": "<broken"}),
    "docx star that is another symbol": in_body(
        '<w:p><w:r><w:t>机密</w:t></w:r><w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>'
    ),
    "docx list of classes": in_body('<w:p><w:alias w:val="密级"/><w:listItem w:value="机密"/><w:t>选择</w:t></w:p>'),
    "xlsx columns": of_book(
        "xl/tables/table1.xml", '<table><tableColumn name="密级"/><tableColumn name="秘密级事项"/></table>'
    ),
    "rtf fonts": rtf_with(rb"{\*\generator %s}"),
    "xlsx list": xlsx("绝密 机密 秘密 内部 公开"),
    "pptx": pptx("科学的秘密"),
    "rtf": rtf("保密工作专题"),
    "doc": doc_with_header("保密工作专题"),
    "pdf": documents.pdf(PLAIN),
    "xls": documents.ole({"Workbook": b"\x00" * 5000 + "国家秘密".encode("utf-16-le") + b"\x00" * 5000}),
}


@pytest.mark.parametrize("octets", UNMARKED.values(), ids=UNMARKED)
def test_a_file_that_speaks_of_secrets_is_not_marked(tmp_path: Path, octets: bytes) -> None:
    facts = inspected(tmp_path, octets)
    assert facts.condition is Condition.SOUND
    assert not facts.marked


@pytest.mark.parametrize("octets", [rtf(MARK), docx(header1=MARK), doc_with_header(MARK)], ids=["rtf", "docx", "doc"])
def test_what_stands_aside_is_not_part_of_the_text(tmp_path: Path, octets: bytes) -> None:
    assert MARK not in inspected(tmp_path, octets).text


def test_a_marking_at_the_head_of_a_large_sheet_is_seen(tmp_path: Path) -> None:
    """However much follows it."""
    cells = f"{MARK} " + "材料 " * 900_000
    assert inspected(tmp_path, xlsx(cells)).marked


@pytest.mark.parametrize("filler", [1 << 20, 5 << 20])
def test_a_marking_behind_much_text_is_seen(tmp_path: Path, filler: int) -> None:
    """Of a sheet and of running text, which is too long to be told."""
    text = "材" * filler
    assert inspected(tmp_path, xlsx(f"{text} {MARK}")).marked
    assert inspected(tmp_path, documents.docx("总结", [text, MARK])).marked
    assert inspected(tmp_path, f"{MARK}\n{text}".encode("gb18030")).marked


def test_a_package_of_which_parts_were_skipped_is_not_all_read(tmp_path: Path) -> None:
    sheets = {f"xl/worksheets/sheet{number}.xml": f"<x>{'a' * (9 << 20)}</x>" for number in range(3)}
    facts = inspected(tmp_path, office("xl/workbook.xml", "spreadsheetml.sheet", sheets))
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "not-all-read")


def test_what_was_read_of_a_broken_package_is_looked_at(tmp_path: Path) -> None:
    """Whoever repairs it reads the rest."""
    facts = inspected(tmp_path, in_body(f"<w:p><w:t>{MARK}</w:t></w:p><broken"))
    assert (facts.condition, facts.marked) == (Condition.DAMAGED, True)
