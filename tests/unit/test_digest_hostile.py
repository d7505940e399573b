"""What strangers write is shown in the digest and does nothing there: in its text, its page, its tables."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.adapters.letters import digests
from intake.domain.digest import Digest, LetterLine, LinkLine, UnfetchedLine
from intake.domain.finding import Severity
from intake.domain.letter import Rendered
from intake.domain.mail import Locator
from intake.domain.verdict import Disposition
from tests.unit.digest_samples import HEALTH, NOW, UNITS, digest, finding, mail
from tests.unit.letter_samples import words

WORDS = words()
HOSTILE = (
    "\r\n", "\n.\n", "\x00", "\x0b", "\x85", "\u2028", "\u202e", "\u200d", "\ufeff", "\ud800", "\x1b[31m", "\t", "|",
    "→",
    "=?utf-8?q?=0ABcc:x?=", "{{7*7}}", "{% raw %}", "%s", "${x}", "<script>", "</p>", "<!--banner-->", "&#60;",
    '" onload="', "javascript:x", "<img src=http://x/y>", "<meta http-equiv=refresh>", "@import url(//x)", "</style>",
    "=HYPERLINK(\"http://x\")", "=1+1", "+1", "-1", "@SUM(1)", "\uff1d1+1", "\uff1cb\uff1e", "微山", "a" * 300,
)  # fmt: skip


def written_by(words: str) -> Digest:
    """A day on which every word that comes from outside is this."""
    seen = {"subject": words, "sender": f"{words} <x@y.example>"}
    link = finding("cloud-link", Severity.HOLD, "video", provider=words, filename=words, expires=None)
    failed = LetterLine("L000026", UNITS[8], words, words, words, 1, 1)
    return digest(
        needs_person=(
            mail("M000031", Disposition.HELD, None, finding("unit-unknown", Severity.HOLD), **seen),
            mail("M000033", Disposition.HELD, UNITS[5], link, **seen),
        ),
        news=(mail("M000029", Disposition.ACCEPTED, UNITS[0], **seen), mail("M000030", Disposition.HELD, None, **seen)),
        ignored=(mail("M000027", Disposition.IGNORED, None, finding("not-a-submission"), **seen),),
        failed_letters=(failed, replace(failed, doubts=2)),
        links=(LinkLine("M000033", UNITS[5], words, words, 5_000_000, None, words),),
        unfetched=(UnfetchedLine(Locator(words, 1, 1), NOW, 5, NOW - timedelta(hours=1), 2, words),),
        letters=replace(digest().letters, due=1, waiting_for=words),
        health=replace(HEALTH, last_error=words),
    )


def structure(html: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    found: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

        def handle_endtag(self, tag: str) -> None:
            found.append((f"/{tag}", []))

        def handle_comment(self, data: str) -> None:
            found.append((f"!{data}", []))

    Tags().feed(html)
    return found


def shapes(rendered: Rendered) -> list[list[int]]:
    """How many cells each row of each sheet has."""
    book = openpyxl.load_workbook(io.BytesIO(rendered.files[0][2]))
    return [[sum(cell is not None for cell in row) for row in sheet.iter_rows(values_only=True)] for sheet in book]


PLAIN = digests.render(WORDS, written_by("x"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=5).map("x".join).map("x{}x".format))
def test_what_is_written_from_outside_changes_no_line_no_tag_and_no_cell(hostile: str) -> None:
    rendered = digests.render(WORDS, written_by(hostile))
    assert len(rendered.text.splitlines()) == len(PLAIN.text.splitlines())
    assert structure(rendered.html) == structure(PLAIN.html)
    assert shapes(rendered) == shapes(PLAIN)
    assert rendered.subject == PLAIN.subject
    for told in (rendered.text, rendered.html):
        assert not [char for char in told if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs")]
    assert ("{{7*7}}" in rendered.text) == ("{{7*7}}" in hostile), "no template in it is filled in"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\uff1d"])
def test_a_cell_is_text_whatever_it_begins_with(first: str) -> None:
    octets = digests.render(WORDS, written_by(f'{first}HYPERLINK("http://x")')).files[0][2]
    cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(octets)) for row in sheet.iter_rows() for cell in row]
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert {cell.data_type for cell in cells if "HYPERLINK" in str(cell.value)} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_a_megabyte_of_words_makes_no_megabyte_of_digest() -> None:
    rendered = digests.render(WORDS, written_by("长" * 1_000_000))
    assert len(rendered.text) < 2 * len(PLAIN.text) + 10_000
    assert len(rendered.html) < 2 * len(PLAIN.html) + 10_000


def test_no_address_in_it_can_be_clicked() -> None:
    html = digests.render(WORDS, written_by("http://evil.example/x www.evil.example javascript:x")).html
    assert not [
        tag for tag, attrs in structure(html) if tag == "a" or any(name in ("href", "src") for name, _ in attrs)
    ]


def test_numbers_of_people_are_hidden_and_those_of_the_roster_are_not() -> None:
    rendered = digests.render(WORDS, written_by("张三13812345678，370826199001011234"))
    book = openpyxl.load_workbook(io.BytesIO(rendered.files[0][2]))
    cells = " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    for told in (rendered.text, rendered.html, cells):
        assert "张三138****5678，370826********1234" in told
        assert "13812345678" not in told
        assert "0537-" in told, "the roster's phones are there to be called"
