"""Markings of classified papers, wherever a mail can bear one."""

from __future__ import annotations

import io
import tarfile
import zipfile
from email.message import EmailMessage
from pathlib import Path

import py7zr
import pytest

from intake.adapters.blobs import BlobStore
from intake.adapters.looking import Looker
from intake.adapters.mail.reader import read_mail
from intake.domain.sealing import looks_classified
from tests.samples import archives

MARK = "机密★5年"
WORD = "=?utf-8?B?5py65a+G4piF?="
"""The same in a header, without the term."""


def mail(subject: str = "总结", body: str = "请查收") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"] = "a@example.cn", subject
    made.set_content(body)
    return made


def page(source: str) -> bytes:
    made = mail()
    made.set_content(source, subtype="html")
    return made.as_bytes()


def with_file(name: str, octets: bytes, kind: str = "application/octet-stream") -> bytes:
    made = mail()
    maintype, subtype = kind.split("/")
    made.add_attachment(octets, maintype=maintype, subtype=subtype, filename=name)
    return made.as_bytes()


def head(*lines: str, body: str = "x") -> bytes:
    return "\r\n".join(["From: a@example.cn", "Subject: a", *lines, "", body]).encode()


def locked(name: str) -> bytes:
    """Both flags that say so: before the entry and in the directory."""
    octets = bytearray(archives.zipped({name: b"x"}))
    octets[6] |= 1
    octets[octets.index(b"PK\x01\x02") + 8] |= 1
    return bytes(octets)


def linked(name: str) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for each, kind in ((name, tarfile.REGTYPE), ("b", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(each)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO())
    return sink.getvalue()


def seven(name: str) -> bytes:
    sink = io.BytesIO()
    with py7zr.SevenZipFile(sink, "w", password="x") as archive:
        archive.writestr(b"x", name)
    return sink.getvalue()


def looks_so(folder: Path, octets: bytes) -> bool:
    (folder / "mail").write_bytes(octets)
    store = BlobStore(folder / "blobs")
    message, materials = read_mail(folder / "mail", store)
    return looks_classified(message, materials, Looker()(materials, store))


MARKED = {
    "title of a page": page(f"<html><head><title>{MARK}</title></head><p>a</p></html>"),
    "page that is attached": with_file("a.html", "<p>机<b>密</b>★5年</p>".encode(), "text/html"),
    "page of a mail inside": with_file("a.eml", page(f"<p>{MARK}</p>")),
    "calendar": head("Content-Type: text/calendar", body=f"BEGIN:VCALENDAR\r\nSUMMARY:{MARK}\r\nEND:VCALENDAR"),
    "enriched text": head("Content-Type: text/enriched; charset=utf-8", body="机密<bold>★</bold>5年"),
    "xml": with_file("a.xml", f'<?xml version="1.0"?><a b="{MARK}"/>'.encode()),
    "svg": with_file("a.svg", "<svg><text>机密</text><text>★5年</text></svg>".encode()),
    "script": with_file("a.bat", f"@echo off\r\necho {MARK}\r\n".encode("gb18030")),
    "little endian": with_file("a.txt", f"总结\r\n{MARK}".encode("utf-16-le")),
    "big endian": with_file("a.txt", f"总结\r\n{MARK}".encode("utf-16-be")),
    "description": head("Content-Type: image/png; name=a.png", f"Content-Description: {WORD}"),
    "other name": head(
        f'Content-Type: image/png; name="{WORD}.png"', "Content-Disposition: attachment; filename=a.png"
    ),
    "topic of a thread": head(f"Thread-Topic: {WORD}"),
    "second subject": head(f"Subject: {WORD}"),
    "locked archive": with_file("a.zip", locked("机密★1年.docx")),
    "archive with a wrong checksum": with_file(
        "a.zip",
        archives.zipped({"机密★1年.docx": b"hello"}, method=zipfile.ZIP_STORED).replace(b"hello", b"jello"),
    ),
    "archive that leads elsewhere": with_file("a.zip", archives.zipped({"../../x": b"x", "机密★1年.docx": b"x"})),
    "rar with a link": with_file("a.rar", archives.rar5({"机密★1年.docx": b"x"}, link="/etc/passwd")),
    "rar that is cut": with_file("a.rar", archives.rar5({"机密★1年.docx": b"x", "机密★2.docx": b"y"})[:-40]),
    "tar with a link": with_file("a.tar", linked("机密★1年.docx")),
    "locked 7z": with_file("a.7z", seven("机密★1年.docx")),
    "archive three deep": with_file(
        "a.zip", archives.zipped({"b.zip": archives.zipped({"c.zip": archives.zipped({"机密★.txt": b"x"})})})
    ),
    "empty folder": with_file("a.zip", archives.zipped({"机密★5年/": b"", "b.txt": b"x"})),
    "mail in an archive that is not read to its end": with_file(
        "a.zip", archives.zipped({"a.eml": head(f"Subject: {WORD}", f"X-Long: {'x' * (2 << 20)}")})
    ),
}


@pytest.mark.parametrize("octets", MARKED.values(), ids=MARKED)
def test_a_marking_in_a_mail_is_seen(tmp_path: Path, octets: bytes) -> None:
    assert looks_so(tmp_path, octets)


UNMARKED = {
    "page about secrecy": page("<title>保守国家秘密</title><p class='机密'>★国家秘密★</p>"),
    "page that is attached": with_file("a.html", "<table><td>密级</td><td>公开</td></table>".encode(), "text/html"),
    "noise": with_file("a.bin", "国家秘密".encode("utf-16-le") + bytes(range(256))),
    "archive": with_file("a.zip", locked("保密工作总结.docx")),
    "archive three deep": with_file(
        "a.zip", archives.zipped({"b.zip": archives.zipped({"c.zip": archives.zipped({"保密.txt": b"x"})})})
    ),
}


@pytest.mark.parametrize("octets", UNMARKED.values(), ids=UNMARKED)
def test_a_mail_that_speaks_of_secrets_is_not_marked(tmp_path: Path, octets: bytes) -> None:
    assert not looks_so(tmp_path, octets)
