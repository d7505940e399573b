"""Text, pages and condition of documents, as counties send them and as nobody should."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition, Facts
from intake.domain.notice import Kind
from tests.samples import documents

TITLE = "微山县2024年科技活动周总结报告"
LINES = ["一、基本情况。参与群众一万余人次。", "生僻字：䶮𠮷龘", "微山县科学技术局"]
LENGTH = sum(len(line) for line in [TITLE, *LINES])


def inspected(folder: Path, octets: bytes, filename: str = "总结报告.docx") -> Facts:
    path = folder / "material"
    path.write_bytes(octets)
    return ChildInspector()(path, filename)


def changed_docx(name: str, content: str | bytes) -> bytes:
    return documents.zipped({**documents.docx_parts(TITLE, LINES), name: content})


@pytest.mark.parametrize(
    ("octets", "expected", "pages"),
    [
        (documents.docx(TITLE, LINES), "docx", None),
        (documents.doc([TITLE, *LINES]), "doc", None),
        (documents.odt([TITLE, *LINES]), "odt", None),
        (documents.ofd([[TITLE], LINES]), "ofd", 2),
        (documents.pdf([TITLE, *LINES]), "pdf", 1),
        (documents.rtf([TITLE, *LINES]), "rtf", None),
        ("\n".join([TITLE, *LINES]).encode("gb18030"), "txt", None),
        ("\n".join([TITLE, *LINES]).encode("utf-8-sig"), "txt", None),
        ("\n".join([TITLE, *LINES]).encode("utf-16"), "txt", None),
    ],
    ids=["docx", "doc", "odt", "ofd", "pdf", "rtf", "txt gb18030", "txt utf-8", "txt utf-16"],
)
@pytest.mark.parametrize("filename", ["总结报告.wps", "没有扩展名"])
def test_text_is_read_whatever_the_name(
    tmp_path: Path, octets: bytes, expected: str, pages: int | None, filename: str
) -> None:
    facts = inspected(tmp_path, octets, filename)
    assert (facts.condition, facts.format, facts.kind) == (Condition.SOUND, expected, Kind.DOCUMENT)
    assert facts.text.split() == [TITLE, *LINES]
    assert (facts.text_length, facts.pages) == (LENGTH, pages)


def test_a_long_text_is_counted_whole_and_kept_in_part(tmp_path: Path) -> None:
    facts = inspected(tmp_path, documents.docx("头" * 4_000, ["中" * 10_000, "尾" * 1_000]))
    assert facts.text_length == 15_000
    assert facts.text == "头" * 4_000 + "\n" + "尾" * 1_000


@pytest.mark.parametrize(
    "octets",
    [documents.docx(""), documents.docx("   ", ["\t"]), documents.pdf([]), documents.ofd([[]])],
    ids=["docx", "docx of spaces", "pdf", "ofd"],
)
def test_an_empty_document_is_sound_and_has_no_text(tmp_path: Path, octets: bytes) -> None:
    facts = inspected(tmp_path, octets)
    assert (facts.condition, facts.text_length, facts.text) == (Condition.SOUND, 0, "")


@pytest.mark.parametrize(
    ("octets", "filename", "expected"),
    [
        (documents.locked_office(), "总结.docx", "docx"),
        (documents.locked_office(), "表格.xlsx", "xlsx"),
        (documents.locked_office(), "总结", "docx"),
        (documents.doc(LINES, locked=True), "总结.doc", "doc"),
        (documents.locked_pdf(), "总结.pdf", "pdf"),
    ],
)
def test_a_password_is_recognised(tmp_path: Path, octets: bytes, filename: str, expected: str) -> None:
    facts = inspected(tmp_path, octets, filename)
    assert (facts.condition, facts.format, facts.kind) == (Condition.LOCKED, expected, Kind.DOCUMENT)


def test_a_zip_password_on_the_parts_is_recognised(tmp_path: Path) -> None:
    octets = bytearray(documents.docx(TITLE, LINES))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := octets.find(mark, at + 1)) >= 0:
            octets[at + offset] |= 1
    assert inspected(tmp_path, bytes(octets)).condition is Condition.LOCKED


@pytest.mark.parametrize(
    ("octets", "filename"),
    [
        (documents.docx(TITLE, LINES * 50)[:-200], "总结.docx"),
        (documents.pdf(LINES)[:300], "总结.pdf"),
        (documents.doc(LINES)[:2000], "总结.doc"),
        (documents.ofd([LINES])[:-100], "总结.ofd"),
        (changed_docx("word/document.xml", "<w:document><w:body>"), "总结.docx"),
        (documents.rtf(LINES)[:-5], "总结.rtf"),
    ],
    ids=["docx", "pdf", "doc", "ofd", "xml", "rtf"],
)
def test_half_a_document_is_damaged(tmp_path: Path, octets: bytes, filename: str) -> None:
    facts = inspected(tmp_path, octets, filename)
    assert facts.condition is Condition.DAMAGED
    assert facts.note


def test_no_entity_is_ever_expanded(tmp_path: Path) -> None:
    body = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document xmlns:w="w"><w:t>&a;</w:t></w:document>'
    facts = inspected(tmp_path, changed_docx("word/document.xml", body))
    assert (facts.condition, facts.note, facts.text) == (Condition.DAMAGED, "dtd", "")


def test_depth_is_bounded(tmp_path: Path) -> None:
    facts = inspected(tmp_path, changed_docx("word/document.xml", "<a>" * 100_000))
    assert (facts.condition, facts.note) == (Condition.UNMEASURED, "too-large")


def test_a_zip_bomb_is_bounded(tmp_path: Path) -> None:
    body = b"<a>" + b" " * (80 << 20) + b"</a>"
    facts = inspected(tmp_path, changed_docx("word/document.xml", body))
    assert (facts.condition, facts.note, facts.format) == (Condition.UNMEASURED, "too-large", "docx")


def test_a_main_part_elsewhere_is_found(tmp_path: Path) -> None:
    parts = documents.docx_parts(TITLE, LINES)
    parts["word/document2.xml"] = parts.pop("word/document.xml")
    parts["_rels/.rels"] = str(parts["_rels/.rels"]).replace("word/document.xml", "/word/document2.xml")
    assert inspected(tmp_path, documents.zipped(parts)).text.startswith(TITLE)


def test_text_for_old_programs_is_not_counted_twice(tmp_path: Path) -> None:
    body = (
        '<w:document xmlns:w="w" xmlns:mc="mc"><w:p><mc:AlternateContent><mc:Choice><w:t>文本框</w:t></mc:Choice>'
        "<mc:Fallback><w:t>文本框</w:t></mc:Fallback></mc:AlternateContent></w:p></w:document>"
    )
    assert inspected(tmp_path, changed_docx("word/document.xml", body)).text == "文本框"


def test_control_characters_do_not_leave_the_child(tmp_path: Path) -> None:
    facts = inspected(tmp_path, "总\x01结\x7f报告".encode(), "总结.txt")
    assert facts.text == "总结报告"


@pytest.mark.parametrize(
    ("stream", "expected"), [("Workbook", "xls"), ("PowerPoint Document", "ppt"), ("WordDocument", "doc")]
)
def test_ole_files_are_told_by_their_streams(tmp_path: Path, stream: str, expected: str) -> None:
    assert inspected(tmp_path, documents.ole({stream: b"?"}), "文件.wps").format == expected


def test_a_macro_makes_another_format(tmp_path: Path) -> None:
    facts = inspected(tmp_path, changed_docx("word/vbaProject.bin", b"macro"))
    assert (facts.format, facts.text.split()[0]) == ("docm", TITLE)


@pytest.mark.parametrize(
    ("octets", "filename", "expected"),
    [
        (documents.zipped({"照片/1.jpg": b"?"}), "材料.docx", "zip"),
        (b"Rar!\x1a\x07\x01\x00", "材料.rar", "rar"),
        (b"MZ\x90\x00", "总结.docx", "exe"),
        (b"L\0\0\0\x01\x14\x02\0", "总结.lnk", "lnk"),
        (b"@echo off\r\ndel *.*", "总结.txt", "bat"),
        (b"WScript.Echo 1", "总结.vbs", "script"),
        (b"[InternetShortcut]\r\nURL=http://example.test/\r\n", "总结.url", "url"),
        (b"From: a@example.test\r\nSubject: b\r\n\r\nc", "转发.eml", "eml"),
        (b"\x78\x9f\x3e\x22\x01\x00", "winmail.dat", "tnef"),
        (b"\x30\x82\x10\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", "smime.p7m", "p7m"),
        (b"<!DOCTYPE html><html></html>", "总结.doc", "html"),
    ],
)
def test_what_is_no_document_is_told_and_left_alone(
    tmp_path: Path, octets: bytes, filename: str, expected: str
) -> None:
    facts = inspected(tmp_path, octets, filename)
    assert (facts.format, facts.kind, facts.condition) == (expected, Kind.OTHER, Condition.SOUND)
