"""Awkward mails, built octet by octet: no mail library, so that what is wrong in them is wrong on purpose."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from intake.adapters.blobs import BlobStore
from intake.adapters.mail.reader import read_mail
from intake.domain.mail import Message
from intake.domain.material import Material

NAMES = "朱镕基、喆、燊、䶮、𠮷"
TITLE = f"二〇二四年度{NAMES}工作总结"
"""Characters that gb2312 lacks and mails labelled gb2312 are full of."""

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 5 + b"\xff"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(reversed(range(256))) * 9 + b"moov"
REPORT = b"PK\x03\x04" + b"\x14\0\0\0--B\r\n--B--\r\n" * 40

_JPEG, _MP4 = b"Content-Type: image/jpeg", b"Content-Type: video/mp4"


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail and the files that are in it, decoded; `text` is a piece of what its reader sees."""

    name: str
    octets: bytes
    files: tuple[bytes, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a mail gave, with the octets of its materials."""

    message: Message
    materials: tuple[Material, ...]
    contents: tuple[bytes, ...]

    @property
    def names(self) -> list[str]:
        return [each.filename for each in self.materials]


def read(octets: bytes, folder: Path) -> Reading:
    """Read a mail from a file in `folder`, with a blob store beside it."""
    raw = folder / "mail.eml"
    raw.write_bytes(octets)
    blobs = BlobStore(folder / "blobs")
    message, materials = read_mail(raw, blobs)
    return Reading(message, materials, tuple(blobs.path(each.sha256).read_bytes() for each in materials))


def encoded(content: bytes, encoding: str = "base64") -> bytes:
    """Content as it travels, with CRLF line ends."""
    if encoding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return binascii.b2a_qp(content, istext=False).replace(b"\n", b"\r\n")
    return content


def part(content: bytes, headers: bytes = b"", encoding: str = "base64") -> bytes:
    """One body part; `headers` are whole lines without the last line end."""
    block = [headers, b"Content-Transfer-Encoding: " + encoding.encode()]
    return b"\r\n".join(line for line in block if line) + b"\r\n\r\n" + encoded(content, encoding)


def text_part(text: str, kind: str = "plain", charset: str = "utf-8", encoding: str = "base64") -> bytes:
    """A text part in a charset; an empty charset declares none."""
    declared = f'; charset="{charset}"' if charset else ""
    codec = {"gb2312": "gb18030", "": "utf-8"}.get(charset, charset)
    return part(text.encode(codec), f"Content-Type: text/{kind}{declared}".encode(), encoding)


def multipart(parts: Iterable[bytes], kind: str = "mixed", boundary: bytes = b"B", end: bytes = b"--") -> bytes:
    """A multipart with its own header; `end` is what follows the last delimiter's boundary."""
    delimiter = b"\r\n--" + boundary
    body = b"".join(delimiter + b"\r\n" + each for each in parts)
    head = b"Content-Type: multipart/" + kind.encode() + b'; boundary="' + boundary + b'"\r\n'
    return head + body + (delimiter + end + b"\r\n" if end else b"")


def mail(content: bytes, subject: bytes = b"=?utf-8?B?5oC757uT?=", sender: bytes = b"<kjj@weishan.gov.cn>") -> bytes:
    """A whole mail around a part, a multipart, or any octets that begin with a header."""
    return b"\r\n".join(
        [
            b"Received: from a by b; Tue, 4 Jun 2024 09:30:00 +0800",
            b"From: " + sender,
            b"To: jnkjjrck@ji.shandong.cn",
            b"Subject: " + subject,
            b"Message-ID: <1@weishan.gov.cn>",
            b"MIME-Version: 1.0",
            content,
        ]
    )


def word(text: str, charset: str = "gb2312", codec: str = "gb18030") -> bytes:
    """One encoded word (RFC 2047)."""
    return b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(text.encode(codec)))


def split_words(octets: bytes, cut: int, charsets: tuple[bytes, bytes]) -> bytes:
    """Two encoded words of one text, cut at any octet."""
    first, second = base64.b64encode(octets[:cut]), base64.b64encode(octets[cut:])
    return b"=?%s?B?%s?=\r\n =?%s?B?%s?=" % (charsets[0], first, charsets[1], second)


def continued(name: str, codec: str = "gb18030", charset: str = "gbk", width: int = 11) -> bytes:
    """A file name in RFC 2231 continuations, cut anywhere, also inside "%XX"."""
    whole = quote(name.encode(codec)).encode()
    pieces = [whole[at : at + width] for at in range(0, len(whole), width)]
    pieces[0] = charset.encode() + b"''" + pieces[0]
    return b";".join(b"\r\n filename*%d*=%s" % (index, piece) for index, piece in enumerate(pieces))


def attachment(content: bytes, name: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    """A part with a file name as it is written, quotes included where wanted."""
    return part(content, b"Content-Type: " + kind + b"\r\nContent-Disposition: attachment; filename=" + name)


def uuencoded(content: bytes, name: bytes) -> bytes:
    """A file between "begin" and "end"."""
    lines = [binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)]
    return b"begin 644 " + name + b"\n" + b"".join(lines) + b"`\nend\n"


def padded_by_line(content: bytes) -> bytes:
    """Base64 of which every line is padded for itself."""
    return b"\r\n".join(base64.b64encode(content[at : at + 40]) for at in range(0, len(content), 40)) + b"\r\n"


def well_formed() -> list[Sample]:
    """Mails as clients send them, every one without a fault."""
    qq_body = multipart([text_part("总结见附件"), text_part("<p>总结见附件</p>", "html")], "alternative", b"B-1")
    qq = multipart([qq_body, part(PHOTO, _JPEG + b"\r\nContent-ID: <0@A.PNG>")], "related", b"B-2")
    apple = [
        text_part("第一张"),
        part(PHOTO, _JPEG + b"; name=IMG_1.JPG\r\nContent-Disposition: inline; filename=IMG_1.JPG"),
        text_part("第二张"),
        part(VIDEO, _MP4 + b"\r\nContent-Disposition: inline"),
    ]
    inner = mail(multipart([text_part("转发"), attachment(REPORT, b'"a.docx"')], boundary=b"I"))
    forward = [text_part("见转发"), part(inner, b"Content-Type: message/rfc822", "8bit")]
    return [
        Sample("text", mail(text_part("您好")), (), "您好"),
        Sample("qq", mail(multipart([qq, attachment(REPORT, b'"r.docx"')])), (PHOTO, REPORT), "总结见附件"),
        Sample("apple", mail(multipart(apple)), (PHOTO, VIDEO), "第二张"),
        Sample("forwarded", mail(multipart(forward)), (REPORT,), "见转发"),
        Sample("image-only", mail(part(PHOTO, _JPEG)), (PHOTO,)),
        Sample("binary", mail(multipart([part(PHOTO, _JPEG, "binary")], boundary=b"=_x")), (PHOTO,)),
        Sample("quoted", mail(multipart([part(VIDEO, _MP4, "quoted-printable")])), (VIDEO,)),
        Sample("prefixed", mail(multipart([multipart([part(PHOTO, _JPEG)], boundary=b"B-1"), part(VIDEO, _MP4)])),
               (PHOTO, VIDEO)),
    ]  # fmt: skip


def awkward() -> list[Sample]:
    """Mails with a fault of structure, of header or of encoding that hides no file from us."""
    return [*_odd_structures(), *_odd_headers(), *_odd_encodings()]


_TWO = [text_part("正文"), part(PHOTO, _JPEG), part(VIDEO, _MP4)]
_WHOLE = mail(multipart(_TWO))
_BOTH = (PHOTO, VIDEO)


def _odd_structures() -> list[Sample]:
    alternative = multipart([text_part("正文")], "alternative")
    behind = multipart(_TWO[:2]) + b"\r\n--B\r\n" + _TWO[2] + b"\r\n--B--\r\n"
    around = _WHOLE.replace(b"\r\n--B", b"\r\nMIME\r\n--B", 1) + b"-- \r\n--Bx\r\n--"
    return [
        Sample("no end", mail(multipart(_TWO, end=b"")), _BOTH, "正文"),
        Sample("trailing blanks", _WHOLE.replace(b"--B\r\n", b"--B \t \r\n"), _BOTH, "正文"),
        Sample("LF only", _WHOLE.replace(b"\r\n", b"\n"), _BOTH, "正文"),
        Sample("CR only", _WHOLE.replace(b"\r\n", b"\r"), _BOTH, "正文"),
        Sample("LF header, CRLF body", _WHOLE.replace(b"\r\n", b"\n", 9), _BOTH, "正文"),
        Sample("wrong boundary", _WHOLE.replace(b'boundary="B"', b'boundary="C"'), _BOTH, "正文"),
        Sample("no boundary", _WHOLE.replace(b'; boundary="B"', b""), _BOTH, "正文"),
        Sample("same boundary", mail(multipart([alternative, *_TWO[1:]])), _BOTH, "正文"),
        Sample("parts behind the end", mail(behind), _BOTH, "正文"),
        Sample("first delimiter damaged", _WHOLE.replace(b"\r\n--B", b"\r\n--X", 1), _BOTH, "正文"),
        Sample("preamble and epilogue", around, _BOTH, "正文"),
    ]


def _odd_headers() -> list[Sample]:
    version = b"MIME-Version: 1.0\r\n"
    from_line = b"From kjj@weishan.gov.cn Tue Jun  4 09:30:00 2024\r\n"
    crowd = b"To: " + b"a <a@example.com>,\r\n " * 20_000
    return [
        Sample(
            "second content type", _WHOLE.replace(version, version + b"Content-Type: text/plain\r\n"), _BOTH, "正文"
        ),
        Sample("no content type", mail(multipart(_TWO).partition(b"\r\n")[2]), _BOTH, "正文"),
        Sample("broken subject", _WHOLE.replace(b"Message-ID", b"unindented rest\r\nMessage-ID"), _BOTH, "正文"),
        Sample("byte order mark", b"\xef\xbb\xbf" + _WHOLE, _BOTH, "正文"),
        Sample("mbox line", from_line + _WHOLE, _BOTH, "正文"),
        Sample("blank lines first", b"\r\n \r\n" + _WHOLE, _BOTH, "正文"),
        Sample("20,000 recipients", _WHOLE.replace(b"To: ", crowd), _BOTH, "正文"),
    ]


def _odd_encodings() -> list[Sample]:
    based = b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = base64.encodebytes(multipart(_TWO).partition(b"\r\n")[2])
    junk = b"!!!" + b"*\r\n".join(encoded(PHOTO).split(b"\r\n"))
    pdf = b"%PDF-1.4\n" + VIDEO
    eml = attachment(_WHOLE, '"转发.eml"'.encode())
    text = "\r\n正文\r\n".encode() + uuencoded(PHOTO, b"a.jpg") + b"bye\r\n"
    return [
        Sample("base64 mail", mail(b"Content-Type: message/rfc822" + based + base64.encodebytes(_WHOLE)), _BOTH),
        Sample("base64 mail in the clear", mail(b"Content-Type: message/rfc822" + based + _WHOLE), _BOTH),
        Sample("base64 multipart", mail(b"Content-Type: multipart/mixed; boundary=B" + based + body), _BOTH, "正文"),
        Sample("eml file", mail(multipart([eml])), _BOTH),
        Sample("base64;", mail(part(PHOTO, _JPEG)).replace(b": base64", b": Base64;"), (PHOTO,)),
        Sample("junk in base64", mail(_JPEG + based + junk), (PHOTO,)),
        Sample("padded by line", mail(_JPEG + based + padded_by_line(PHOTO)), (PHOTO,)),
        Sample("footer", mail(part(PHOTO, _JPEG)) + b"\r\n-- \r\nThis list has a footer\r\n", (PHOTO,)),
        Sample("pdf as text", mail(part(pdf, b"Content-Type: text/plain")), (pdf,)),
        Sample("uuencoded in text", mail(text), (PHOTO,), "正文"),
    ]
