"""The documents say what the code does: commands, stages, keys with their defaults, codes, JSON, links."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.domain.faults import CODES, REASONS
from intake.domain.finding import Severity
from intake.entry import cli, commands, rehearsal
from intake.entry.schema import NoticeEntry, RequirementEntry, Site, UnitEntry

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
DESIGN = PROJECT / "docs/design.md"


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def chapter(path: Path, title: str) -> str:
    """What stands under a heading of the second level, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text_of(path), re.MULTILINE | re.DOTALL)
    assert found, f"{path.name} has no chapter {title!r}"
    return found[1]


def rows(markdown: str) -> Iterator[list[str]]:
    """The cells of every table row whose first cell is one word of code, that word bare."""
    for line in markdown.splitlines():
        if line.startswith("| `"):
            first, *rest = (cell.strip() for cell in line.strip("|").split(" | "))
            yield [first.strip("` "), *rest]


@pytest.mark.parametrize("name", sorted(cli.cli.commands))
@pytest.mark.parametrize("document", ["README.md", "README.zh.md"])
def test_every_command_has_an_example(document: str, name: str) -> None:
    assert re.search(rf"run_intake\.py( --config \S+)? {name}\b", text_of(PROJECT / document))


def test_the_examples_are_commands_and_options_that_exist() -> None:
    for document in DOCUMENTS:
        for found in re.finditer(r"run_intake\.py(?: --config \S+)? ([a-z]+)((?: --?[a-z]+)*)", text_of(document)):
            command = cli.cli.commands[found[1]]
            known = {option for parameter in command.params for option in parameter.opts}
            assert set(found[2].split()) <= known, f"{document.name}: {found[0]}"


def test_the_stages_are_the_headings_of_the_flow() -> None:
    headings = re.findall(r"^## (.+)$", text_of(PROJECT / "docs/flow.md"), re.MULTILINE)
    assert headings[:5] == ["receive", "examine", "deliver", "retain", "digest"]


def test_the_modules_and_functions_that_the_flow_names_exist() -> None:
    code: defaultdict[str, str] = defaultdict(str)
    for path in PROJECT.glob("intake/**/*.py"):
        code[path.name] += text_of(path)
    for module, function in re.findall(r"`(?:\S+/)?(\w+\.py): (\w+)`", text_of(PROJECT / "docs/flow.md")):
        assert re.search(rf"(def|class) {function}\b", code[module]), f"{module}: {function}"


def keys(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, str]:
    """Every key of a table of the configuration with its default as the documents write it."""
    found: dict[str, str] = {}
    for each in msgspec.structs.fields(struct):
        if isinstance(each.type, type) and issubclass(each.type, msgspec.Struct):
            found |= keys(each.type, f"{prefix}{each.encode_name}.")
        else:
            found[prefix + each.encode_name] = default(each)
    return found


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def test_every_key_of_the_configuration_is_documented_with_its_default() -> None:
    expected = keys(Site) | keys(UnitEntry, "unit.") | keys(NoticeEntry) | keys(RequirementEntry, "requirement.")
    told = {key: default for key, default, *_ in rows(chapter(DESIGN, "Keys and defaults"))}
    assert told == expected


def test_every_finding_code_is_documented() -> None:
    told = {code: severity for code, severity, *_ in rows(chapter(DESIGN, "Finding codes"))}
    assert told.keys() == CODES | {"<requirement key>-missing"}
    assert set(told.values()) <= set(Severity)
    assert {code: told[code] for code in told if code in _severities()} == _severities()


def _severities() -> dict[str, str]:
    return {reason.code: reason.severity for reason in REASONS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        linked = (document.parent / name).resolve() if name else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_line_of_prose_is_endless(document: Path) -> None:
    prose = (line for line in text_of(document).splitlines() if not line.startswith(("|", " ", "{")))
    assert max(map(len, prose)) <= 120


def json_examples() -> dict[str, Any]:
    """The examples of the chapter on JSON: of judge, then of status."""
    judged, status = re.findall(r"```json\n(.*?)```", chapter(DESIGN, "JSON"), re.DOTALL)
    return {"judge": json.loads(judged), "status": json.loads(status)}


def shape(value: Any) -> Any:
    """Keys all the way down, those of the first object for a list; finding details differ and are left out."""
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else []
    if not isinstance(value, dict):
        return None
    if "code" in value and "severity" in value:
        return sorted(("code", "severity", "material"))
    return {key: shape(each) for key, each in value.items()}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The repository's configuration, its records in a folder of the test."""
    folder = tmp_path / "config"
    for source in (PROJECT / "config").rglob("*.toml"):
        copy = folder / source.relative_to(PROJECT / "config")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text_of(source).replace("../data", "data"), encoding="utf-8")
    return folder


def test_the_judge_example_has_the_keys_that_judge_prints(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "kjj@example.cn", "微山县科技活动周总结材料"
    mail.set_content("视频见 https://pan.baidu.com/s/1abcdef")
    mail.add_attachment("微山县".encode(), maintype="text", subtype="plain", filename="说明.txt")
    (tmp_path / "mail.eml").write_bytes(mail.as_bytes())
    now = datetime(2024, 6, 5, tzinfo=UTC)
    assert rehearsal.judge_files(config, now, verbose=False, as_json=True, files=(tmp_path / "mail.eml",)) == 0
    _assert_same_shape(capsys, "judge")


def test_the_status_example_has_the_keys_that_status_prints(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime(2024, 6, 5, tzinfo=UTC)
    assert commands.status(config, now, verbose=False, as_json=True, notice_id=None) == 0
    _assert_same_shape(capsys, "status")


def _assert_same_shape(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert shape(json.loads(capsys.readouterr().out)) == shape(json_examples()[name])
