"""Characters that nobody sees: no name is shown with them, and no number hides behind them."""

from __future__ import annotations

import pytest

from intake.adapters.letters.clean import clean
from intake.domain.masking import masked
from intake.domain.unseen import is_unseen

UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u180f\u200b\u200d\u202e\u2060\u2065\u2066\u2800\u3164\ufe00\ufe0f\ufeff"
    "\uffa0\ufff0\U0001d173\U000e0000\U000e0020\U000e0fff\x00\x1b\ud800"
)
SEEN = "报告a1 ·\u3000★é\U000e0100\ue000\U00020000🌟"
"""Also what distinguishes rare characters of names: variation selectors of ideographs, private use."""


@pytest.mark.parametrize("char", UNSEEN, ids=[f"U+{ord(char):04X}" for char in UNSEEN])
def test_what_nobody_sees_is_neither_shown_nor_hides_a_number(char: str) -> None:
    assert is_unseen(char)
    assert clean(f"报告{char}fdp.exe") == "报告fdp.exe"
    assert masked(f"1381{char}2345678") == f"138*{char}***5678"


@pytest.mark.parametrize("char", SEEN, ids=[f"U+{ord(char):04X}" for char in SEEN])
def test_what_is_seen_stays(char: str) -> None:
    assert not is_unseen(char)
    assert clean(f"a{char}b").replace(" ", "\u3000" if char == "\u3000" else " ") == f"a{char}b"
