"""Where prose meets values: the templates, the filters they may use, and the words for each finding.

Text and HTML come from two environments over the same files, so that a macro escapes in the one and not in
the other; jinja2 decides about escaping when it compiles a macro, not when a template calls it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro

from intake.adapters.letters.clean import clean
from intake.domain.finding import Detail, Finding
from intake.domain.letter import Rendered
from intake.domain.notice import Requirement

BANNER_PLACE = "<!--banner-->"
"""A comment at the head of every HTML body: what is put before a letter goes here."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding on its way to words: `name` is the cleaned origin of its material, `requirement` the Chinese name."""

    code: str
    detail: Detail
    name: str = ""
    requirement: str = ""


def remark(finding: Finding, requirements: Mapping[str, Requirement], name: str = "") -> Remark:
    """A finding with the names that its words need, taken from `requirements` by key."""
    wanted = requirements.get(finding.requirement or "")
    return Remark(finding.code, finding.detail, clean(name), wanted.name if wanted else "")


class Words:
    """The templates of an office. Directories are searched in order: an office's own ones come first."""

    def __init__(self, template_dirs: Sequence[Path], zone: ZoneInfo) -> None:
        self._zone = zone
        self._plain = self._environment(template_dirs, escape=False)
        self._marked = self._environment(template_dirs, escape=True)
        self._inliner = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)

    def codes(self) -> frozenset[str]:
        """Every finding code that has words of its own; "<requirement key>-missing" share theirs."""
        return frozenset(name.replace("_", "-") for name in _macros(self._plain, FINDINGS)) - {GENERIC_MISSING}

    def line(self, name: str, **values: object) -> str:
        """A template as one line of plain text: a subject."""
        return clean(self._plain.get_template(name).render(values), limit=200)

    def text(self, name: str, **values: object) -> str:
        """A template as plain text, no line with blanks at its end, no two empty lines in a row."""
        filled = self._plain.get_template(name).render(values)
        lines = "\n".join(line.rstrip() for line in filled.splitlines())
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"

    def table(self, name: str, **values: object) -> list[list[str]]:
        """A template as a table: a line a row, cells divided by TAB."""
        filled = self._plain.get_template(name).render(values)
        return [line.split("\t") for line in filled.splitlines() if line.strip()]

    def page(self, name: str, **values: object) -> str:
        """A template as HTML with its styles beside the elements, as mail clients want them."""
        return self._inliner.inline(self._marked.get_template(name).render(values))

    def shadowed(self, rendered: Rendered, recipient: str) -> Rendered:
        """The letter as it goes to staff in its recipient's place, saying so on top."""
        values = {"recipient": clean(recipient, limit=250), "subject": rendered.subject}
        banner = self._marked.get_template("letters/shadow.html").render(values)
        return replace(
            rendered,
            subject=self.line("letters/shadow.subject", **values),
            text=f"{self.text('letters/shadow.txt', **values)}\n{rendered.text}",
            html=rendered.html.replace(BANNER_PLACE, banner, 1),
        )

    def _environment(self, template_dirs: Sequence[Path], *, escape: bool) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(template_dirs),
            autoescape=escape,  # noqa: S701 - plain text is not HTML; every page comes from the one that escapes
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"clean": clean, "local": self._local, "pad": _pad}
        environment.filters |= _macros(environment, FIGURES)
        environment.globals["say"] = partial(_say, environment)
        return environment

    def _local(self, moment: datetime | str) -> datetime:
        """An aware moment (or its ISO 8601 form, as findings carry it) on the office's clock."""
        aware = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return aware.astimezone(self._zone)


FIGURES = "words/figures.j2"
FINDINGS = "words/findings.j2"
GENERIC_MISSING = "requirement-missing"


def _macros(environment: Environment, template: str) -> dict[str, Macro]:
    members = vars(environment.get_template(template).module)
    return {name: member for name, member in members.items() if isinstance(member, Macro)}


def _pad(text: str, columns: int) -> str:
    """`text` filled up with blanks to a width in columns of a fixed font, where East Asian characters take two."""
    width = sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
    return text + " " * max(columns - width, 1)


def _say(environment: Environment, said: Remark) -> list[str]:
    """The words of a remark, line by line: what was found, then how to repair it."""
    macros = _macros(environment, FINDINGS)
    generic = GENERIC_MISSING if said.code.endswith("-missing") else said.code
    macro = macros[generic.replace("-", "_")]
    known = {**said.detail, "name": said.name, "requirement": said.requirement}
    words = macro(**{key: known[key] for key in macro.arguments if key in known})
    return [line for line in words.splitlines() if line.strip()]
