"""Sample archives: what Chinese offices pack, and what is packed against them."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping

FILES: Mapping[str, bytes] = {
    "五一值班总结/总结报告.docx": b"PK\x03\x04 report " * 200,
    "五一值班总结/照片/１.jpg": b"\xff\xd8\xff photo " * 300,
    "问题清单.xlsx": b"",
}
"""What the healthy samples hold."""


class _GbkInfo(zipfile.ZipInfo):
    """A name in GBK without the flag that says UTF-8, as WinRAR and the Chinese Explorer write it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


class _BareUtf8Info(zipfile.ZipInfo):
    """A name in UTF-8 without the flag, as macOS writes it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("utf-8"), self.flag_bits & ~0x800


class _UnicodePathInfo(zipfile.ZipInfo):
    """A name in the code page, and the true one in the field 0x7075 of Info-ZIP."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return b"_" + self.filename.encode("ascii", "replace"), self.flag_bits & ~0x800


def zipped(
    files: Mapping[str, bytes] = FILES, *, names: str = "utf-8", method: int = zipfile.ZIP_DEFLATED, mode: int = 0
) -> bytes:
    """A zip file. `names`: "utf-8" (flag), "gbk", "bare-utf-8", "unicode-path". `mode`: the Unix mode of the files."""
    kinds = {"gbk": _GbkInfo, "bare-utf-8": _BareUtf8Info, "unicode-path": _UnicodePathInfo}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in files.items():
            info = kinds.get(names, zipfile.ZipInfo)(name, (2024, 6, 4, 9, 0, 0))
            info.external_attr = mode << 16
            if names == "unicode-path":
                shown = b"_" + name.encode("ascii", "replace")
                field = b"\x01" + zlib.crc32(shown).to_bytes(4, "little") + name.encode("utf-8")
                info.extra = struct.pack("<HH", 0x7075, len(field)) + field
            archive.writestr(info, content, method)
    return sink.getvalue()


_LOCAL, _CENTRAL = b"PK\3\4", b"PK\1\2"


def patched(archive: bytes, local: int, central: int, value: bytes) -> bytes:
    """A zip file in whose first entry a field is overwritten, given its offsets in both headers (-1: leave it)."""
    octets = bytearray(archive)
    for signature, offset in ((_LOCAL, local), (_CENTRAL, central)):
        if offset >= 0:
            at = octets.find(signature) + offset
            octets[at : at + len(value)] = value
    return bytes(octets)


def zip_with_flag(flag: int) -> bytes:
    """An entry with these general purpose flags: 1 encrypted, 0x20 patched data."""
    return patched(zipped({"报告.txt": b"x" * 100}), 6, 8, struct.pack("<H", flag | 0x800))


def zip_with_method(method: int) -> bytes:
    """An entry of this compression method: 9 Deflate64, 99 AES."""
    return patched(zipped({"报告.txt": b"x" * 100}), 8, 10, struct.pack("<H", method))


def zip_that_lies(octets: int, claimed: int) -> bytes:
    """An entry of zeros whose size is another than both headers claim."""
    return patched(zipped({"报告.txt": bytes(octets)}), 22, 24, struct.pack("<I", claimed))


def zip_of_two_minds() -> bytes:
    """The local header has the name in GBK without a flag, the directory in UTF-8 with it: zipfile refuses that."""
    name = "报告一二三.txt"
    archive = zipped({name: b"report"})
    octets = bytearray(archive)
    gbk = name.encode("gb18030").ljust(len(name.encode("utf-8")), b"_")
    octets[30 : 30 + len(gbk)] = gbk
    octets[6:8] = b"\0\0"
    return bytes(octets)


def overlapping_zip(entries: int = 500, size: int = 4 << 20) -> bytes:
    """Many entries of the directory that share one run of compressed zeros (a bomb after David Fifield)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(bytes(size)) + deflate.flush()
    checksum = zlib.crc32(bytes(size))
    sizes = struct.pack("<III", checksum, len(packed), size)
    local = _LOCAL + struct.pack("<5H", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 1, 0) + b"a" + packed
    directory = b"".join(
        _CENTRAL + struct.pack("<6H", 20, 20, 0, 8, 0, 33) + sizes + struct.pack("<5HII", 5, 0, 0, 0, 0, 0, 0)
        + b"%05d" % number for number in range(entries)
    )  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, entries, entries, len(directory), len(local), 0)
    return local + directory + end


def bomb_zip(megabytes: int) -> bytes:
    """One honest entry of zeros."""
    return zipped({"zeros.bin": bytes(megabytes << 20)})


def crowded_zip(entries: int = 70_000) -> bytes:
    """Very many empty files."""
    return zipped({f"f{number}": b"" for number in range(entries)}, method=zipfile.ZIP_STORED)


def last_volume() -> bytes:
    """The last part of a split zip, whose directory is on disk 2."""
    archive = bytearray(zipped({"报告.txt": b"x" * 100}))
    at = archive.rfind(b"PK\5\6")
    archive[at + 4 : at + 6] = b"\2\0"
    return bytes(archive)


def tarred(
    files: Mapping[str, bytes] = FILES, *, link: str = "", encoding: str = "utf-8", form: int = tarfile.GNU_FORMAT
) -> bytes:
    """A tar archive; with `link`, also a symbolic link to that."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", encoding=encoding, format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo("链接")
            member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member)
    return sink.getvalue()


def gzipped(content: bytes, name: bytes = b"") -> bytes:
    """A gzip file, with the name that its header tells."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = b"\x1f\x8b\x08" + (b"\x08" if name else b"\0") + bytes(6) + (name + b"\0" if name else b"")
    return head + deflate.compress(content) + deflate.flush() + struct.pack("<II", zlib.crc32(content), len(content))


def xz_bomb(megabytes: int) -> bytes:
    """Zeros, packed about 7000-fold."""
    return lzma.compress(bytes(megabytes << 20))


# RAR cannot be made with anything free. What follows are archives of stored files, header by header.


def rar5(files: Mapping[str, bytes] = FILES, *, encrypted: bool = False, volume: bool = False, link: str = "") -> bytes:
    """A RAR 5 archive; `encrypted`: its headers; `volume`: one part of a set; `link`: the target of each file."""
    blocks = [b"Rar!\x1a\x07\x01\x00"]
    if encrypted:
        blocks.append(_block5(4, b"\0\0\x0f" + bytes(16)) + bytes(64))
        return b"".join(blocks)
    blocks.append(_block5(1, _number(1 if volume else 0)))
    for name, content in files.items():
        raw = name.encode("utf-8")
        fields = [0x04, len(content), 0x20]  # a checksum follows; size; attributes
        body = b"".join(map(_number, fields)) + zlib.crc32(content).to_bytes(4, "little")
        body += b"".join(map(_number, (0, 1, len(raw)))) + raw
        target = link.encode()
        record = b"".join(map(_number, (5, 1, 0, len(target)))) + target if link else b""
        blocks += [_block5(2, body, data=len(content), extra=_number(len(record)) + record if link else b""), content]
    return b"".join([*blocks, _block5(5, _number(1 if volume else 0))])


def _block5(kind: int, body: bytes, data: int = 0, extra: bytes = b"") -> bytes:
    flags = (0x02 if data else 0) | (0x01 if extra else 0)
    sizes = (_number(len(extra)) if extra else b"") + (_number(data) if data else b"")
    header = _number(kind) + _number(flags) + sizes + body + extra
    header = _number(len(header)) + header
    return zlib.crc32(header).to_bytes(4, "little") + header


def _number(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


def rar4(files: Mapping[str, bytes], *, main: int = 0, encoding: str = "gb18030") -> bytes:
    """A RAR 4 archive with names in a code page. `main`: flags of the archive: 1 part of a set, 0x80 locked headers."""
    blocks = [b"Rar!\x1a\x07\x00", _block4(0x73, main, bytes(6))]
    for name, content in files.items():
        raw = name.encode(encoding)
        body = struct.pack("<IIBIIBBHI", len(content), len(content), 2, zlib.crc32(content), 0, 20, 0x30, len(raw), 32)
        blocks += [_block4(0x74, 0x8000, body + raw), content]
    return b"".join([*blocks, _block4(0x7B, 0x4000, b"")])


def _block4(kind: int, flags: int, body: bytes) -> bytes:
    header = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(header) & 0xFFFF) + header


def seven_zipped(files: Mapping[str, bytes] = FILES, *, password: str | None = None, hidden: bool = False) -> bytes:
    """A 7z archive; `hidden`: even the names want the password. Needs py7zr."""
    import py7zr

    sink = io.BytesIO()
    with py7zr.SevenZipFile(sink, "w", password=password, header_encryption=hidden) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return sink.getvalue()


def healthy() -> Iterable[tuple[str, bytes]]:
    """One sound archive of each format that needs no optional library, with its format."""
    yield "zip", zipped()
    yield "zip", zipped(names="gbk")
    yield "tar", tarred()
    yield "gz", gzipped(b"report " * 500, "总结.txt".encode("gb18030"))
    yield "xz", lzma.compress(b"report " * 500)
