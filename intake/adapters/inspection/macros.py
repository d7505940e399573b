"""Whether programs stand in a file: VBA, macro sheets, Basic, a page's scripts; looked for before it is measured.

By its own light: no part's name is believed where its type says more, and a file that is broken, locked or too large to
be measured is looked through all the same. Nothing is run, and little is read.
"""

from __future__ import annotations

import html
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import olefile

from intake.adapters.inspection.formats import FORMATS

_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, IndexError, AttributeError, TypeError,
    struct.error,
)  # fmt: skip
"""What zipfile, zlib and olefile raise on broken files."""

_PACKAGES: Final = "packages"
_PIECE: Final = 1 << 20
_OVERLAP: Final = 256
_MAX_RAW: Final = 256 << 20
_MAX_TYPES: Final = 8 << 20
_MAX_RELATIONS: Final = 16 << 20
_MAX_STREAM: Final = 128 << 20
_MAX_OBJECT: Final = 32 << 20

# Where programs live: VBA and macro sheets of Word, Excel and PowerPoint, Basic and scripts of OpenDocument.
_NAMES: Final = re.compile(r"(?i)(.*/)?vbaProject\.bin|/?xl/(intl)?macrosheets/.+|(Basic|Scripts)/.+")
_TYPE: Final = re.compile(r"""\b(?:Content)?Type\s*=\s*("[^"]*"|'[^']*')""")
# A binary workbook calls itself so without any macro.
_MACRO_TYPE: Final = re.compile(r"(?i)vbaProject|(?<!binary\.)macroEnabled|macrosheet")
_RAW_NAMES: Final = re.compile(rb"(?i)vbaProject\.bin|xl/(?:intl)?macrosheets/|" + "_VBA_PROJECT".encode("utf-16-le"))

# [MS-OVBA] section 2.2.1; Word keeps the project in Macros, Excel in _VBA_PROJECT_CUR.
_STORAGES: Final = frozenset({"MACROS", "VBA", "_VBA_PROJECT_CUR", "_VBA_PROJECT"})
_BOOKS: Final = frozenset({"WORKBOOK", "BOOK"})
_SLIDES: Final = "POWERPOINT DOCUMENT"
_BOUND_SHEET, _FILE_PASS, _END_OF_GLOBALS = 0x0085, 0x002F, 0x000A
_MACRO_SHEET: Final = 1
# [MS-PPT] sections 2.4.10 and 2.4.11: where the project is, whether it holds anything, the version.
_VBA_INFO: Final = re.compile(rb"(?s)\x0f\0\xff\x03....\x02\0\0\x04\x0c\0\0\0(.{8})")
# [MS-PPT] section 2.10.36: an object, deflated behind its size.
_PACKED_OBJECT: Final = re.compile(rb"(?s)\x10\0\x11\x10.{8}(?=\x78)")
_PROJECT: Final = "_VBA_PROJECT".encode("utf-16-le")

_ACTIVE: Final = re.compile(
    rb"(?i)<\s*(?:script|form|iframe|frame|object|embed|applet|svg)\b|http-equiv\s*=\s*[\"']?refresh"
    rb"|[\s\"'/]on[a-z]{3,24}\s*=|(?:java|vb)script:"
)


def has_macros(file: BinaryIO, name: str, magic: bytes) -> bool:
    """Whether a file of format `name`, which begins with `magic`, carries programs. Raises nothing of its own."""
    if name == "html":
        return _found_raw(file, _ACTIVE)
    if magic.startswith(b"PK"):  # of other archives each file is looked at for itself
        return FORMATS[name].reader == _PACKAGES and _in_zip(file)
    return magic.startswith(olefile.MAGIC) and _in_compound(file)


def _found_raw(file: BinaryIO, wanted: re.Pattern[bytes]) -> bool:
    """Whether it stands anywhere in the octets, UTF-16 or not."""
    file.seek(0)
    before = b""
    for _ in range(_MAX_RAW // _PIECE):
        piece = file.read(_PIECE)
        if not piece:
            return False
        window = before + piece
        if wanted.search(window) or (b"\0" in window and wanted.search(window.replace(b"\0", b""))):
            return True
        before = window[-_OVERLAP:]
    return False


def _in_zip(file: BinaryIO) -> bool:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return names_macros(archive)
    except _BROKEN:
        return _found_raw(file, _RAW_NAMES)


def names_macros(archive: zipfile.ZipFile) -> bool:
    """Whether the names of its parts, their types, or their relationships speak of programs."""
    infos = archive.infolist()
    if are_macros(info.filename for info in infos):
        return True
    types = [info for info in infos if info.filename.lower().lstrip("/") == "[content_types].xml"]
    relations = sorted((info for info in infos if info.filename.lower().endswith(".rels")), key=_nesting)
    if sum(info.file_size for info in types) > _MAX_TYPES:  # no office's document has so many parts
        return True
    return any(_MACRO_TYPE.search(each) for each in _types(archive, [*types, *relations]))


def are_macros(names: Iterable[str]) -> bool:
    """Whether one of these parts is where programs live."""
    return any(map(_NAMES.fullmatch, names))


def _nesting(info: zipfile.ZipInfo) -> int:
    return info.filename.count("/")


def _types(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[str]:
    """All that these parts call a type, until enough was read."""
    left = _MAX_TYPES + _MAX_RELATIONS
    for info in infos:
        try:
            with archive.open(info) as part:
                octets = part.read(left)
        except _BROKEN:  # one part that cannot be read hides no other
            continue
        left -= len(octets)
        text = octets.replace(b"\0", b"").decode("utf-8", "replace")
        yield from (html.unescape(found[1]) for found in _TYPE.finditer(text))
        if left <= 0:
            return


def _in_compound(file: BinaryIO) -> bool:
    file.seek(0)
    try:
        with olefile.OleFileIO(file) as container:
            return _has_projects(container)
    except _BROKEN:
        return _found_raw(file, _RAW_NAMES)


def _has_projects(container: olefile.OleFileIO) -> bool:
    paths = container.listdir(streams=True, storages=True)
    if any(step.upper() in _STORAGES for path in paths for step in path):
        return True
    for path in container.listdir():
        kind = path[-1].upper()
        if (kind not in _BOOKS and kind != _SLIDES) or container.get_size(path) > _MAX_STREAM:
            continue
        stream = container.openstream(path).read()
        if _has_project_of_slides(stream) if kind == _SLIDES else _has_macro_sheet(stream):
            return True
    return False


def _has_macro_sheet(book: bytes) -> bool:
    """[MS-XLS] section 2.4.28: what kind of sheet each is, among the records before the first sheet."""
    at = 0
    while at + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, at)
        if kind == _BOUND_SHEET and size >= 6 and book[at + 9 : at + 10] == bytes([_MACRO_SHEET]):
            return True
        if kind in (_FILE_PASS, _END_OF_GLOBALS):
            return False
        at += 4 + size
    return False


def _has_project_of_slides(stream: bytes) -> bool:
    if _PROJECT in stream or any(any(found[1]) for found in _VBA_INFO.finditer(stream)):
        return True
    view = memoryview(stream)
    return any(_PROJECT in _inflated(view[found.end() :]) for found in _PACKED_OBJECT.finditer(stream))


def _inflated(octets: memoryview) -> bytes:
    try:
        return zlib.decompressobj().decompress(octets, _MAX_OBJECT)
    except zlib.error:
        return b""
