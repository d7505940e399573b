"""The command line: quick to answer, an example for every command, and exit statuses that cron and systemd read."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from intake.entry.cli import cli, main

REPOSITORY = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "run_intake.py"]
HEAVY = ("sqlalchemy", "alembic", "av", "PIL", "jinja2", "imapclient", "mailparser", "msgspec", "apscheduler")
COMMANDS = (
    "demo", "serve", "work", "poll", "digest", "status", "show", "judge", "check",
    "held", "release", "retry", "assign", "forget", "attach", "extend", "accept", "export", "audit", "fsck", "backup",
    "seal", "purge",
)  # fmt: skip


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, env={**os.environ, **environment},
        check=False,
    )  # fmt: skip


def help_of(name: str) -> str:
    return CliRunner().invoke(cli, [name, "--help"], prog_name="run_intake.py").output


def test_the_commands_are_those_of_the_contract() -> None:
    assert sorted(cli.commands) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_what_it_does_and_shows_an_example(name: str) -> None:
    command = cli.commands[name]
    example = f"python run_intake.py {name}"

    assert command.get_short_help_str(limit=200).endswith((".", "。"))
    assert example in help_of(name) or f"{name}\n" in help_of(name).replace(
        "python run_intake.py --config /etc/intake ", ""
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    options = [each for each in cli.commands[name].params if isinstance(each, click.Option)]

    assert all(option.help for option in options)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_parsed(name: str) -> None:
    """An example that does not fit its own command would be the first thing that a user finds out."""
    lines = [
        line.split("python run_intake.py ")[1] for line in help_of(name).splitlines() if "python run_intake.py " in line
    ]
    assert lines
    for line in lines:
        words = line.replace('"领导同意，视频3分05秒"', "x").replace("*.eml", "README.md").split()
        words = words[words.index(name) + 1 :]
        words = ["README.md" if word.endswith((".eml", ".mp4")) else word for word in words]
        cli.commands[name].make_context(name, words, resilient_parsing=False)


def test_help_is_there_at_once_and_imports_nothing_heavy() -> None:
    code = f"import sys, intake.entry.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_help_starts_fast() -> None:
    """Seconds of processor: what else the machine does is not its fault."""
    took = []
    for _again in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(took) < 0.3, f"the best of five took {min(took):.2f} s"


def test_the_start_page_says_how_to_start_and_where_passwords_come_from() -> None:
    page = run("--help").stdout

    for word in ("demo", "check", "serve", "INTAKE_IMAP_PASSWORD", "INTAKE_SMTP_PASSWORD", "64", "75", "78"):
        assert word in page


def test_the_version_is_told() -> None:
    done = run("--version")

    assert (done.returncode, done.stderr) == (0, "")


Main = Callable[..., int]


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> Main:
    """Runs the command line in this process; its exit status. A traceback would be an exception here."""

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["run_intake.py", *words])
        return main()

    return run


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["show"],
        ["status", "--xml"],
        ["--now", "yesterday", "status"],
        ["digest", "--print", "--send"],
        ["digest", "--date", "today"],
        ["judge"],
        ["judge", "nowhere.eml"],
        ["accept", "M000001"],
        ["extend", "微山县", "soon"],
    ],
)
def test_wrong_usage_exits_64_with_a_reason(status: Main, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*words) == os.EX_USAGE
    assert "Error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["status"], ["check"], ["poll"], ["held"], ["serve"], ["judge", __file__], ["digest"], ["show", "M1"]]
)
def test_a_faulty_configuration_exits_78_with_every_problem(
    status: Main, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "intake.toml").write_text("[imap]\nport = 0\n")

    assert status("--config", str(tmp_path), *words) == os.EX_CONFIG
    told = "".join(capsys.readouterr())
    for problem in ("imap.port", "imap.host", "smtp", "units.toml", "notices/"):
        assert problem in told


def test_the_process_ends_with_the_status_and_without_a_traceback() -> None:
    usage, config = run("nonsense"), run("--config", "/nowhere", "status")

    assert (usage.returncode, config.returncode) == (os.EX_USAGE, os.EX_CONFIG)
    assert "Traceback" not in usage.stderr + config.stderr


@pytest.mark.parametrize("head", ["", "2", "3f9c0a7b21de045", "3f9c0a7b21de045g", "0" * 65])
def test_a_piece_of_a_hash_proves_nothing(head: str) -> None:
    """Every chain has an event whose hash begins so."""
    done = run("audit", "verify", "--head", head)

    assert (done.returncode, done.stdout) == (os.EX_USAGE, "")
    assert "copy all 16 characters" in done.stderr
