"""The passwords of the mailbox and of the outgoing server: from the environment, or from a file that it names.

They are read anew at each use, so that a changed file needs no restart.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from intake.entry.config import Config, ConfigError

IMAP, SMTP = "INTAKE_IMAP_PASSWORD", "INTAKE_SMTP_PASSWORD"
BYTE_ORDER_MARK = "\ufeff"


def password_problems(config: Config, environment: Mapping[str, str] | None = None) -> list[str]:
    """Everything that is wrong with what the environment holds; empty when all that is needed can be used."""
    found: list[str] = []
    for name in (IMAP, *([SMTP] if config.site.smtp.username else [])):
        try:
            secret(name, environment)
        except ConfigError as error:
            found += error.problems
    return found


def imap_password(environment: Mapping[str, str] | None = None) -> str:
    """The password (authorisation code) of the mailbox; ConfigError when there is none that can be used."""
    return secret(IMAP, environment)


def smtp_password(config: Config, environment: Mapping[str, str] | None = None) -> str | None:
    """The password for sending; None, and nothing is read, when there is no user name to log in with."""
    return secret(SMTP, environment) if config.site.smtp.username else None


def secret(name: str, environment: Mapping[str, str] | None = None) -> str:
    """A secret by the name of its environment variable, or from the file that NAME_FILE names.

    Without the byte order mark and the line end that editors leave. ConfigError when there is none, when the file
    cannot be read, and for anything but printable ASCII: no server could be told it.
    """
    environment = os.environ if environment is None else environment
    source = name if name in environment else f"{name}_FILE"
    if source not in environment:
        raise ConfigError([f"{name}: not set; put the password there, or the path of a file with it into {name}_FILE"])
    text = environment[name] if source == name else _content(source, environment[source])
    text = text.removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")
    if not text:
        raise ConfigError([f"{source}: is empty; needed is the password"])
    if not re.fullmatch(r"[ -~]+", text):
        raise ConfigError([f"{source}: holds more than printable ASCII; needed is the password on one line"])
    return text


def _content(source: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError([f"{source}: cannot read {path}: {error}"]) from None
