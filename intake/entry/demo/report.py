"""What the demo did, mail by mail: on the terminal, and as files beside one another in its folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from intake.domain.digest import MailLine
from intake.entry.demo.samples import Sample

_REF = re.compile(r"\[(M\d+)\]$")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(octets: bytes) -> EmailMessage:
    """A letter of ours, parsed."""
    letter = message_from_bytes(octets, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    return letter


def by_ref(letters: Iterable[bytes]) -> dict[str, bytes]:
    """Letters by the number of the mail they answer, which ends their subject."""
    found = ((_REF.search(str(read(letter)["Subject"])), letter) for letter in letters)
    return {match[1]: letter for match, letter in found if match}


def keep(out: Path, number: int, sample: Sample, letter: bytes | None) -> None:
    """Write a mail and its answer under the same name."""
    name = f"{number:02}-{sample.name}.eml"
    for folder, octets in (("mails", sample.octets), ("letters", letter)):
        (out / folder).mkdir(exist_ok=True)
        if octets is not None:
            (out / folder / name).write_bytes(octets)


def keep_digest(out: Path, octets: bytes) -> str:
    """Write the digest as it was mailed, its page and its workbook; its subject."""
    (out / "digest.eml").write_bytes(octets)
    letter = read(octets)
    page = letter.get_body(("html",))
    if page is not None:
        (out / "digest.html").write_text(page.get_content(), encoding="utf-8")
    for part in letter.iter_attachments():
        if part.get_content_type() == _XLSX:
            (out / "digest.xlsx").write_bytes(part.get_content())
    return str(letter["Subject"])


def paragraph(sample: Sample, line: MailLine | None, letter: bytes | None) -> str:
    """Who sent what, what was decided and why, what the answer's subject says."""
    head = f"{line.ref if line else '-':<8} {sample.received:%m-%d %H:%M}  {_padded(_who(sample, line), 14)}  "
    indent = "\n" + " " * _width(head)
    answer = str(read(letter)["Subject"]) if letter else "(no answer)"
    return f"{head}{sample.story}{indent}{_decision(line)}{indent}{answer}"


def _who(sample: Sample, line: MailLine | None) -> str:
    if line is not None and line.unit is not None:
        return line.unit.short
    return sample.make().sender[0]


def _decision(line: MailLine | None) -> str:
    if line is None:
        return "not read"
    codes = dict.fromkeys(finding.code for finding in line.findings)
    return "  ".join([line.disposition or ("PARKED" if line.parked else "undecided"), ", ".join(codes)]).rstrip()


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, columns: int) -> str:
    return text + " " * max(0, columns - _width(text))
