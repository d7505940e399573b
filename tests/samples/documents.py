"""Sample documents, written octet by octet: no office suite, no PDF library, Chinese text throughout."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from xml.sax.saxutils import escape

from intake.entry.demo.documents import docx, docx_parts, locked_office, ole, zipped

__all__ = [
    "doc", "docx", "docx_parts", "docx_with_pictures", "locked_office", "locked_pdf", "odt", "ofd", "ole", "pdf",
    "pdf_bomb", "pdf_of_pictures", "rtf", "zipped",
]  # fmt: skip

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFD = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def odt(lines: Iterable[str], pictures: Iterable[bytes] = (), *, macro: bool = False) -> bytes:
    """An OpenDocument text, with pictures, with a Basic macro."""
    extra: dict[str, str | bytes] = {f"Pictures/{number}.jpg": picture for number, picture in enumerate(pictures)}
    extra |= {"Basic/Standard/Module1.xml": "<module/>"} if macro else {}
    body = "".join(f"<text:p>{escape(line)}</text:p>" for line in lines)
    spaces = "urn:oasis:names:tc:opendocument:xmlns"
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f'{_XML}<office:document-content xmlns:office="{spaces}:office:1.0" '
            f'xmlns:text="{spaces}:text:1.0"><office:body><office:text>{body}</office:text></office:body>'
            "</office:document-content>",
            **extra,
        }
    )


def ofd(pages: Iterable[Iterable[str]], pictures: Iterable[bytes] = ()) -> bytes:
    """An OFD document (GB/T 33190-2016): one inner iterable of lines per page; pictures among its resources."""
    parts: dict[str, str | bytes] = {
        "OFD.xml": f"{_XML}<ofd:OFD {_OFD} Version='1.1' DocType='OFD'><ofd:DocBody><ofd:DocInfo>"
        "<ofd:DocID>1</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    }
    references = []
    for number, lines in enumerate(pages):
        location = f"Pages/Page_{number}/Content.xml"
        references.append(f'<ofd:Page ID="{number + 1}" BaseLoc="{location}"/>')
        parts[f"Doc_0/{location}"] = _ofd_page(lines)
    parts["Doc_0/Document.xml"] = (
        f"{_XML}<ofd:Document {_OFD}><ofd:Pages>{''.join(references)}</ofd:Pages></ofd:Document>"
    )
    parts |= {f"Doc_0/Res/image_{number}.jpg": picture for number, picture in enumerate(pictures)}
    return zipped(parts)


def _ofd_page(lines: Iterable[str]) -> str:
    objects = "".join(
        f'<ofd:TextObject ID="{20 + row}" Boundary="20 {20 + row * 10} 170 8" Font="3" Size="5">'
        f'<ofd:TextCode X="0" Y="5">{escape(line)}</ofd:TextCode></ofd:TextObject>'
        for row, line in enumerate(lines)
    )
    return f'{_XML}<ofd:Page {_OFD}><ofd:Content><ofd:Layer ID="10">{objects}</ofd:Layer></ofd:Content></ofd:Page>'


_CHINESE_FONT = (
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >>"
    b" /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [-25 -254 1000 880]"
    b" /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >>"
)


def pdf(lines: Iterable[str], *, pages: int = 1) -> bytes:
    """A PDF whose text, Chinese too, can be extracted: a CID font with a predefined character map, nothing embedded."""
    return _pdf(list(lines), pages, trailer="")


def docx_with_pictures(title: str, pictures: Iterable[bytes]) -> bytes:
    """A Word document that carries pictures, as Word and WPS store them."""
    media = {f"word/media/image{number}.jpeg": picture for number, picture in enumerate(pictures, 1)}
    return zipped({**docx_parts(title, ()), **media})


def pdf_of_pictures(pages: Iterable[tuple[bytes, int, int]]) -> bytes:
    """A PDF as a scanner makes it: one JPEG per page, given with its width and height; equal ones are stored once."""
    shown = list(pages)
    pictures = list(dict.fromkeys(shown))
    first_page = 4 + len(pictures)
    kids = " ".join(f"{first_page + number} 0 R" for number in range(len(shown)))
    drawing = b"q 500 0 0 700 40 60 cm /Im Do Q"
    return _pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(shown)} >>".encode("ascii"),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawing), drawing),
            *(_pdf_picture(*picture) for picture in pictures),
            *(_pdf_page_of(4 + pictures.index(picture)) for picture in shown),
        ],
        trailer="",
    )


def _pdf_picture(jpeg: bytes, width: int, height: int) -> bytes:
    return (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
        b" /Filter /DCTDecode /Length %d >>\nstream\n%b\nendstream" % (width, height, len(jpeg), jpeg)
    )


def _pdf_page_of(picture: int) -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R"
        b" /Resources << /XObject << /Im %d 0 R >> >> >>" % picture
    )


def locked_pdf(lines: Iterable[str] = ("locked",)) -> bytes:
    """A PDF that wants a password: its /Encrypt dictionary fits no password, which looks the same from outside."""
    encrypt = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'41' * 32}> /U <{'42' * 32}> /P -4 >> "
    return _pdf(list(lines), 1, trailer=f"{encrypt}/ID [<{'43' * 16}> <{'43' * 16}>] ")


def pdf_bomb(megabytes: int = 128) -> bytes:
    """A PDF of a few hundred octets whose page inflates to that many megabytes, deflated twice."""
    inner = zlib.compressobj(9)
    once = b"".join(inner.compress(b" " * (1 << 20)) for _ in range(megabytes)) + inner.flush()
    stream = zlib.compress(once, 9)
    return _pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%b\nendstream" % (len(stream), stream),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R >>",
        ],
        trailer="",
    )


def _pdf(lines: list[str], pages: int, trailer: str) -> bytes:
    shown = "\n".join(f"<{line.encode('utf-16-be').hex()}> Tj 0 -24 Td" for line in lines)
    stream = f"BT /F1 16 Tf 60 780 Td\n{shown}\nET".encode("ascii")
    kids = " ".join(f"{6 + number} 0 R" for number in range(pages))
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode("ascii"),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>",
        _CHINESE_FONT,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        *([page.encode("ascii")] * pages),
    ]
    return _pdf_file(objects, trailer)


def _pdf_file(objects: list[bytes], trailer: str) -> bytes:
    octets = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(octets))
        octets += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(octets)
    octets += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode("ascii")
    octets += "".join(f"{offset:010d} 00000 n \n" for offset in offsets).encode("ascii")
    octets += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer}>>\nstartxref\n{table}\n%%EOF\n".encode(
        "ascii"
    )
    return bytes(octets)


def rtf(lines: Iterable[str]) -> bytes:
    """A rich text file of code page 936, as WPS and WordPad write it."""
    body = "\\par\n".join("".join(_rtf_character(character) for character in line) for line in lines)
    head = "{\\rtf1\\ansi\\ansicpg936\\deff0{\\fonttbl{\\f0\\fnil\\fcharset134 SimSun;}}{\\*\\generator Sample;}\n"
    return (head + "\\f0\\fs24 " + body + "\\par}").encode("ascii")


def _rtf_character(character: str) -> str:
    if character in "\\{}":
        return "\\" + character
    return character if character.isascii() else "".join(f"\\'{octet:02x}" for octet in character.encode("gb18030"))


def doc(lines: Iterable[str], *, locked: bool = False) -> bytes:
    """A Word 97 document, which WPS writes as .doc and .wps alike; `locked` sets the flag of a password."""
    text = "\r".join(lines) + "\r"
    encoded = text.encode("utf-16-le")
    count = len(encoded) // 2
    text_at = 0x800
    fib = bytearray(text_at)
    struct.pack_into("<HH", fib, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", fib, 0x0A, 0x0200 | (0x0100 if locked else 0))
    struct.pack_into("<i", fib, 0x4C, count)
    pieces = struct.pack("<IIHIH", 0, count, 0, text_at, 0)
    table = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    struct.pack_into("<II", fib, 0x1A2, 0, len(table))
    return ole({"1Table": table, "WordDocument": bytes(fib) + encoded})
