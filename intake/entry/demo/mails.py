"""Mails as the programs of county offices write them: encoded words, file names in raw GBK, pictures in signatures."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Literal

TO = "jnkjjrck@ji.shandong.cn"
_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "jpg": "image/jpeg", "png": "image/png", "mp4": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A file in a mail. One with a `content_id` is a picture shown in the HTML text, not an attachment."""

    name: str
    octets: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """How a mail program writes: the charset it declares, the codec it uses, and what it does with Chinese names."""

    mailer: str
    label: str
    codec: str
    names: Literal["words", "raw", "rfc2231"] = "words"


QQ = Program("QQMail 2.x", "utf-8", "utf-8")
COREMAIL = Program("Coremail Webmail Server Version XT6.0.5", "gb2312", "gb18030")
FOXMAIL = Program("Foxmail 7.2.25.245[cn]", "GB2312", "gb18030", "rfc2231")
OLD = Program("DreamMail 4.6.9.2", "gb2312", "gbk", "raw")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a sender means to write. `sender` is display name and address; `extra` are further header lines."""

    sender: tuple[str, str]
    subject: str
    text: str
    files: Sequence[File] = ()
    html: str = ""
    program: Program = QQ
    extra: tuple[str, ...] = ()


def compose(mail: Mail, received: datetime) -> bytes:
    """The mail as our server keeps it, received at this time: its Received line on top, CRLF throughout."""
    name, address = mail.sender
    mark = sha256(f"{address} {mail.subject} {received.isoformat()}".encode()).hexdigest()[:24]
    domain = address.rpartition("@")[2]
    lines = [
        f"Received: from mail.{domain} (mail.{domain} [192.0.2.25])\r\n by mx.ji.shandong.cn with ESMTP"
        f" id {mark[:12]}; {format_datetime(received)}".encode(),
        b"From: " + _header(name, mail.program) + f" <{address}>".encode(),
        b"To: " + TO.encode(),
        b"Subject: " + _header(mail.subject, mail.program),
        f"Date: {format_datetime(received)}".encode(),
        f"Message-ID: <{mark}@{domain}>".encode(),
        f"X-Mailer: {mail.program.mailer}".encode(),
        *(line.encode() for line in mail.extra),
        b"MIME-Version: 1.0",
    ]
    return b"\r\n".join(lines) + b"\r\n" + _content(mail, mark)


def _content(mail: Mail, mark: str) -> bytes:
    """The text, with the pictures shown in it, then the attached files; each level only where it is needed."""
    body = _text(mail.text, "plain", mail.program)
    if mail.html:
        body = _multipart("alternative", mark, [body, _text(mail.html, "html", mail.program)])
    shown = [_file(each, mail.program) for each in mail.files if each.content_id]
    attached = [_file(each, mail.program) for each in mail.files if not each.content_id]
    body = _multipart("related", mark, [body, *shown]) if shown else body
    return _multipart("mixed", mark, [body, *attached]) if attached else body


def _multipart(kind: str, mark: str, parts: Iterable[bytes]) -> bytes:
    boundary = f"----=_{kind}_{mark}".encode()
    inside = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{kind};\r\n boundary="'.encode() + boundary + b'"\r\n\r\n'
    return head + inside + b"--" + boundary + b"--\r\n"


def _text(text: str, kind: str, program: Program) -> bytes:
    head = f'Content-Type: text/{kind}; charset="{program.label}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + _base64(text.replace("\n", "\r\n").encode(program.codec))


def _file(file: File, program: Program) -> bytes:
    media_type = _TYPES.get(file.name.rpartition(".")[2].lower(), "application/octet-stream").encode()
    named = _parameter("name", file.name, program)
    head = b"Content-Type: " + media_type + b";\r\n " + named + b"\r\nContent-Transfer-Encoding: base64\r\n"
    if file.content_id:
        head += f"Content-ID: <{file.content_id}>\r\nContent-Disposition: inline".encode()
    else:
        head += b"Content-Disposition: attachment"
    return head + b";\r\n file" + named + b"\r\n\r\n" + _base64(file.octets)


def _parameter(key: str, value: str, program: Program) -> bytes:
    """Most programs here put encoded words between quotes, which RFC 2047 section 5 forbids and everybody reads."""
    if program.names == "rfc2231" and not value.isascii():
        percent = "".join(f"%{octet:02X}" for octet in value.encode(program.codec))
        return f"{key}*={program.label}''{percent}".encode()
    return f'{key}="'.encode() + _header(value, program) + b'"'


def _header(text: str, program: Program) -> bytes:
    if text.isascii():
        return text.encode()
    if program.names == "raw":
        return text.encode(program.codec)
    pieces = [text[at : at + 10] for at in range(0, len(text), 10)]
    words = (base64.b64encode(piece.encode(program.codec)).decode() for piece in pieces)
    return "\r\n ".join(f"=?{program.label}?B?{word}?=" for word in words).encode()


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")
