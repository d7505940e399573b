"""Containers that mail programs make: winmail.dat, saved Outlook mails, signed and encrypted mail."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.adapters.test_unpacking_archives import ending, opened
from tests.samples.containers import Attached, enveloped, msg, signed, tnef

ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "总结报告见附件。\r\n".encode() * 50


@pytest.mark.parametrize(
    ("attached", "path"),
    [
        (Attached(b"x", long_name="附件一：总结报告.docx"), "附件一：总结报告.docx"),
        (Attached(b"x", long_name="总结报告.docx".encode("gb18030")), "总结报告.docx"),
        (Attached(b"x", title="照片.jpg".encode("gb18030")), "照片.jpg"),
        (Attached(b"x", long_name="D:\\材料\\..\\总结.docx"), "总结.docx"),
        (Attached(b"x", long_name="", title=b""), "unnamed-1"),
    ],
    ids=["unicode", "ansi", "title", "path", "none"],
)
def test_names_in_a_winmail(tmp_path: Path, attached: Attached, path: str) -> None:
    found = opened(tmp_path, tnef([attached]), "tnef")
    assert (found.state, found.note, found.files) == ("sound", "", {path: b"x"})


def test_a_winmail_tells_its_code_page(tmp_path: Path) -> None:
    octets = tnef([Attached(b"x", long_name="résumé.doc".encode("cp1252"))], codepage=1252)
    assert list(opened(tmp_path, octets, "tnef").files) == ["résumé.doc"]


def test_a_mail_in_a_winmail_is_a_winmail(tmp_path: Path) -> None:
    inner = tnef([Attached(b"photo", long_name="照片.jpg")])
    found = opened(tmp_path, tnef([Attached(inner=inner, long_name="转发"), Attached(b"x")]), "tnef")
    assert found.files == {"转发.tnef": inner, "REPORT~1.DOC": b"x"}


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (tnef([]), ("sound", "empty")),
        (tnef([Attached(b"x")], behind=b"garbage" * 9), ("sound", "remainder")),
        (tnef([Attached(b"x"), Attached(detached=True)]), ("sound", "not-a-file")),
        (tnef([Attached(b"x" * 100)])[:-50], ("damaged", "unreadable")),
        (tnef([Attached(b"x" * 100, long_name="a")])[:250], ("damaged", "unreadable")),
        (tnef([Attached(b"x")] * 2001), ("refused", "too-many-files")),
        (b"\x78\x9f\x3e\x23", ("damaged", "unreadable")),
    ],
    ids=["nothing", "behind", "link", "cut", "cut-data", "crowd", "magic"],
)
def test_how_a_winmail_ends(tmp_path: Path, octets: bytes, expected: tuple[str, str]) -> None:
    assert ending(tmp_path, octets, "tnef") == expected


def test_a_saved_outlook_mail(tmp_path: Path) -> None:
    octets = msg({"总结报告.docx": b"r" * 5000}, inner={"转发：2024/5 总结": {"照片.jpg": b"p" * 6000}})
    found = opened(tmp_path, octets, "msg")
    assert (found.state, found.note) == ("sound", "")
    assert found.files == {"总结报告.docx": b"r" * 5000, "转发：2024_5 总结.msg/照片.jpg": b"p" * 6000}


def test_outlook_mails_that_stay_closed(tmp_path: Path) -> None:
    assert ending(tmp_path, msg({}), "msg") == ("sound", "empty")
    assert ending(tmp_path, msg({"a.docx": b"r" * 5000})[:2000], "msg") == ("damaged", "unreadable")


@pytest.mark.parametrize("chunk", [0, 1, 50, 10_000], ids=["der", "octets", "chunks", "one-chunk"])
def test_a_signed_mail(tmp_path: Path, chunk: int) -> None:
    found = opened(tmp_path, signed(ENTITY, chunk=chunk), "p7m")
    assert (found.state, found.note, found.files) == ("sound", "", {"smime.eml": ENTITY})


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (signed(None), ("sound", "signature-only")),
        (signed(None, chunk=5), ("sound", "signature-only")),
        (enveloped(), ("locked", "encrypted-mail")),
        (enveloped().replace(b"\x07\x03", b"\x07\x06"), ("locked", "encrypted-mail")),
        (enveloped().replace(b"\x07\x03", b"\x07\x05"), ("unmeasured", "method")),
        (signed(ENTITY)[:-300], ("damaged", "unreadable")),
        (signed(ENTITY, chunk=50)[:300], ("damaged", "unreadable")),
    ],
    ids=["signature", "signature-ber", "enveloped", "encrypted", "digested", "cut", "cut-ber"],
)
def test_how_signed_and_encrypted_mail_ends(tmp_path: Path, octets: bytes, expected: tuple[str, str]) -> None:
    assert ending(tmp_path, octets, "p7m") == expected


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl: signatures are only those of our own samples")
@pytest.mark.parametrize("options", [["-nodetach"], ["-nodetach", "-stream"], ["-encrypt"], []])
def test_what_openssl_makes(tmp_path: Path, options: list[str]) -> None:
    key, certificate, entity = (tmp_path / name for name in ("key.pem", "certificate.pem", "entity"))
    entity.write_bytes(ENTITY)
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "2"]
    subprocess.run([*openssl, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    command = ["openssl", "cms", "-outform", "DER", "-binary", "-in", entity, *options]
    command += [certificate] if "-encrypt" in options else ["-sign", "-signer", certificate, "-inkey", key]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    found = opened(tmp_path, made, "p7m")
    if "-encrypt" in options:
        assert (found.state, found.note) == ("locked", "encrypted-mail")
    else:
        assert found.files == ({"smime.eml": ENTITY} if options else {})
