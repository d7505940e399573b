"""A server that cannot be reached is asked less and less often, and at once again when it answers."""

from __future__ import annotations

import pytest

from intake.entry.lull import Lull
from intake.ports import Deferred, LoginRefused, Unreachable


class Server:
    """Counts who comes; `trouble` is raised at them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.trouble: Exception | None = Unreachable("no route")
        self.lull = Lull(lambda: self.now, lambda: 0.0)

    def ask(self) -> None:
        with self.lull.respected():
            self.asked += 1
            if self.trouble:
                raise self.trouble

    def asked_at(self, seconds: float) -> bool:
        """Whether the server is asked when so much time has passed."""
        self.now += seconds
        before = self.asked
        with pytest.raises(Unreachable):
            self.ask()
        return self.asked > before


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    server = Server()
    assert server.asked_at(0)
    for pause in (5, 10, 20, 40, 80, 160, 320, 640, 900, 900):
        assert not server.asked_at(pause - 1)
        assert server.asked_at(1)


def test_who_is_kept_waiting_learns_for_how_long_and_why() -> None:
    server = Server()
    server.asked_at(0)
    with pytest.raises(Unreachable, match="failed 1 times in a row, not tried again for 5 s: no route"):
        server.ask()


@pytest.mark.parametrize("answer", [None, Deferred("one folder is closed"), LoginRefused("no")])
def test_an_answer_of_any_sort_ends_the_pauses(answer: Exception | None) -> None:
    server = Server()
    for pause in (0, 5, 10):
        server.asked_at(pause)
    server.trouble = answer
    server.now += 20
    if answer:
        with pytest.raises(type(answer)):
            server.ask()
    else:
        server.ask()
    server.trouble = Unreachable("no route")
    assert server.asked_at(0)
    assert not server.asked_at(4)
    assert server.asked_at(1)
