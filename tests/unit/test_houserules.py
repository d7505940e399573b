"""The house rules that a machine can check: small functions and files, a promise per module, words in templates."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = sorted((REPOSITORY / "intake").rglob("*.py"))
LONGEST_FUNCTION = 45
LONGEST_FILE = 300

MATCH_CHINESE = {
    "domain/robots.py": "subjects of Chinese automatic replies and bounces",
    "domain/recognise.py": "what people call photos, videos and attachments",
    "domain/secrecy.py": "how classified papers are marked",
    "adapters/imap/junk.py": "what servers call the folders for unwanted mail",
    "adapters/imap/refusals.py": "how providers word a refused login",
    "adapters/mail/charsets.py": "what Chinese text consists of",
    "adapters/mail/links.py": "how providers word links and expiry",
    "adapters/mail/quotes.py": "how mail programs head quoted mail",
}
"""The only modules whose code may hold Chinese: their job is to match it. What people read lives in templates/."""
MAKE_CHINESE = re.compile(r"entry/demo/")
"""The demonstration writes mails as counties would."""

CHINESE = re.compile("[\u3400-\u9fff]")


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY / "intake").as_posix()


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 50


def test_every_module_says_what_it_promises() -> None:
    assert [name(path) for path in MODULES if not ast.get_docstring(nodes(path)[0])] == []  # type: ignore[arg-type]


def test_no_file_is_too_long() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    """Migrations are generated, and read once."""
    lengths = {
        f"{name(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        if "migrations/versions" not in name(path)
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {function: lines for function, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_no_code_holds_chinese_words() -> None:
    """Docstrings and comments may cite an example; what a program does or says may not be worded in code."""
    wordy = {name(path): _spoken(path) for path in MODULES if not MAKE_CHINESE.search(name(path))}

    assert {file: words for file, words in wordy.items() if words and file not in MATCH_CHINESE} == {}
    assert {file for file in MATCH_CHINESE if not wordy.get(file)} == set(), "who needs no exception has none"


def _spoken(path: Path) -> list[str]:
    cited = {id(node.value) for node in nodes(path) if isinstance(node, ast.Expr)}
    constants = [node.value for node in nodes(path) if isinstance(node, ast.Constant) and id(node) not in cited]
    return [value for value in constants if isinstance(value, str) and CHINESE.search(value)]


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b")

    assert [name(path) for path in MODULES if marks.search(path.read_text(encoding="utf-8"))] == []


LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-audit.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_installed_is_locked_by_hashes(name: str) -> None:
    """Every requirement of a lock is one version with its hashes, from no index in particular."""
    lock = (REPOSITORY / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in lock.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pinned = re.compile(r"[a-z0-9-]+(\[[a-z]+\])?==\S+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+")

    assert lines
    assert [line for line in lines if not pinned.fullmatch(line.strip())] == []


def test_nothing_is_installed_past_the_locks() -> None:
    """What comes without a wheel is built with tools of a lock: pip would fetch the newest ones, unchecked."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    installed = re.findall(r"pip install (.*)", makefile)

    assert len(installed) >= len(LOCKS)
    for how in installed:
        assert "--require-hashes" in how
        assert "--no-build-isolation" in how or "--only-binary :all:" in how
    assert set(LOCKS) <= set(re.findall(r"--requirement (\S+)", makefile))
