"""The pieces that mails are put together from, octet by octet: each client's habits show in what it wrote."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from email.utils import format_datetime

from intake.entry.demo import media
from intake.entry.demo.mails import TO
from intake.entry.demo.samples import BEIJING, report, video

__all__ = [
    "PLEASE", "TO", "WORD", "arrived", "attached", "crlf", "film", "multipart", "page",
    "part", "photo", "screenshot", "summary", "text", "wire", "word",
]  # fmt: skip

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PLEASE = "市科技局人才科：\n    现将我单位2024年科技活动周总结材料报上，请查收。\n"


def arrived(when: str, sender: str, head: str | bytes, content: bytes) -> bytes:
    """A mail as our server keeps it: its own Received line, the head the client wrote, the content with its type.

    `when` is in 2024; "{date}" in the head becomes that day in the client's Date line.
    """
    moment = datetime.strptime(f"2024-{when}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    domain = sender.rpartition("@")[2]
    mark = f"{binascii.crc32(sender.encode() + when.encode()):08x}"
    received = (
        f"Received: from smtp.{domain} (smtp.{domain} [192.0.2.61])\n by mx.ji.shandong.cn with ESMTPS"
        f" id {mark}; {format_datetime(moment)}\n"
    )
    octets = head.encode() if isinstance(head, str) else head
    return wire(received) + crlf(octets.replace(b"{date}", format_datetime(moment).encode())) + content


def wire(text: str) -> bytes:
    """Text as header lines: CRLF throughout."""
    return crlf(text.encode())


def crlf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def word(text: str, label: str, codec: str, *, quoted: bool = False, every: int = 12) -> str:
    """Encoded words (RFC 2047) of so many characters each, one line each; `quoted` writes "Q", else "B"."""
    pieces = [text[at : at + every].encode(codec) for at in range(0, len(text), every)]
    if quoted:
        octets = ["".join(f"={octet:02X}" for octet in piece) for piece in pieces]
        return "\n ".join(f"=?{label}?Q?{each}?=" for each in octets)
    return "\n ".join(f"=?{label}?B?{base64.b64encode(piece).decode()}?=" for piece in pieces)


def part(head: str, content: bytes, encoding: str = "base64") -> bytes:
    """One body part: what the client wrote above it, its transfer encoding as its last line, the encoded content."""
    return wire(f"{head}\nContent-Transfer-Encoding: {encoding}\n\n") + carried(content, encoding)


def carried(content: bytes, encoding: str = "base64") -> bytes:
    match encoding.lower():
        case "base64":
            return base64.encodebytes(content).replace(b"\n", b"\r\n")
        case "quoted-printable":
            return crlf(binascii.b2a_qp(content.replace(b"\r\n", b"\n")))
        case _:
            return content


def attached(kind: str, named: str, content: bytes) -> bytes:
    """A file as most programs attach one; `named` is its name as it travels."""
    head = f'Content-Type: {kind};\n\tname="{named}"\nContent-Disposition: attachment;\n\tfilename="{named}"'
    return part(head, content)


def text(said: str, kind: str, label: str, codec: str, encoding: str = "base64") -> bytes:
    """A text part; most clients write the charset in quotes, on a line of its own."""
    content = said.replace("\n", "\r\n").encode(codec)
    return part(f'Content-Type: text/{kind};\n\tcharset="{label}"', content, encoding)


def multipart(kind: str, boundary: str, *parts: bytes, preamble: str = "", after: str = "") -> bytes:
    """A multipart with its type line; `after` are further lines of its head, `preamble` what old readers would show."""
    mark = b"--" + boundary.encode()
    head = wire(f'Content-Type: multipart/{kind};\n\tboundary="{boundary}"\n{after}\n{preamble}')
    body = b"".join(b"\r\n" + mark + b"\r\n" + each.removesuffix(b"\r\n") + b"\r\n" for each in parts)
    return head + body + b"\r\n" + mark + b"--\r\n"


def page(said: str) -> str:
    """Text as paragraphs of HTML."""
    return "".join(f"<div>{line.strip() or '<br>'}</div>" for line in said.strip().split("\n"))


def photo(seed: int) -> bytes:
    """A JPEG just large enough to be a photo and no sticker."""
    return media.photo(456, 342, seed)


def screenshot(seed: int) -> bytes:
    """A PNG just large enough for the same."""
    return media.png(420, 50, seed)


def film(seconds: int = 60, ending: str = "mp4") -> bytes:
    return video(f"film.{ending}", seconds).octets


def summary(short: str) -> bytes:
    """The report of a unit as a docx."""
    return report(short).octets
