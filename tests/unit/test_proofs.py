"""Proofs of letters: the office's own templates are tried before a letter depends on them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.entry.app import App
from intake.entry.config import load
from intake.entry.proofs import letter_problems

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    return tmp_path / "config"


def override(site: Path, name: str, old: str, new: str) -> str:
    """Puts an own template beside the configuration, once changed; its path and the changed line."""
    text = (REPOSITORY / "templates" / name).read_text(encoding="utf-8")
    assert old in text
    own = site / "templates" / name
    own.parent.mkdir(parents=True)
    own.write_text(text.replace(old, new, 1), encoding="utf-8")
    return f"{own}:{text[: text.index(old)].count(chr(10)) + 1}"


def problems(site: Path) -> list[str]:
    return letter_problems(App(load(site), lambda: datetime.now(UTC)))


def test_the_repositorys_own_templates_are_in_order(site: Path) -> None:
    assert problems(site) == []


def test_a_good_override_is_in_order(site: Path) -> None:
    override(site, "words/findings.j2", "文件大小为0字节", "文件是空的")

    assert problems(site) == []


MISTAKES = [
    ("words/reply.j2", "{{ reply.ref }}", "{{ reply.reference }}", "reference"),
    ("words/reply.j2", "{% macro waiting() %}", "{% macro waiting() %", "expected token"),
    ("words/findings.j2", "{% macro file_locked() %}", "{% macro file_locked() %}{{ nonsense }}", "nonsense"),
    ("words/findings.j2", "已于{{ expires|month_day }}", "{{ expires|nonsense }}", "nonsense"),
    ("words/findings.j2", "{% if size %}（{{ size|octets }}）{% endif %}", "{{ size|octets }}", "None"),
    ("words/figures.j2", "{% macro date(value) -%}", "{% macro date(value) -", "expected token"),
    ("words/digest.j2", "row.unit.phone }}{% else %}", "row.unit.telephone }}{% else %}", "telephone"),
    ("words/digest.j2", "line.expires|stamp }}", "line.expired|stamp }}", "expired"),
    ("words/digest.j2", "_without_seccomp() %}", "_without_seccomp() %}{{ nowhere }}", "nowhere' is undefined"),
    ("letters/digest.html", "{% import", "{% imports", "imports"),
    ("letters/digest.txt", "words.title_about()", "words.about_title()", "about_title"),
    ("letters/shadow.txt", "{{ recipient }}", "{{ receiver }}", "receiver"),
    ("letters/reply.html", "{% block title %}", "{% block title %}{{ 1 // 0 }}", "zero"),
    ("letters/base.html", "<!DOCTYPE", '{% include "nowhere.html" %}<!DOCTYPE', "nowhere.html"),
    ("export/index.tsv", "row.path", "row.way", "way"),
]


@pytest.mark.parametrize(("name", "old", "new", "word"), MISTAKES, ids=[f"{each[0]} {each[3]}" for each in MISTAKES])
def test_a_mistake_is_told_with_its_template_and_line(site: Path, name: str, old: str, new: str, word: str) -> None:
    place = override(site, name, old, new)
    (told,) = {line for line in problems(site) if word in line}

    assert told.startswith(f"{place}: "), told


def test_a_code_without_words_is_named(site: Path) -> None:
    override(site, "words/findings.j2", "{% macro file_locked() %}", "{% macro file_blocked() %}")

    assert problems(site) == ["templates: LookupError: words/findings.j2 has no macro for file-locked"]
