"""Sample documents, part by part: a docx, and what Office writes when a password is set."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip file with these parts, in this order, deflated except "mimetype"."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, (2024, 6, 4, 9, 0, 0)), content, method)
    return sink.getvalue()


def docx_parts(title: str, paragraphs: Iterable[str]) -> dict[str, str | bytes]:
    """The parts of a minimal docx that Word and WPS open: content types, relationships, body."""
    lines = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in (title, *paragraphs) if line)
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'{_XML}<w:document xmlns:w="{_WORD}"><w:body>{lines}<w:sectPr/></w:body></w:document>',
    }


def docx(title: str, paragraphs: Iterable[str] = ()) -> bytes:
    """A Word document: the title as its first paragraph, then the others. No title and no paragraphs: an empty one."""
    return zipped(docx_parts(title, paragraphs))


def locked_office() -> bytes:
    """What Word, Excel and WPS write when a password is set: the package encrypted inside an OLE container."""
    return ole(
        {
            "EncryptedPackage": b"\x00" * 5000,
            "EncryptionInfo": b"\x04\x00\x04\x00" + b"\x40\x00\x00\x00" + b"<encryption/>",
        }
    )


_SECTOR = 512
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def ole(streams: Mapping[str, bytes]) -> bytes:
    """A compound file ([MS-CFB] version 3) with these streams in its root, each padded to 4096 octets or more."""
    bodies = {name: content.ljust(4096, b"\0") for name, content in streams.items()}
    entries = [_entry("Root Entry", 5, child=1, start=_END, size=0)]
    chains: list[int] = []
    payload = bytearray()
    for number, (name, body) in enumerate(sorted(bodies.items(), key=lambda item: (len(item[0]), item[0].upper())), 1):
        sectors = -(-len(body) // _SECTOR)
        right = number + 1 if number < len(bodies) else _FREE
        entries.append(_entry(name, 2, right=right, start=len(chains), size=len(body)))
        chains += [*range(len(chains) + 1, len(chains) + sectors), _END]
        payload += body.ljust(sectors * _SECTOR, b"\0")
    return _compound_file(b"".join(entries), chains, bytes(payload))


def _compound_file(directory: bytes, chains: list[int], payload: bytes) -> bytes:
    directory_sectors = -(-len(directory) // _SECTOR)
    first_directory = len(chains)
    chains = [*chains, *range(first_directory + 1, first_directory + directory_sectors), _END]
    fat_sectors = 1
    while fat_sectors * 128 < len(chains) + fat_sectors:
        fat_sectors += 1
    first_fat = len(chains)
    table = (chains + [_FAT] * fat_sectors + [_FREE] * (fat_sectors * 128))[: fat_sectors * 128]
    numbers = (fat_sectors, first_directory, 0, 4096, _END, 0, _END, 0)
    header = struct.pack("<8s16xHHHHH6xI8I", _COMPOUND, 0x3E, 3, 0xFFFE, 9, 6, 0, *numbers)
    places = struct.pack("<109I", *[*range(first_fat, first_fat + fat_sectors), *[_FREE] * 109][:109])
    fat = struct.pack(f"<{len(table)}I", *table)
    return header + places + payload + directory.ljust(directory_sectors * _SECTOR, b"\0") + fat


def _entry(  # noqa: PLR0913
    name: str, kind: int, *, child: int = _FREE, right: int = _FREE, start: int, size: int
) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHBBIII16xI8x8xIQ", encoded, len(encoded), kind, 1, _FREE, right, child, 0, start, size)
