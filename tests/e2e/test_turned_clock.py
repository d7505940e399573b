"""The machine's clock jumps by days, forwards and back, under the running service: nothing lost, nothing twice.

Debian's libfaketime turns the wall clock of the service alone, not the clock that nobody turns.
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.warm import Warm
from tests.e2e.test_service import wait_until
from tests.e2e.test_supervision import ended, serving
from tests.e2e.world import World, address, complete, mail, report
from tests.servers.dovecot import Dovecot
from tests.servers.faketime import library
from tests.servers.smtp import SmtpSink

pytestmark = pytest.mark.server

SLEEP = """
import threading, time
time.sleep = lambda seconds: threading.Event().wait(seconds)
"""
"""Under libfaketime 0.9.10 Python's own sleep, until an instant of the monotonic clock, ends with EINVAL."""
STAFF = "rck@ji.shandong.cn"


@dataclass
class Turned:
    """A running service whose clock the test turns, by days from the true time."""

    world: World
    offset: Path

    def turn(self, days: int) -> None:
        """In one step: the library reads the file whenever somebody asks what time it is."""
        fresh = self.offset.with_suffix(".fresh")
        fresh.write_text(f"{days:+}d\n", encoding="ascii")
        fresh.replace(self.offset)

    def digests(self) -> list[str]:
        letters = self.world.letters(STAFF)
        return [letter.get_body(("plain",)).get_content() for letter in letters]  # type: ignore[union-attr]

    def answers(self) -> Counter[str]:
        return Counter(letter["To"] for letter in self.world.letters() if letter["To"] != STAFF)

    def settle(self, octets: bytes, who: str, times: int = 1) -> None:
        """Deliver a mail and wait for its answer."""
        self.world.deliver(octets)
        wait_until(lambda: self.answers()[who] == times, 60)


@pytest.fixture
def turned(tmp_path: Path, user: str, dovecot: Dovecot, sink: SmtpSink, warm: Warm) -> Iterator[Turned]:
    world = World(tmp_path, user, dovecot, sink, warm=warm)
    world.configure(digest_at="00:00")
    turned = Turned(world, tmp_path / "offset")
    turned.turn(0)
    service = serving(
        world,
        SLEEP,
        LD_PRELOAD=str(library()),
        FAKETIME_TIMESTAMP_FILE=str(turned.offset),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        NO_FAKE_STAT="1",
    )
    try:
        yield turned
    finally:
        service.send_signal(signal.SIGTERM)
        output = ended(service)
    assert service.returncode == 0, output
    assert "Traceback" not in output
    assert output.count("clock-turned") == 4, output


def test_jumps_of_days_change_no_answer_and_make_one_digest_a_date(turned: Turned) -> None:
    """Today, three days back, 400 days ahead, today again, tomorrow."""
    wait_until(lambda: len(turned.digests()) == 1, 60)
    turned.settle(complete("370826"), address("370826"))
    turned.turn(-3)
    wait_until(lambda: len(turned.digests()) == 2, 60)
    turned.settle(complete("370883"), address("370883"))
    turned.turn(400)
    wait_until(lambda: len(turned.digests()) == 3, 60)
    turned.settle(complete("370881"), address("370881"))
    turned.turn(0)
    more = mail("370826", {"微山县总结报告（修改）.docx": report("微山县") + b"\0"})
    turned.settle(more, address("370826"), 2)
    turned.turn(1)
    wait_until(lambda: len(turned.digests()) == 4, 60)

    assert turned.answers() == {address("370826"): 2, address("370883"): 1, address("370881"): 1}
    days = [re.search(r"(\d+年\d+月\d+日) ·", text)[1] for text in turned.digests()]  # type: ignore[index]
    assert len(set(days)) == 4
    assert [news(text) for text in turned.digests()] == [[], ["M000001"], ["M000002"], ["M000003", "M000004"]]
    units = turned.world.status()["units"]
    assert [unit["late"] for unit in units] == [False, False, False], "lateness is the mail server's word"


def news(digest: str) -> list[str]:
    """The mails that a digest tells as news."""
    return re.findall(r"M\d{6}", digest.split("三、", 1)[1].split("四、", 1)[0])
