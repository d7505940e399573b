"""One hostile input, alone and with a good mail behind it, which must be answered within two polls."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from intake.adapters.records.stories import mail_story
from tests.e2e.world import address, complete, mail, report
from tests.pipeline.office import Office

VICTIM, GOOD = "370826", "370883"
"""The unit that is to be harmed, and the one that only wants its answer."""
KNOWN = address(VICTIM)
EVIL = "evil@x.example"


@dataclass(frozen=True)
class Suffered:
    """What became of one mail."""

    story: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.story[key]

    @property
    def sender(self) -> str | None:
        """Its one From address; None when there is none."""
        return self.story["from"] or None

    @property
    def tier(self) -> str:
        return str(self.story["identity"])

    @property
    def codes(self) -> set[str]:
        """Of the mail and of everything in it."""
        materials = [code["code"] for each in self.story["materials"] for code in each["findings"]]
        return {each["code"] for each in self.story["findings"]} | set(materials)

    @property
    def counted(self) -> list[str]:
        return [each["origin"] for each in self.story["materials"] if each["counted"]]

    @property
    def is_held(self) -> bool:
        return self.story["disposition"] == "HELD"


class Ordeal:
    """`suffer` is the whole of it; `office` may be looked at afterwards."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def suffer(self, *hostile: bytes) -> list[Suffered]:
        """Deliver and poll; then a good mail comes. What became of the hostile ones, which must not change by it."""
        for octets in hostile:
            self.office.world.deliver(octets)
        assert self.office.poll() is None
        alone = self.stories(len(hostile))
        self.office.world.deliver(complete(GOOD))
        for _poll in range(2):
            assert self.office.poll() is None
        assert len(self.office.world.letters(address(GOOD))) == 1
        assert self.office.states()["parked"] == 0
        assert [each["state"] for each in alone] == ["decided"] * len(hostile)
        assert [each["disposition"] for each in self.stories(len(hostile))] == [each["disposition"] for each in alone]
        return alone

    def stories(self, number: int) -> list[Suffered]:
        with self.office.app.database.reading() as session:
            found = [mail_story(session, each) for each in range(1, number + 1)]
        return [Suffered(story) for story in found if story is not None]

    def answers(self, to: str | None = None) -> list[Any]:
        """All letters but the one to the good mail."""
        return [letter for letter in self.office.world.letters(to) if address(GOOD) not in str(letter["To"])]


Suffer = Callable[..., list[Suffered]]


def own_mail(files: dict[str, bytes] | None = None, **more: Any) -> bytes:
    """The victim's submission, by default its report."""
    return mail(VICTIM, {"总结报告.docx": report("微山县")} if files is None else files, **more)


def with_head(octets: bytes, *lines: bytes, without: bytes = b"") -> bytes:
    """The mail with header lines put on top, and all fields of a name taken away."""
    head, _, body = octets.partition(b"\r\n\r\n")
    if without:
        head = re.sub(rb"(?im)^" + without + rb":[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n", b"", head + b"\r\n")[:-2]
    return b"".join(line + b"\r\n" for line in lines) + head + b"\r\n\r\n" + body
