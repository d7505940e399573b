"""docs/reliability.md names tests for everything it promises; they exist, as do those that docs/security.md names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docs/reliability.md").read_text(encoding="utf-8")
INVARIANTS = dict(re.findall(r"^\*\*(\d+)\. (.*?)(?=^\*\*\d+\. |^#|\Z)", TEXT, re.MULTILINE | re.DOTALL))
EXPECTED = {*range(1, 17), 21, 22, 25, 26, 27, 28, 30, 31}
SECURITY = (PROJECT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT + SECURITY)))


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_no_invariant_has_got_lost() -> None:
    assert set(map(int, INVARIANTS)) == EXPECTED


@pytest.mark.parametrize("number", sorted(INVARIANTS, key=int))
def test_every_invariant_names_a_test(number: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::\w+`", INVARIANTS[number])


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_the_tests_that_are_named_exist(path: str, name: str) -> None:
    assert name in functions(path)
