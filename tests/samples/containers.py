"""Sample containers of mail: Outlook's winmail.dat and .msg, and signed mail, written octet by octet."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Attached:
    """An attachment of a winmail.dat: its title is what MS-DOS would call it; `inner` is a mail instead of a file."""

    content: bytes = b""
    title: bytes = b"REPORT~1.DOC"
    long_name: str | bytes | None = None
    inner: bytes | None = None
    detached: bool = False


def tnef(attachments: Iterable[Attached], *, codepage: int = 936, behind: bytes = b"") -> bytes:
    """A winmail.dat; `behind` comes after its end."""
    octets = b"\x78\x9f\x3e\x22\x01\x00"
    octets += _attribute(1, 0x00089006, b"\0\0\1\0") + _attribute(1, 0x00069007, struct.pack("<II", codepage, 0))
    for each in attachments:
        octets += _attribute(2, 0x00069002, bytes(14)) + _attribute(2, 0x00018010, each.title + b"\0")
        if each.inner is None and not each.detached:
            octets += _attribute(2, 0x0006800F, each.content)
        octets += _attribute(2, 0x00069005, _properties(each))
    return octets + behind


def _attribute(level: int, name: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def _properties(each: Attached) -> bytes:
    """A named property first, then numbers, then what matters: readers must step over what they do not know."""
    named = struct.pack("<HH16sIII", 0x000B, 0x8001, bytes(16), 0, 7, 1)
    texts = struct.pack("<HHI", 0x101F, 0x3A0C, 2) + _padded(b"a\0\0\0") + _padded("科技".encode("utf-16-le") + b"\0\0")
    found = [named, texts, struct.pack("<HHI", 0x0003, 0x3705, 1)]
    if isinstance(each.long_name, str):
        found.append(struct.pack("<HHI", 0x001F, 0x3707, 1) + _padded(each.long_name.encode("utf-16-le") + b"\0\0"))
    elif each.long_name is not None:
        found.append(struct.pack("<HHI", 0x001E, 0x3707, 1) + _padded(each.long_name + b"\0"))
    if each.inner is not None:
        interface = bytes.fromhex("0703020000000000c000000000000046")
        found.append(struct.pack("<HHI", 0x000D, 0x3701, 1) + _padded(interface + each.inner))
    return struct.pack("<I", len(found)) + b"".join(found)


def _padded(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value.ljust(-(-len(value) // 4) * 4, b"\0")


Tree: TypeAlias = Mapping[str, "bytes | Tree"]

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def msg(attachments: Mapping[str, bytes], *, inner: Mapping[str, Mapping[str, bytes]] | None = None) -> bytes:
    """A saved Outlook mail; `inner`: mails attached to it, by subject, with their own attachments.

    What is shorter than 4096 octets is filled up with zeros.
    """
    return compound(_message(attachments, inner or {}))


def _message(attachments: Mapping[str, bytes], inner: Mapping[str, Mapping[str, bytes]]) -> Tree:
    tree: dict[str, bytes | Tree] = {"__properties_version1.0": bytes(32)}
    for name, content in attachments.items():
        tree[f"__attach_version1.0_#{len(tree) - 1:08X}"] = {
            "__properties_version1.0": bytes(8),
            "__substg1.0_37010102": content,
            "__substg1.0_3707001F": name.encode("utf-16-le"),
            "__substg1.0_3704001E": b"SHORT~1.DOC",
        }
    for subject, own in inner.items():
        tree[f"__attach_version1.0_#{len(tree) - 1:08X}"] = {
            "__properties_version1.0": bytes(8),
            "__substg1.0_3701000D": {**_message(own, {}), "__substg1.0_0037001F": subject.encode("utf-16-le")},
        }
    return tree


@dataclass
class _Directory:
    """The entries of a compound file ([MS-CFB] version 3), and its streams, as they are laid out."""

    entries: list[bytes] = field(default_factory=list)
    chains: list[int] = field(default_factory=list)
    payload: bytearray = field(default_factory=bytearray)

    def add(self, name: str, node: bytes | Tree, right: int) -> int:
        """Add an entry with all below it; its number."""
        number = len(self.entries)
        self.entries.append(b"")
        if isinstance(node, bytes):
            body = node.ljust(4096, b"\0")
            self.entries[number] = _entry(name, 2, (right, _FREE), len(self.chains), len(body))
            sectors = -(-len(body) // _SECTOR)
            self.chains += [*range(len(self.chains) + 1, len(self.chains) + sectors), _END]
            self.payload += body.ljust(sectors * _SECTOR, b"\0")
        else:
            child = _FREE
            for below in sorted(node, key=lambda each: (len(each), each.upper()), reverse=True):
                child = self.add(below, node[below], child)
            self.entries[number] = _entry(name, 1 if number else 5, (right, child), 0 if number else _END, 0)
        return number


def compound(tree: Tree) -> bytes:
    directory = _Directory()
    directory.add("Root Entry", tree, _FREE)
    octets = b"".join(directory.entries)
    sectors = -(-len(octets) // _SECTOR)
    first = len(directory.chains)
    chains = [*directory.chains, *range(first + 1, first + sectors), _END]
    tables = 1
    while tables * 128 < len(chains) + tables:
        tables += 1
    at = len(chains)
    table = (chains + [_FAT] * tables + [_FREE] * (tables * 128))[: tables * 128]
    numbers = (tables, first, 0, 4096, _END, 0, _END, 0)
    signature = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header = struct.pack("<8s16xHHHHH6xI8I", signature, 0x3E, 3, 0xFFFE, 9, 6, 0, *numbers)
    places = struct.pack("<109I", *[*range(at, at + tables), *[_FREE] * 109][:109])
    return header + places + directory.payload + octets.ljust(sectors * _SECTOR, b"\0") + struct.pack(
        f"<{len(table)}I", *table
    )  # fmt: skip


def _entry(name: str, kind: int, links: tuple[int, int], start: int, size: int) -> bytes:
    """`links`: the next entry beside this one, and the first below it."""
    encoded = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHBBIII16xI8x8xIQ", encoded, len(encoded), kind, 1, _FREE, *links, 0, start, size)


def der(tag: int, *contents: bytes, definite: bool = True) -> bytes:
    """One element of DER, or of BER without a length."""
    content = b"".join(contents)
    if not definite:
        return bytes([tag, 0x80]) + content + b"\0\0"
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


_DATA, _SIGNED, _ENVELOPED = (bytes.fromhex(f"2a864886f70d0107{number}") for number in ("01", "02", "03"))


def signed(content: bytes | None, *, chunk: int = 0) -> bytes:
    """An smime.p7m around a MIME entity. `chunk`: BER as OpenSSL streams it, in octet strings of this size."""
    definite = not chunk
    if chunk and content is not None:
        parts = [der(0x04, content[at : at + chunk]) for at in range(0, len(content), chunk)]
        octets = der(0x24, *parts, definite=False)
    else:
        octets = der(0x04, content or b"")
    explicit = der(0xA0, octets, definite=definite) if content is not None else b""
    encapsulated = der(0x30, der(0x06, _DATA), explicit, definite=definite)
    algorithms = der(0x31, der(0x30, der(0x06, bytes.fromhex("608648016503040201")), definite=definite))
    body = der(0x30, der(0x02, b"\1"), algorithms, encapsulated, der(0x31), definite=definite)
    return der(0x30, der(0x06, _SIGNED), der(0xA0, body, definite=definite), definite=definite)


def enveloped() -> bytes:
    """An encrypted mail."""
    return der(0x30, der(0x06, _ENVELOPED), der(0xA0, der(0x30, der(0x02, b"\0"), der(0x31))))
